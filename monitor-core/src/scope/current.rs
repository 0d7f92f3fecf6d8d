//! The record that counts for the calling thread.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use super::tree::ThreadRecord;
use crate::sys::thread_slot;

thread_local! {
    // Const-initialised and without a destructor: readable by the allocator at any time of a thread's life.
    static CURRENT: Cell<Option<&'static ThreadRecord>> = const { Cell::new(None) };
}

thread_slot! {
    /// The same, or `None` where allocations do not count: one place for the allocator to look at.
    static COUNTING: ThreadRecord
}

/// Set where instructions are counted: those of an allocation are to be the allocator's own.
static COUNTS_NOTHING: AtomicBool = AtomicBool::new(false);

/// The calling thread's record; `None` outside every scope.
#[inline]
pub(crate) fn current() -> Option<&'static ThreadRecord> {
    CURRENT.try_with(Cell::get).unwrap_or(None)
}

/// For whom the calling thread's allocations count, if for anybody.
#[inline(always)]
pub(crate) fn counting() -> Option<&'static ThreadRecord> {
    COUNTING.get()
}

/// Counts no allocation any more: on this thread, and on all that begin or end a scope from now on.
pub(crate) fn count_nothing() {
    COUNTS_NOTHING.store(true, Ordering::Relaxed);
    set_current(current());
}

/// Sets the calling thread's record and returns the one before.
#[inline]
pub(crate) fn set_current(record: Option<&'static ThreadRecord>) -> Option<&'static ThreadRecord> {
    let counting = if COUNTS_NOTHING.load(Ordering::Relaxed) { None } else { record };
    COUNTING.set(counting);
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
