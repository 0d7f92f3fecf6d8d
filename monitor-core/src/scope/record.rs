//! What one thread allocates and consumes for its tree.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU64};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::current;
use super::pool::Pool;
use super::tree::Tree;
use crate::sys::threads::Newborn;
use crate::sys::{self, AtomicRef, Edge, ThreadId, Usage};

/// How far the counts of a tree's threads may run ahead of the tree's: one thread's share of it, the smaller the more
/// threads there are.
const BATCH_BYTES: i64 = 64 * 1024;
/// No share is smaller: with thousands of threads, handing over each little change would cost too much.
const LEAST_BATCH_BYTES: i64 = 1024;

/// The number of a thread that has been asked for and has not run yet.
const NOT_YET: ThreadId = 0;
/// The number of a thread that could not be made.
const NEVER_BEGAN: ThreadId = -1;

/// The counters of one thread of a tree. Only the thread itself writes them, with plain relaxed stores,
/// which cost what an ordinary variable costs; any thread may read.
///
/// Records live as long as the program and are used again: a thread that outlives its test still finds its own.
#[derive(Debug)]
pub(crate) struct ThreadRecord {
    tree: AtomicRef<Tree>,
    /// The next record of the same tree.
    pub(super) next: AtomicRef<ThreadRecord>,
    allocated_bytes: AtomicU64,
    allocations: AtomicU64,
    /// Bytes this thread took less those it gave back since its last flush.
    pending_bytes: AtomicI64,
    /// The highest `pending_bytes` since the last flush.
    highest_bytes: AtomicI64,
    /// `pending_bytes` at which to flush.
    batch_bytes: AtomicI64,
    thread: AtomicI32,
    /// Whether the thread was born inside, so that its end is told.
    born: AtomicBool,
    ended: AtomicBool,
    /// Whether the end of a test has waited for the thread in vain.
    outlives: AtomicBool,
    /// Wall time that was set aside on the thread, ns.
    aside_ns: AtomicU64,
    at_end: Mutex<Usage>,
}

/// What a thread has allocated so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Allocated {
    pub bytes: u64,
    pub calls: u64,
}

static POOL: Pool<ThreadRecord> = Pool::new();

impl ThreadRecord {
    /// A fresh record for a thread of `tree`. Allocates outside of every scope.
    pub(super) fn new(tree: &'static Tree) -> &'static Self {
        let record = POOL.take(|| Self {
            tree: AtomicRef::empty(),
            next: AtomicRef::empty(),
            allocated_bytes: AtomicU64::new(0),
            allocations: AtomicU64::new(0),
            pending_bytes: AtomicI64::new(0),
            highest_bytes: AtomicI64::new(0),
            batch_bytes: AtomicI64::new(i64::MAX),
            thread: AtomicI32::new(NOT_YET),
            born: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            outlives: AtomicBool::new(false),
            aside_ns: AtomicU64::new(0),
            at_end: Mutex::new(Usage::default()),
        });
        record.tree.set(Some(tree));
        record
    }

    /// Gives the record back; nobody may count on it any more.
    pub(super) fn recycle(&'static self) {
        self.tree.set(None);
        self.next.set(None);
        self.allocated_bytes.store(0, Relaxed);
        self.allocations.store(0, Relaxed);
        self.pending_bytes.store(0, Relaxed);
        self.highest_bytes.store(0, Relaxed);
        self.batch_bytes.store(i64::MAX, Relaxed);
        self.thread.store(NOT_YET, Relaxed);
        self.born.store(false, Relaxed);
        self.ended.store(false, Relaxed);
        self.outlives.store(false, Relaxed);
        self.aside_ns.store(0, Relaxed);
        POOL.give(self);
    }

    /// Counts an allocation (or the growth of one) of this thread.
    #[inline]
    pub(crate) fn count_allocation(&self, bytes: usize) {
        self.allocated_bytes.store(self.allocated_bytes.load(Relaxed).wrapping_add(bytes as u64), Relaxed);
        self.allocations.store(self.allocations.load(Relaxed).wrapping_add(1), Relaxed);
        let pending = self.pending_bytes.load(Relaxed).wrapping_add(bytes as i64);
        self.pending_bytes.store(pending, Relaxed);
        if pending > self.highest_bytes.load(Relaxed) {
            self.highest_bytes.store(pending, Relaxed);
            if pending >= self.batch_bytes.load(Relaxed) {
                self.flush();
            }
        }
    }

    /// Counts bytes given back by this thread.
    #[inline]
    pub(crate) fn count_freed(&self, bytes: usize) {
        let pending = self.pending_bytes.load(Relaxed).wrapping_sub(bytes as i64);
        self.pending_bytes.store(pending, Relaxed);
        if pending <= self.batch_bytes.load(Relaxed).wrapping_neg() {
            self.flush();
        }
    }

    /// Hands the held bytes over to the tree.
    #[cold]
    pub(super) fn flush(&self) {
        let pending = self.pending_bytes.load(Relaxed);
        let highest = self.highest_bytes.load(Relaxed);
        self.pending_bytes.store(0, Relaxed);
        self.highest_bytes.store(0, Relaxed);
        if let Some(tree) = self.tree.get() {
            tree.take_over(pending, highest);
        }
    }

    /// Adds what a nested tree did that was opened on this thread: `held_bytes` it still held when it ended,
    /// `peak_bytes` the most it held.
    pub(super) fn take_nested(&self, allocated: Allocated, held_bytes: i64, peak_bytes: i64) {
        self.allocated_bytes.fetch_add(allocated.bytes, Relaxed);
        self.allocations.fetch_add(allocated.calls, Relaxed);
        let before = self.pending_bytes.fetch_add(held_bytes, Relaxed);
        self.highest_bytes.fetch_max(before.saturating_add(peak_bytes), Relaxed);
        if self.batch_bytes.load(Relaxed) != i64::MAX {
            self.flush();
        }
    }

    /// From now on this is one of `threads` that count for the tree.
    pub(super) fn count_in_batches(&self, threads: i64) {
        let batch = (BATCH_BYTES / threads.max(1)).max(LEAST_BATCH_BYTES);
        if self.batch_bytes.swap(batch, Relaxed) != batch {
            self.flush();
        }
    }

    /// Whether anything was counted: it never is if another global allocator is installed.
    pub(crate) fn has_allocated(&self) -> bool {
        self.allocated() != Allocated::default()
    }

    pub(super) fn allocated(&self) -> Allocated {
        Allocated { bytes: self.allocated_bytes.load(Relaxed), calls: self.allocations.load(Relaxed) }
    }

    pub(super) fn pending_bytes(&self) -> i64 {
        self.pending_bytes.load(Relaxed)
    }

    pub(crate) fn tree(&self) -> Option<&'static Tree> {
        self.tree.get()
    }

