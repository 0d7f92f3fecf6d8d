//! How long hyper waits for a head: less when the server is told to end.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::select;
use tokio::time::sleep_until;

use crate::state::State;

/// The clock of a connection; hyper asks it about nothing but heads.
#[derive(Debug)]
pub struct HeadTimer(pub State);

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let state = State::clone(&self.0);
        Box::pin(Wait(Box::pin(async move {
            select! {
                () = sleep_until(deadline.into()) => (),
                () = state.waits_no_longer() => (),
            }
        })))
    }
}

struct Wait(Pin<Box<dyn Future<Output = ()> + Send + Sync>>);

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(context)
    }
}

impl Sleep for Wait {}
