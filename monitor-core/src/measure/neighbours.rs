//! Tests that run beside each other in one process, and threads that belong to none of them any more.
//!
//! A thread born in one test and used by another (a global pool) makes the numbers of both incomplete. Such a
//! thread is only known for one when its own test ends before it. So each test remembers which foreign
//! threads worked while it ran, and is marked once one of them turns out to outlive its test.
//!
//! To ask the kernel what a thread consumed costs half a microsecond. So a test looks at a few of the threads that outlived
//! theirs: at all of them while they are few, else at those that were looked at longest ago. When one is found to have
//! worked, every test that ran since the last look at it is marked.

use std::collections::VecDeque;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use monitor_store::ProfileKey;

use crate::scope::{ThreadRecord, Tree};

/// What the foreign threads had consumed when a test began.
#[derive(Debug, Default)]
pub(crate) struct Baseline(Vec<(&'static ThreadRecord, u64)>);

/// A measured test among those that run beside it, from [`begin`] to [`end`].
#[derive(Debug)]
pub(crate) struct Beside {
    most_at_once: AtomicU64,
}

impl Beside {
    /// The most tests, this one included, that ran at once.
    pub(crate) fn most_at_once(&self) -> u64 {
        self.most_at_once.load(Relaxed)
    }

    fn ran_beside(&self, at_once: u64) {
        self.most_at_once.fetch_max(at_once, Relaxed);
    }
}

/// Whose numbers turn out to be incomplete when a test ends.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    /// The test's numbers may be incomplete, or hold another's work.
    pub shared: bool,
    /// Tests that ended before and turn out to be `shared` too.
    pub also_shared: Vec<ProfileKey>,
}

/// How many threads a test looks at when it begins and when it ends.
const LOOKS: usize = 32;

/// What the kernel knows of so many threads is in no cache: a look costs a microsecond.
const MANY: usize = 500;

/// How many of many threads a test looks at.
const LOOKS_AT_MANY: usize = 8;

#[derive(Debug)]
struct Neighbour {
    beside: Arc<Beside>,
    tree: &'static Tree,
    own: &'static ThreadRecord,
    /// Tests during which threads of this one worked: a certain thread, or any (`None`), as there are many.
    suspects: Vec<(Option<&'static ThreadRecord>, ProfileKey)>,
    /// A thread that outlived its test worked during this one.
    met_outliving: bool,
    baseline: Baseline,
}

/// A thread that outlived its test, as it was when it was last looked at.
#[derive(Debug)]
struct Outliving {
    record: &'static ThreadRecord,
    cpu_ns: u64,
    /// Tests that had ended by then.
    looked_at: u64,
}

#[derive(Debug)]
struct Neighbourhood {
    tests: Vec<Neighbour>,
    /// Threads that outlived their test; first the one that was looked at longest ago.
    outliving: VecDeque<Outliving>,
    /// Tests that have ended.
    ended: u64,
    /// Those that ended since the longest ago of these looks, each with how many had ended before it.
    recent: VecDeque<(u64, ProfileKey)>,
    /// Tests that ended and turn out to be `shared`.
    also_shared: Vec<ProfileKey>,
}

static NEIGHBOURHOOD: Mutex<Neighbourhood> = Mutex::new(Neighbourhood {
    tests: Vec::new(),
    outliving: VecDeque::new(),
    ended: 0,
    recent: VecDeque::new(),
    also_shared: Vec::new(),
});

fn neighbourhood() -> MutexGuard<'static, Neighbourhood> {
    NEIGHBOURHOOD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A test begins to be measured.
pub(crate) fn begin(tree: &'static Tree, own: &'static ThreadRecord) -> Arc<Beside> {
    let mut all = neighbourhood();
    if all.outliving.len() <= LOOKS {
        all.look(LOOKS);
    }
    let at_once = all.tests.len() as u64 + 1;
    for other in &all.tests {
        other.beside.ran_beside(at_once);
    }
    let beside = Arc::new(Beside { most_at_once: AtomicU64::new(at_once) });
    let baseline = Baseline(all.threads_of_others().map(|record| (record, record.cpu_ns().unwrap_or(0))).collect());
    all.tests.push(Neighbour {
        beside: Arc::clone(&beside),
        tree,
        own,
        suspects: Vec::new(),
        met_outliving: false,
        baseline,
    });
    beside
}

/// A test ends; `close` takes its tree apart and returns the threads that outlive it. `key` is its row.
pub(crate) fn end(
    test: &Arc<Beside>,
    key: Option<&ProfileKey>,
    close: impl FnOnce() -> Vec<&'static ThreadRecord>,
) -> Sharing {
    let mut all = neighbourhood();
    let Some(position) = all.tests.iter().position(|other| Arc::ptr_eq(&other.beside, test)) else {
        close();
        return Sharing::default();
    };
    all.ended += 1;
    let looks = if all.outliving.len() < MANY { LOOKS } else { LOOKS_AT_MANY };
    all.look(looks);
    if let Some(key) = key {
        all.suspect(position, key);
    }
    let leaving = all.tests.swap_remove(position);
    let outliving = close();
    for other in &mut all.tests {
        other.met_outliving |= outliving.iter().any(|record| other.baseline.has_worked(record));
    }
    let mut also_shared = std::mem::take(&mut all.also_shared);
    let outlives = |suspect: Option<&ThreadRecord>| match suspect {
        Some(suspect) => outliving.iter().any(|record| ptr::eq(*record, suspect)),
        None => !outliving.is_empty(),
    };
    also_shared.extend(leaving.suspects.into_iter().filter(|(thread, _)| outlives(*thread)).map(|(_, key)| key));
    let shared = leaving.met_outliving || !outliving.is_empty();
    let looked_at = all.ended;
    let as_now = |record: &'static ThreadRecord| Outliving { record, cpu_ns: record.cpu_ns().unwrap_or(0), looked_at };
    all.outliving.extend(outliving.into_iter().map(as_now));
    if let (Some(key), false) = (key, shared || all.outliving.is_empty()) {
        all.recent.push_back((looked_at - 1, key.clone()));
    }
    Sharing { shared, also_shared }
}

/// The last look, when the process ends: tests that ended and turn out to be `shared`.
pub(crate) fn last_look() -> Vec<ProfileKey> {
    let Ok(mut all) = NEIGHBOURHOOD.try_lock() else { return Vec::new() };
    let every_one = all.outliving.len();
    all.look(every_one);
    std::mem::take(&mut all.also_shared)
}

impl Neighbourhood {
    /// Looks at some of the threads that outlived their tests.
    fn look(&mut self, count: usize) {
        let mut worked_since = None;
        for _ in 0..count.min(self.outliving.len()) {
            let Some(Outliving { record, cpu_ns, looked_at }) = self.outliving.pop_front() else { break };
            let now_ns = record.cpu_ns().unwrap_or(cpu_ns);
            if now_ns > cpu_ns {
                worked_since = Some(worked_since.map_or(looked_at, |since| looked_at.min(since)));
            }
            if !record.is_gone() {
                self.outliving.push_back(Outliving { record, cpu_ns: now_ns, looked_at: self.ended });
            }
        }
        if let Some(since) = worked_since {
            self.tests.iter_mut().for_each(|test| test.met_outliving = true);
            let first = self.recent.partition_point(|(ended, _)| *ended < since);
            self.also_shared.extend(self.recent.drain(first..).map(|(_, key)| key));
        }
        let longest_ago = self.outliving.front().map_or(u64::MAX, |thread| thread.looked_at);
        let first = self.recent.partition_point(|(ended, _)| *ended < longest_ago);
        self.recent.drain(..first);
    }

    /// Notes at the tests beside that at `position` that their threads worked during it. It has the row `key`.
    fn suspect(&mut self, position: usize, key: &ProfileKey) {
        let leaving = &self.tests[position];
        let mut found = Vec::new();
        for (number, other) in self.tests.iter().enumerate().filter(|(number, _)| *number != position) {
            if other.tree.living() > LOOKS {
                found.push((number, None));
            } else {
                let workers = other.threads().filter(|record| leaving.baseline.has_worked(record));
                found.extend(workers.map(|record| (number, Some(record))));
            }
        }
        for (number, thread) in found {
            self.tests[number].suspects.push((thread, key.clone()));
        }
    }

    /// Threads of other tests that run now, where they are not too many to look at.
    fn threads_of_others(&self) -> impl Iterator<Item = &'static ThreadRecord> {
        self.tests.iter().filter(|other| other.tree.living() <= LOOKS).flat_map(Neighbour::threads)
    }
}

impl Neighbour {
    /// Threads born in the test that live.
    fn threads(&self) -> impl Iterator<Item = &'static ThreadRecord> + use<> {
        let own = self.own;
        self.tree.threads().filter(move |record| !ptr::eq(*record, own) && !record.is_gone())
    }
}

impl Baseline {
    /// Whether a foreign thread consumed CPU time since.
    fn has_worked(&self, record: &'static ThreadRecord) -> bool {
        let before = self.0.iter().find(|(known, _)| ptr::eq(*known, record)).map_or(0, |(_, cpu_ns)| *cpu_ns);
        record.cpu_ns().is_some_and(|now| now > before)
    }
}
