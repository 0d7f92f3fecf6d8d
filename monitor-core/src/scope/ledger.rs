//! Counts of heap memory: a thread's own, and those of the tree that it hands them over to.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicI64, AtomicU64};

/// How far the counts of a tree's threads may run ahead of the tree's: one thread's share of it, the smaller the more
/// threads there are.
const BATCH_BYTES: i64 = 64 * 1024;
/// No share is smaller: with thousands of threads, handing over each little change would cost too much.
const LEAST_BATCH_BYTES: i64 = 1024;
/// The share of a thread that counts alone.
const UNLIMITED: i64 = i64::MAX;

/// What one thread allocates. Only the thread itself writes, with plain stores, which cost what an ordinary variable costs;
/// any thread may read.
///
/// What the tree has not been told yet, the *pending* bytes, is the difference of two counts: so an allocation writes two
/// variables and a release one. A release does not even read what allocations write: to wait for it takes longer than all the
/// rest. It compares with a bound that allocations can only move away.
#[derive(Debug)]
pub(super) struct ThreadLedger {
    allocated_bytes: AtomicU64,
    allocations: AtomicU64,
    /// Of `allocated_bytes`, those that this thread gave back or has handed over.
    settled_bytes: AtomicU64,
    /// The most that was pending since it last handed over.
    highest_bytes: AtomicI64,
    /// How many may be pending, taken or given back, before it is time to hand over.
    batch_bytes: AtomicI64,
    /// As long as no more are settled, no batch can have been given back.
    settled_bound_bytes: AtomicU64,
}

/// What a thread has allocated so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Allocated {
    pub bytes: u64,
    pub calls: u64,
}

/// More than was ever pending.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Height {
    pending_bytes: i64,
}

/// What a thread held when it handed over, and the most it held meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) struct HandedOver {
    held_bytes: i64,
    highest_bytes: i64,
}

impl ThreadLedger {
    pub(super) const fn new() -> Self {
        Self {
            allocated_bytes: AtomicU64::new(0),
            allocations: AtomicU64::new(0),
            settled_bytes: AtomicU64::new(0),
            highest_bytes: AtomicI64::new(0),
            batch_bytes: AtomicI64::new(UNLIMITED),
            settled_bound_bytes: AtomicU64::new(u64::MAX),
        }
    }

    pub(super) fn clear(&self) {
        self.allocated_bytes.store(0, Relaxed);
        self.allocations.store(0, Relaxed);
        self.settled_bytes.store(0, Release);
        self.highest_bytes.store(0, Relaxed);
        self.batch_bytes.store(UNLIMITED, Relaxed);
        self.settled_bound_bytes.store(u64::MAX, Relaxed);
    }

    /// Counts an allocation (or the growth of one). What is pending then, if it is more than ever.
    #[inline(always)]
    pub(super) fn count_allocation(&self, bytes: usize) -> Option<Height> {
        let allocated = self.allocated_bytes.load(Relaxed).wrapping_add(bytes as u64);
        self.allocated_bytes.store(allocated, Relaxed);
        self.allocations.store(self.allocations.load(Relaxed).wrapping_add(1), Relaxed);
        let pending = difference(allocated, self.settled_bytes.load(Relaxed));
        (pending > self.highest_bytes.load(Relaxed)).then_some(Height { pending_bytes: pending })
    }

    /// More is pending than ever. Whether it is time to hand over.
    pub(super) fn raise(&self, Height { pending_bytes }: Height) -> bool {
        self.highest_bytes.store(pending_bytes, Relaxed);
        pending_bytes >= self.batch_bytes.load(Relaxed)
    }

    /// Counts bytes given back. Whether to look if it is time to hand over.
    #[inline(always)]
    pub(super) fn count_freed(&self, bytes: usize) -> bool {
        let settled = self.settled_bytes.load(Relaxed).wrapping_add(bytes as u64);
        self.settled_bytes.store(settled, Release);
        settled >= self.settled_bound_bytes.load(Relaxed)
    }

    /// Whether it is time to hand over what was given back.
    pub(super) fn is_due_after_freeing(&self) -> bool {
        self.bound_settled();
        -self.pending_bytes() >= self.batch_bytes.load(Relaxed)
    }

    /// More is only ever allocated, so a batch can't be given back before that much is settled.
    fn bound_settled(&self) {
        let batch = self.batch_bytes.load(Relaxed).unsigned_abs();
        self.settled_bound_bytes.store(self.allocated_bytes.load(Relaxed).saturating_add(batch), Relaxed);
    }

    /// What the tree has not been told yet.
    pub(super) fn hand_over(&self) -> HandedOver {
        let held_bytes = self.pending_bytes();
        let highest_bytes = self.highest_bytes.load(Relaxed);
        self.settled_bytes.fetch_add(held_bytes as u64, Release);
        self.highest_bytes.store(0, Relaxed);
        HandedOver { held_bytes, highest_bytes }
    }

