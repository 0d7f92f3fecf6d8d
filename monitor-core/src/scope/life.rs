//! How far a thread is, and what it has consumed.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, PoisonError};

use crate::sys::{self, ThreadId, Usage};

/// The life of one thread, from before its birth until nobody asks for it any more.
#[derive(Debug)]
pub(super) struct ThreadLife {
    /// The thread's number; 0 while it has not run, and where the platform has none.
    number: AtomicU64,
    /// The thread could not be made.
    never_began: AtomicBool,
    /// Whether the thread was born inside a scope, so that its end is told.
    born_inside: AtomicBool,
    ended: AtomicBool,
    /// Whether the end of a test has waited for the thread in vain.
    outlives: AtomicBool,
    at_end: Mutex<Usage>,
}

impl ThreadLife {
    pub(super) fn new() -> Self {
        Self {
            number: AtomicU64::new(0),
            never_began: AtomicBool::new(false),
            born_inside: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            outlives: AtomicBool::new(false),
            at_end: Mutex::new(Usage::default()),
        }
    }

    pub(super) fn clear(&self) {
        self.number.store(0, Relaxed);
        self.never_began.store(false, Relaxed);
        self.born_inside.store(false, Relaxed);
        self.ended.store(false, Relaxed);
        self.outlives.store(false, Relaxed);
    }

    /// The thread will be born inside a scope.
    pub(super) fn expect_birth(&self) {
        self.born_inside.store(true, Relaxed);
    }

    /// It is the calling thread's.
    pub(super) fn is_this_threads(&self) {
        self.number.store(sys::thread_id().map_or(0, ThreadId::number), Release);
    }

    /// The thread has done its last act and has consumed `usage`.
    pub(super) fn end(&self, usage: Usage) {
        *self.at_end.lock().unwrap_or_else(PoisonError::into_inner) = usage;
        self.ended.store(true, Release);
    }

    /// The thread could not be made.
    pub(super) fn never_began(&self) {
        self.never_began.store(true, Release);
        self.end(Usage::ZERO);
    }

    /// The end of a test has waited for the thread, which goes on: it is not waited for again.
    pub(super) fn set_outlives(&self, outlives: bool) {
        self.outlives.store(outlives, Relaxed);
    }

    /// Whether the end of a test is to wait for the thread.
    pub(super) fn is_awaited(&self) -> bool {
        !self.outlives.load(Relaxed) || self.has_ended()
    }

    /// Threads behind this: 1, or 0 if it could not be made.
    pub(super) fn threads(&self) -> u64 {
        u64::from(!self.never_began.load(Acquire))
    }

    fn thread(&self) -> Option<ThreadId> {
        ThreadId::of(self.number.load(Acquire))
    }

    /// Whether the thread has done its last act.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Acquire)
    }

    /// Whether the thread runs, or would if a processor were free.
    pub(super) fn is_runnable(&self) -> bool {
        self.thread().is_some_and(sys::is_runnable)
    }

    /// Whether the thread is gone altogether, so that nothing more can be counted for it.
    pub(super) fn is_gone(&self) -> bool {
        if self.never_began.load(Acquire) {
            return true;
        }
        match self.thread() {
            None => false,
            // The kernel is asked only about threads that said good-bye: beside thousands that live it would be too much.
            Some(_) if self.born_inside.load(Relaxed) && !self.has_ended() => false,
            Some(thread) => sys::thread_cpu_ns(thread).is_none(),
        }
    }

    /// CPU time so far, ns, however far the thread is.
    pub(super) fn cpu_ns(&self) -> Option<u64> {
        if !self.has_ended() {
            let Some(thread) = self.thread() else { return Some(0) };
            if let Some(cpu_ns) = sys::thread_cpu_ns(thread) {
                return Some(cpu_ns);
            }
        }
        self.has_ended().then(|| self.usage_at_end().cpu_ns).flatten()
    }

    /// Everything consumed so far, however far the thread is.
    pub(super) fn usage(&self) -> Usage {
        if self.has_ended() {
            return self.usage_at_end();
        }
        let Some(thread) = self.thread() else { return Usage::ZERO };
        let usage = sys::thread_usage_of(thread);
        if usage.cpu_ns.is_none() && self.has_ended() { self.usage_at_end() } else { usage }
    }

    fn usage_at_end(&self) -> Usage {
        *self.at_end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
