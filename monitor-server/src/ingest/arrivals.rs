//! Sessions that are being sent: what is not urgent waits until none is.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep;

/// Without a session for so long, it is quiet: between two that a client sends one after the other it takes less.
const QUIET: Duration = Duration::from_millis(200);
/// What waits for quiet waits no longer than this, or sessions that come all day would keep it from being done.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many sessions are being sent.
#[derive(Debug, Default)]
pub struct Arrivals(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    now: usize,
    last: Option<Instant>,
}

/// A session that is being sent, until this is dropped.
#[derive(Debug)]
pub struct Arrival<'a>(&'a Arrivals);

impl Arrivals {
    /// One begins.
    pub fn begin(&self) -> Arrival<'_> {
        self.lock().now += 1;
        Arrival(self)
    }

    /// Returns when none has been sent for a moment, or after some seconds.
    pub async fn quiet(&self) {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until && !self.is_quiet() {
            sleep(QUIET / 4).await;
        }
    }

    fn is_quiet(&self) -> bool {
        let state = self.lock();
        state.now == 0 && state.last.is_none_or(|last| last.elapsed() >= QUIET)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.now -= 1;
        state.last = Some(Instant::now());
    }
}
