//! Threads and the tree that they belong to: its first one and every one born inside, however deep.
//!
//! The two types are one structure, a list that leads from the tree to its records, and back from each record. It is linked
//! without locks: any thread may be born while another reads.

use std::any::Any;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::ledger::{HeapMark, HeapUse, Height, ThreadLedger, TreeLedger};
use super::life::ThreadLife;
use super::pool::Pool;
use super::totals::Totals;
use crate::sys::{AtomicRef, Usage};

/// One thread of a tree.
///
/// Records live as long as the program and are used again: a thread that outlives its test still finds its own.
#[derive(Debug)]
pub(crate) struct ThreadRecord {
    tree: AtomicRef<Tree>,
    /// The next record of the same tree.
    next: AtomicRef<ThreadRecord>,
    ledger: ThreadLedger,
    life: ThreadLife,
    /// Wall time that was set aside on the thread, ns.
    aside_ns: AtomicU64,
}

/// The threads of a scope. Lives as long as the program and is used again.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The last thread that joined; each knows the one before.
    newest: AtomicRef<ThreadRecord>,
    ledger: TreeLedger,
    /// Threads that are gone, and nested trees that ended.
    folded: Mutex<Totals>,
    /// Whatever opened the scope hangs here what threads of the tree are to find.
    owner: Mutex<Option<Owner>>,
}

/// What a scope was opened for; nothing is known of it here.
pub(crate) type Owner = Arc<dyn Any + Send + Sync>;

static TREES: Pool<Tree> = Pool::new();
static RECORDS: Pool<ThreadRecord> = Pool::new();

impl ThreadRecord {
    fn new() -> Self {
        Self {
            tree: AtomicRef::empty(),
            next: AtomicRef::empty(),
            ledger: ThreadLedger::new(),
            life: ThreadLife::new(),
            aside_ns: AtomicU64::new(0),
        }
    }

    /// Gives the record back; nobody may count on it any more.
    pub(super) fn recycle(&'static self) {
        self.tree.set(None);
        self.next.set(None);
        self.ledger.clear();
        self.life.clear();
        self.aside_ns.store(0, Relaxed);
        RECORDS.give(self);
    }

    pub(crate) fn tree(&self) -> Option<&'static Tree> {
        self.tree.get()
    }

    pub(super) fn life(&self) -> &ThreadLife {
        &self.life
    }

    /// Counts an allocation (or the growth of one) of this thread.
    #[inline(always)]
    pub(crate) fn count_allocation(&self, bytes: usize) {
        if let Some(height) = self.begin_allocation(bytes) {
            self.raise(height);
        }
    }

    /// As [`ThreadRecord::count_allocation`], but leaves it to the caller to [`ThreadRecord::raise`] what it returns.
    #[inline(always)]
    pub(crate) fn begin_allocation(&self, bytes: usize) -> Option<Height> {
        self.ledger.count_allocation(bytes)
    }

    /// More is pending than ever. Out of line, so that what follows an allocation of which this is not true lies right behind it.
    #[cold]
    #[inline(never)]
    pub(crate) fn raise(&self, height: Height) {
        if self.ledger.raise(height) {
            self.hand_over();
        }
    }

    /// Counts bytes given back by this thread.
    #[inline(always)]
    pub(crate) fn count_freed(&self, bytes: usize) {
        if self.begin_freed(bytes) {
            self.hand_over_if_due();
        }
    }

    /// As [`ThreadRecord::count_freed`], but leaves it to the caller to [`ThreadRecord::hand_over_if_due`] if it returns true.
    #[inline(always)]
    pub(crate) fn begin_freed(&self, bytes: usize) -> bool {
        self.ledger.count_freed(bytes)
    }

    /// Hands the held bytes over to the tree if enough were given back.
    #[cold]
    #[inline(never)]
    pub(crate) fn hand_over_if_due(&self) {
        if self.ledger.is_due_after_freeing() {
            self.hand_over();
        }
    }

    /// Hands the held bytes over to the tree.
    #[cold]
    pub(crate) fn hand_over(&self) {
        let handed_over = self.ledger.hand_over();
        if let Some(tree) = self.tree.get() {
            tree.ledger.take_over(handed_over);
        }
    }

    /// Adds what `nested` did, a tree that was opened on this thread as `own`.
    pub(super) fn add_nested(&self, own: &Self, nested: &Tree) {
        if self.ledger.add_nested(own.ledger.allocated(), nested.ledger.whole()) {
            self.hand_over();
        }
    }

    fn count_in_batches(&self, threads: i64) {
        if self.ledger.count_in_batches(threads) {
            self.hand_over();
        }
    }

    /// Whether anything was counted: it never is if another global allocator is installed.
    pub(crate) fn has_allocated(&self) -> bool {
        self.ledger.allocated().calls > 0
    }

    /// Ties the record to the calling thread, which does not count yet.
    pub(crate) fn is_this_threads(&self) {
        self.life.is_this_threads();
    }

    /// The thread ends, having consumed `usage`; `None` if it could not be made.
    pub(super) fn leave(&self, usage: Option<Usage>) {
        match usage {
            Some(usage) => {
                self.hand_over();
                self.life.end(usage);
            }
            None => self.life.never_began(),
        }
        if let Some(tree) = self.tree.get() {
            tree.ledger.remove_thread();
        }
    }

    /// Takes note of what the thread did in the scope's time that does not count.
    pub(crate) fn set_aside(&self, wall: Duration, usage: &Usage) {
        self.aside_ns.fetch_add(u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX), Relaxed);
        if let Some(tree) = self.tree.get().filter(|_| usage.cpu_ns.is_some()) {
            tree.fold(&Totals { aside: *usage, ..Totals::ZERO });
        }
    }

    /// Wall time set aside so far.
    pub(crate) fn aside(&self) -> Duration {
        Duration::from_nanos(self.aside_ns.load(Relaxed))
    }

    /// Whether the thread is gone altogether, so that nothing more can be counted here.
    pub(crate) fn is_gone(&self) -> bool {
        self.life.is_gone()
    }

    /// CPU time so far, ns, however far the thread is.
    pub(crate) fn cpu_ns(&self) -> Option<u64> {
        self.life.cpu_ns()
    }

    /// Everything consumed so far, however far the thread is.
    pub(crate) fn usage(&self) -> Usage {
        self.life.usage()
    }

    /// What the record counts itself, without what the thread consumed.
    pub(super) fn counted(&self) -> Totals {
        Totals {
            usage: Usage::default(),
            aside: Usage::ZERO,
            allocated: self.ledger.allocated(),
            threads: self.life.threads(),
        }
    }
}