    /// Adds what a nested tree did that was opened on this thread. Whether it is time to hand over.
    pub(super) fn add_nested(&self, allocated: Allocated, heap: HeapUse) -> bool {
        let before = self.pending_bytes();
        // In this order: whoever reads in between finds less for a moment, which leaves no peak behind.
        self.settled_bytes.fetch_add(allocated.bytes.wrapping_sub(heap.kept_bytes as u64), Release);
        self.allocated_bytes.fetch_add(allocated.bytes, Relaxed);
        self.allocations.fetch_add(allocated.calls, Relaxed);
        let peak_bytes = i64::try_from(heap.peak_bytes).unwrap_or(i64::MAX);
        self.highest_bytes.fetch_max(before.saturating_add(peak_bytes), Relaxed);
        self.batch_bytes.load(Relaxed) != UNLIMITED
    }

    /// From now on the thread is one of `threads` that count for the tree. Whether it is time to hand over.
    pub(super) fn count_in_batches(&self, threads: i64) -> bool {
        let batch = (BATCH_BYTES / threads.max(1)).max(LEAST_BATCH_BYTES);
        let changed = self.batch_bytes.swap(batch, Relaxed) != batch;
        self.bound_settled();
        changed
    }

    pub(super) fn allocated(&self) -> Allocated {
        Allocated { bytes: self.allocated_bytes.load(Relaxed), calls: self.allocations.load(Relaxed) }
    }

    /// What the tree has not been told. Of another thread, which may count meanwhile: as it was at one moment.
    pub(super) fn pending_bytes(&self) -> i64 {
        // A thread that only ever gives back, between these few instructions, must not be waited for.
        const TRIES: usize = 100;
        let mut settled = self.settled_bytes.load(Acquire);
        for _ in 0..TRIES {
            let pending = difference(self.allocated_bytes.load(Acquire), settled);
            match self.settled_bytes.load(Acquire) {
                same if same == settled => return pending,
                changed => settled = changed,
            }
        }
        difference(self.allocated_bytes.load(Acquire), settled)
    }
}

/// Counts of bytes wrap, their differences do not.
#[inline(always)]
fn difference(bytes: u64, less: u64) -> i64 {
    bytes.wrapping_sub(less) as i64
}

/// What a tree's threads hold together, without what they have not handed over. Any of them writes.
#[derive(Debug)]
pub(super) struct TreeLedger {
    held_bytes: AtomicI64,
    peak_bytes: AtomicI64,
    /// Threads born inside that have not ended.
    living: AtomicI64,
}

/// Where the heap stood when a bracket began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeapMark {
    held_bytes: i64,
    peak_before_bytes: i64,
}

/// What a bracket did to the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeapUse {
    /// Most held at once above the start.
    pub peak_bytes: u64,
    /// Held at the end above the start; negative if memory from before was given back.
    pub kept_bytes: i64,
}

impl TreeLedger {
    pub(super) const fn new() -> Self {
        Self { held_bytes: AtomicI64::new(0), peak_bytes: AtomicI64::new(0), living: AtomicI64::new(0) }
    }

    pub(super) fn clear(&self) {
        self.held_bytes.store(0, Relaxed);
        self.peak_bytes.store(0, Relaxed);
        self.living.store(0, Relaxed);
    }

    pub(super) fn take_over(&self, thread: HandedOver) {
        let before = self.held_bytes.fetch_add(thread.held_bytes, AcqRel);
        self.peak_bytes.fetch_max(before.saturating_add(thread.highest_bytes), AcqRel);
    }

    /// Begins to look for a new peak. `pending_bytes` is what threads have not handed over.
    pub(super) fn mark(&self, pending_bytes: i64) -> HeapMark {
        let held_bytes = self.held_bytes.load(Acquire).wrapping_add(pending_bytes);
        let peak_before_bytes = self.peak_bytes.swap(held_bytes, AcqRel);
        HeapMark { held_bytes, peak_before_bytes }
    }

    /// What happened since `mark`.
    pub(super) fn since(&self, mark: &HeapMark, pending_bytes: i64) -> HeapUse {
        let held = self.held_bytes.load(Acquire).wrapping_add(pending_bytes);
        let peak = self.peak_bytes.load(Acquire).max(held);
        self.peak_bytes.fetch_max(mark.peak_before_bytes, AcqRel);
        HeapUse {
            peak_bytes: u64::try_from(peak.saturating_sub(mark.held_bytes)).unwrap_or(0),
            kept_bytes: held.saturating_sub(mark.held_bytes),
        }
    }

    /// What happened since the tree was made.
    pub(super) fn whole(&self) -> HeapUse {
        let kept_bytes = self.held_bytes.load(Acquire);
        let peak_bytes = self.peak_bytes.load(Acquire).max(kept_bytes);
        HeapUse { peak_bytes: u64::try_from(peak_bytes).unwrap_or(0), kept_bytes }
    }

    /// One more thread is born; how many live now.
    pub(super) fn add_thread(&self) -> i64 {
        self.living.fetch_add(1, Relaxed) + 1
    }

    /// The threads of a nested tree live on in this one.
    pub(super) fn add_threads_of(&self, nested: &Self) {
        self.living.fetch_add(nested.living.load(Relaxed), Relaxed);
    }

    pub(super) fn remove_thread(&self) {
        self.living.fetch_sub(1, Relaxed);
    }

    /// Threads born inside that have not ended.
    pub(super) fn living(&self) -> usize {
        usize::try_from(self.living.load(Relaxed)).unwrap_or(0)
    }
}
