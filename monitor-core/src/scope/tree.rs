//! A test's threads: its own and every one born inside, however deep.

use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::pool::Pool;
use super::record::ThreadRecord;
use super::totals::Totals;
use crate::sys::{self, AtomicRef, Edge, Usage};
use crate::test::OpenTest;

/// How long the end of a test waits for its threads that are about to end: `thread::scope` and pools return
/// when the work is done, a moment before the threads are gone.
const PATIENCE: Duration = Duration::from_millis(20);
/// The same for threads that have done their last act and only have to be torn down, and for those that would go on but
/// have to wait for a processor.
const MOST_PATIENCE: Duration = Duration::from_secs(1);

/// The threads of a scope. Lives as long as the program and is used again.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The last thread that joined; each knows the one before.
    newest: AtomicRef<ThreadRecord>,
    /// Bytes held, without what threads have not flushed.
    held_bytes: AtomicI64,
    peak_bytes: AtomicI64,
    /// Threads born inside that have not ended.
    born: AtomicI64,
    /// Threads that are gone, and nested trees that ended.
    folded: Mutex<Totals>,
    test: Mutex<Option<Arc<OpenTest>>>,
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

static POOL: Pool<Tree> = Pool::new();

impl Tree {
    /// A tree without threads.
    pub(crate) fn new() -> &'static Self {
        POOL.take(|| Self {
            newest: AtomicRef::empty(),
            held_bytes: AtomicI64::new(0),
            peak_bytes: AtomicI64::new(0),
            born: AtomicI64::new(0),
            folded: Mutex::new(Totals::ZERO),
            test: Mutex::new(None),
        })
    }

    /// A record for one more thread, which does not count yet.
    pub(crate) fn join(&'static self) -> &'static ThreadRecord {
        let record = ThreadRecord::new(self);
        self.push(record, record);
        record
    }

    /// A record for the thread that the current one is about to make.
    pub(crate) fn bear(&'static self, creator: &ThreadRecord) -> &'static ThreadRecord {
        let threads = self.born.fetch_add(1, Relaxed) + 2;
        creator.count_in_batches(threads);
        let record = ThreadRecord::new(self);
        record.is_to_be_born();
        record.count_in_batches(threads);
        self.push(record, record);
        record
    }

    /// A thread that was born here has ended.
    pub(super) fn has_lost_one(&self) {
        self.born.fetch_sub(1, Relaxed);
    }

    /// Puts a chain of records on the list.
    fn push(&self, first: &'static ThreadRecord, last: &'static ThreadRecord) {
        loop {
            let newest = self.newest.get();
            last.next.set(newest);
            if self.newest.replace_if(newest, Some(first)) {
                return;
            }
        }
    }

    /// The threads that have joined and are not folded.
    pub(crate) fn threads(&self) -> impl Iterator<Item = &'static ThreadRecord> {
        std::iter::successors(self.newest.get(), |record| record.next.get())
    }

    /// Threads born inside that have not ended.
    pub(crate) fn living(&self) -> usize {
        usize::try_from(self.born.load(Relaxed)).unwrap_or(0)
    }

    /// Threads of this tree other than `own` that still live, and that no test has waited for yet.
    fn awaited(&self, own: &ThreadRecord) -> Vec<&'static ThreadRecord> {
        let others = self.threads().filter(|record| !std::ptr::eq(*record, own));
        others.filter(|record| record.is_awaited() && !record.is_gone()).collect()
    }

    /// The test whose scope this is.
    pub(crate) fn test(&self) -> Option<Arc<OpenTest>> {
        self.test.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_test(&self, test: Option<Arc<OpenTest>>) {
        *self.test.lock().unwrap_or_else(PoisonError::into_inner) = test;
    }

    /// Takes over what a thread held since its last flush, and the most it held meanwhile.
    pub(super) fn take_over(&self, pending_bytes: i64, highest_bytes: i64) {
        let before = self.held_bytes.fetch_add(pending_bytes, AcqRel);
        self.peak_bytes.fetch_max(before.saturating_add(highest_bytes), AcqRel);
    }

    fn held_bytes(&self) -> i64 {
        self.threads().fold(self.held_bytes.load(Acquire), |sum, record| sum.wrapping_add(record.pending_bytes()))
    }

    /// Begins to look for a new peak.
    pub(crate) fn mark_heap(&self, own: &ThreadRecord) -> HeapMark {
        own.flush();
        let held_bytes = self.held_bytes();
        let peak_before_bytes = self.peak_bytes.swap(held_bytes, AcqRel);
        HeapMark { held_bytes, peak_before_bytes }
    }

    /// What happened since `mark`.
    pub(crate) fn heap_since(&self, own: &ThreadRecord, mark: &HeapMark) -> HeapUse {
        own.flush();
        let held = self.held_bytes();
        let peak = self.peak_bytes.load(Acquire).max(held);
        self.peak_bytes.fetch_max(mark.peak_before_bytes, AcqRel);
        HeapUse {
            peak_bytes: u64::try_from(peak.saturating_sub(mark.held_bytes)).unwrap_or(0),
            kept_bytes: held.saturating_sub(mark.held_bytes),
        }
    }

    /// What all threads have allocated and, if the calling thread's usage is given, consumed.
    pub(crate) fn totals(&self, own: &ThreadRecord, own_usage: Option<&Usage>) -> Totals {
        self.threads().fold(self.folded(), |sum, record| {
            let usage = match own_usage {
                Some(own_usage) if std::ptr::eq(record, own) => *own_usage,
                Some(_) => record.usage(),
                None => Usage::default(),
            };
            sum.plus(&Totals { usage, aside: Usage::ZERO, allocated: record.allocated(), threads: record.threads() })
        })
    }

    /// Waits a moment for the threads that are about to end: once for each. Whether none outlives the test.
    pub(crate) fn await_threads(&self, own: &ThreadRecord) -> bool {
        let start = Instant::now();
        let before: Vec<_> = self.awaited(own).into_iter().map(|record| (record, record.cpu_ns())).collect();
        let is_held_up = |record: &ThreadRecord| {
            let before = before.iter().find(|(known, _)| std::ptr::eq(*known, record)).and_then(|(_, cpu_ns)| *cpu_ns);
            let since = record.cpu_ns().unwrap_or(0).saturating_sub(before.unwrap_or(0));
            Duration::from_nanos(since) < PATIENCE && sys::is_runnable(record.thread())
        };
        let mut pause = Duration::from_micros(20);
        loop {
            let awaited = self.awaited(own);
            let waited = start.elapsed();
            let is_ending = |record: &&ThreadRecord| record.has_ended() || is_held_up(record);
            if awaited.is_empty() {
                return true;
            }
            if waited > MOST_PATIENCE || (waited > PATIENCE && !awaited.iter().all(is_ending)) {
                awaited.iter().for_each(|record| record.outlives());
                return false;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(1));
        }
    }

    /// Ends a tree that was opened on a thread of another: what it did belongs to `outer` and its tree as well.
    ///
    /// `own` is the record of the thread on which both were opened; its CPU time is `outer`'s anyway.
    pub(crate) fn fold_into(&'static self, own: &'static ThreadRecord, outer: &'static ThreadRecord) {
        own.flush();
        let held_bytes = self.held_bytes.load(Acquire);
        outer.take_nested(own.allocated(), held_bytes, self.peak_bytes.load(Acquire).max(held_bytes));
        let Some(around) = outer.tree() else { return };
        around.fold(&self.folded());
        around.born.fetch_add(self.born.load(Relaxed), Relaxed);
        for record in self.dismantle() {
            if std::ptr::eq(record, own) {
                record.recycle();
            } else {
                record.move_to(around);
                around.push(record, record);
            }
        }
        self.recycle();
    }

    /// Ends the tree of a test. The threads that outlive it keep their records and are returned; so does `own`
    /// if its thread still counts on it (`own_in_use`).
    pub(crate) fn close(&'static self, own: &'static ThreadRecord, own_in_use: bool) -> Vec<&'static ThreadRecord> {
        let mut outliving = Vec::new();
        for record in self.dismantle() {
            let is_own = std::ptr::eq(record, own);
            if (is_own && !own_in_use) || (!is_own && record.is_gone()) {
                record.recycle();
            } else {
                outliving.push(record);
            }
        }
        if outliving.is_empty() {
            self.recycle();
        }
        outliving
    }

    /// Lets go of `own` and of the threads that are gone, and goes on with the others: for the one tree of a
    /// process that runs its tests one after another.
    pub(crate) fn sweep(&'static self, own: &'static ThreadRecord) {
        own.flush();
        let mut kept: Option<(&ThreadRecord, &ThreadRecord)> = None;
        for record in self.dismantle() {
            let is_own = std::ptr::eq(record, own);
            if is_own || record.is_gone() {
                record.flush();
                let usage = if is_own { sys::thread_usage(Edge::End) } else { record.usage() };
                self.fold(&Totals {
                    usage,
                    aside: Usage::ZERO,
                    allocated: record.allocated(),
                    threads: record.threads(),
                });
                record.recycle();
            } else {
                if let Some((_, last)) = kept {
                    last.next.set(Some(record));
                }
                kept = Some((kept.map_or(record, |(first, _)| first), record));
            }
        }
        if let Some((first, last)) = kept {
            self.push(first, last);
        }
    }

    /// Takes note of what a thread consumed that is not the test's.
    pub(super) fn set_aside(&self, usage: Usage) {
        self.fold(&Totals { aside: usage, ..Totals::ZERO });
    }

    fn folded(&self) -> Totals {
        *self.folded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fold(&self, more: &Totals) {
        let mut folded = self.folded.lock().unwrap_or_else(PoisonError::into_inner);
        *folded = folded.plus(more);
    }

    /// Takes all threads off the list.
    fn dismantle(&self) -> Vec<&'static ThreadRecord> {
        std::iter::successors(self.newest.take(), |record| record.next.get()).collect()
    }

    fn recycle(&'static self) {
        self.held_bytes.store(0, Relaxed);
        self.peak_bytes.store(0, Relaxed);
        self.born.store(0, Relaxed);
        *self.folded.lock().unwrap_or_else(PoisonError::into_inner) = Totals::ZERO;
        self.set_test(None);
        POOL.give(self);
    }
}