impl Tree {
    /// A tree without threads. The calling thread must count for nobody.
    pub(crate) fn new() -> &'static Self {
        TREES.take(|| Self {
            newest: AtomicRef::empty(),
            ledger: TreeLedger::new(),
            folded: Mutex::new(Totals::ZERO),
            owner: Mutex::new(None),
        })
    }

    pub(super) fn recycle(&'static self) {
        self.ledger.clear();
        *self.folded.lock().unwrap_or_else(PoisonError::into_inner) = Totals::ZERO;
        self.set_owner(None);
        TREES.give(self);
    }

    /// What the scope was opened for.
    pub(crate) fn owner(&self) -> Option<Owner> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_owner(&self, owner: Option<Owner>) {
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = owner;
    }

    /// A record for one more thread, which does not count yet.
    pub(crate) fn join(&'static self) -> &'static ThreadRecord {
        let record = RECORDS.take(ThreadRecord::new);
        self.adopt(record);
        record
    }

    /// A record for the thread that `creator`'s is about to make.
    pub(super) fn join_born_on(&'static self, creator: &ThreadRecord) -> &'static ThreadRecord {
        let threads = self.ledger.add_thread() + 1;
        creator.count_in_batches(threads);
        let record = RECORDS.take(ThreadRecord::new);
        record.life.expect_birth();
        record.ledger.count_in_batches(threads);
        self.adopt(record);
        record
    }

    /// From now on the record is one of this tree's.
    pub(super) fn adopt(&'static self, record: &'static ThreadRecord) {
        record.tree.set(Some(self));
        self.put_back(&[record]);
    }

    /// Puts records of this tree on its list.
    pub(super) fn put_back(&self, records: &[&'static ThreadRecord]) {
        let [first, .., last] = records else {
            return records.first().into_iter().for_each(|only| self.push(only, only));
        };
        for pair in records.windows(2) {
            pair[0].next.set(Some(pair[1]));
        }
        self.push(first, last);
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

    /// Takes all threads off the list.
    pub(super) fn take_threads(&self) -> Vec<&'static ThreadRecord> {
        std::iter::successors(self.newest.take(), |record| record.next.get()).collect()
    }

    /// The threads that have joined and are not folded.
    pub(crate) fn threads(&self) -> impl Iterator<Item = &'static ThreadRecord> {
        std::iter::successors(self.newest.get(), |record| record.next.get())
    }

    /// Threads born inside that have not ended.
    pub(crate) fn living(&self) -> usize {
        self.ledger.living()
    }

    fn pending_bytes(&self) -> i64 {
        self.threads().fold(0, |sum, record| sum.wrapping_add(record.ledger.pending_bytes()))
    }

    /// Begins to look for a new peak.
    pub(crate) fn mark_heap(&self, own: &ThreadRecord) -> HeapMark {
        own.hand_over();
        self.ledger.mark(self.pending_bytes())
    }

    /// What happened since `mark`.
    pub(crate) fn heap_since(&self, own: &ThreadRecord, mark: &HeapMark) -> HeapUse {
        own.hand_over();
        self.ledger.since(mark, self.pending_bytes())
    }

    /// What all threads have allocated and, if the calling thread's usage is given, consumed.
    pub(crate) fn totals(&self, own: &ThreadRecord, own_usage: Option<&Usage>) -> Totals {
        let folded = *self.folded.lock().unwrap_or_else(PoisonError::into_inner);
        self.threads().fold(folded, |sum, record| {
            let usage = match own_usage {
                Some(own_usage) if std::ptr::eq(record, own) => *own_usage,
                Some(_) => record.usage(),
                None => Usage::default(),
            };
            sum.plus(&Totals { usage, ..record.counted() })
        })
    }

    /// Adds what threads did that are gone.
    pub(super) fn fold(&self, more: &Totals) {
        let mut folded = self.folded.lock().unwrap_or_else(PoisonError::into_inner);
        *folded = folded.plus(more);
    }

    /// Adds what the threads did that are gone from a nested tree, and counts those that live on.
    pub(super) fn take_in(&self, nested: &Self) {
        let folded = *nested.folded.lock().unwrap_or_else(PoisonError::into_inner);
        self.fold(&folded);
        self.ledger.add_threads_of(&nested.ledger);
    }
}
