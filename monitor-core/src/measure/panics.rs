//! Keeps what a panic needs for itself out of the figures of the test it happens in.

use std::any::Any;
use std::time::Instant;
use std::{panic, thread};

use crate::scope::current;
use crate::sys::{self, Edge};

/// From now on the panic hook counts for nobody: the message goes to the harness's buffer of captured output, and with
/// `RUST_BACKTRACE=1` symbols are looked up for 80 ms and stay in memory, megabytes of them, for the next backtrace.
///
/// A hook that a test sets takes the place of this one, and counts.
pub(crate) fn leave_hook_uncounted() {
    if thread::panicking() {
        return;
    }
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let test = current::current();
        let _paused = current::pause();
        let (clock, usage) = (Instant::now(), sys::thread_usage(Edge::Begin));
        before(info);
        if let Some(record) = test {
            record.set_aside(clock.elapsed(), &sys::thread_usage(Edge::End).since(&usage));
        }
    }));
}

/// The same payload. A message, which the harness will own, moves out of what is counted.
pub(crate) fn uncounted(payload: Box<dyn Any + Send>) -> Box<dyn Any + Send> {
    let copy: Box<dyn Any + Send> = {
        let _paused = current::pause();
        if let Some(message) = payload.downcast_ref::<String>() {
            Box::new(message.clone())
        } else if let Some(message) = payload.downcast_ref::<&'static str>() {
            Box::new(*message)
        } else {
            return payload;
        }
    };
    drop(payload);
    copy
}
