//! Keeps what a panic needs for itself out of the figures of the test it happens in.

use std::any::Any;
use std::{panic, thread};

use crate::scope::current;

/// From now on the panic hook counts for nobody: the message goes to the harness's buffer of captured output, and a
/// backtrace keeps megabytes of symbols in memory for the next one.
///
/// A hook that a test sets takes the place of this one, and counts.
pub(crate) fn leave_hook_uncounted() {
    if thread::panicking() {
        return;
    }
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let _paused = current::pause();
        before(info);
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
