//! The record that counts for the calling thread.

use std::cell::Cell;

use super::tree::ThreadRecord;

thread_local! {
    // Const-initialised and without a destructor: readable by the allocator at any time of a thread's life.
    static CURRENT: Cell<Option<&'static ThreadRecord>> = const { Cell::new(None) };
}

/// The calling thread's record; `None` outside every scope.
#[inline]
pub(crate) fn current() -> Option<&'static ThreadRecord> {
    CURRENT.try_with(Cell::get).unwrap_or(None)
}

/// Sets the calling thread's record and returns the one before.
#[inline]
pub(crate) fn set_current(record: Option<&'static ThreadRecord>) -> Option<&'static ThreadRecord> {
    CURRENT.try_with(|current| current.replace(record)).unwrap_or(None)
}

/// Counts nothing on this thread while it lives: for our own work inside somebody's scope.
#[derive(Debug)]
#[must_use]
pub(crate) struct Paused(Option<&'static ThreadRecord>);

/// Stops counting on this thread until the result is dropped.
pub(crate) fn pause() -> Paused {
    Paused(set_current(None))
}

impl Drop for Paused {
    fn drop(&mut self) {
        set_current(self.0);
    }
}