    pub(super) fn move_to(&self, tree: &'static Tree) {
        self.outlives.store(false, Relaxed);
        self.tree.set(Some(tree));
    }

    /// The thread will be born inside.
    pub(super) fn is_to_be_born(&self) {
        self.born.store(true, Relaxed);
    }

    /// The end of a test has waited for the thread, which goes on: it is not waited for again.
    pub(super) fn outlives(&self) {
        self.outlives.store(true, Relaxed);
    }

    /// Whether the end of a test is to wait for the thread.
    pub(super) fn is_awaited(&self) -> bool {
        !self.outlives.load(Relaxed) || self.has_ended()
    }

    /// Ties the record to the calling thread, which does not count yet.
    pub(crate) fn is_this_threads(&self) {
        self.thread.store(sys::thread_id(), Release);
    }

    /// Threads behind this record: 1, or 0 if it could not be made.
    pub(super) fn threads(&self) -> u64 {
        u64::from(self.thread() != NEVER_BEGAN)
    }

    fn leave(&self) {
        self.ended.store(true, Release);
        if let Some(tree) = self.tree.get() {
            tree.has_lost_one();
        }
    }

    /// Takes note of what the thread did in the test's time that is not the test's.
    pub(crate) fn set_aside(&self, wall: Duration, usage: &Usage) {
        self.aside_ns.fetch_add(u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX), Relaxed);
        if let Some(tree) = self.tree.get().filter(|_| usage.cpu_ns.is_some()) {
            tree.set_aside(*usage);
        }
    }

    /// Wall time set aside so far.
    pub(crate) fn aside(&self) -> Duration {
        Duration::from_nanos(self.aside_ns.load(Relaxed))
    }

    pub(super) fn thread(&self) -> ThreadId {
        self.thread.load(Acquire)
    }

    /// Whether the thread has done its last act.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Acquire)
    }

    /// Whether the thread is gone altogether, so that nothing more can be counted here.
    pub(crate) fn is_gone(&self) -> bool {
        match self.thread() {
            NOT_YET => false,
            NEVER_BEGAN => true,
            // The kernel is asked only about threads that said good-bye: beside thousands that live it would be too much.
            _ if self.born.load(Relaxed) && !self.has_ended() => false,
            thread => sys::thread_cpu_ns(thread).is_none(),
        }
    }

    /// CPU time so far, ns, however far the thread is.
    pub(crate) fn cpu_ns(&self) -> Option<u64> {
        if !self.has_ended() {
            if self.thread() == NOT_YET {
                return Some(0);
            }
            if let Some(cpu_ns) = sys::thread_cpu_ns(self.thread()) {
                return Some(cpu_ns);
            }
        }
        self.has_ended().then(|| self.usage_at_end().cpu_ns).flatten()
    }

    /// Everything consumed so far, however far the thread is.
    pub(crate) fn usage(&self) -> Usage {
        if self.has_ended() {
            return self.usage_at_end();
        }
        match self.thread() {
            NOT_YET => Usage::ZERO,
            thread => {
                let usage = sys::thread_usage_of(thread);
                if usage.cpu_ns.is_none() && self.has_ended() { self.usage_at_end() } else { usage }
            }
        }
    }

    fn usage_at_end(&self) -> Usage {
        *self.at_end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Newborn for ThreadRecord {
    fn bear() -> Option<&'static Self> {
        let creator = current::current()?;
        Some(creator.tree()?.bear(creator))
    }

    fn begin(&'static self) {
        self.is_this_threads();
        current::set_current(Some(self));
    }

    /// Nearly the thread's last act.
    fn end(&'static self) {
        self.flush();
        let usage = sys::thread_usage(Edge::End);
        *self.at_end.lock().unwrap_or_else(PoisonError::into_inner) = usage;
        self.leave();
    }

    fn never_began(&'static self) {
        *self.at_end.lock().unwrap_or_else(PoisonError::into_inner) = Usage::ZERO;
        self.thread.store(NEVER_BEGAN, Release);
        self.leave();
    }
}
