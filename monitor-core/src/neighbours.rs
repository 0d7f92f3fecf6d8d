//! Tests that run beside each other in one process, and threads that belong to none of them any more.
//!
//! A thread born in one test and used by another (a global pool) makes the numbers of both incomplete. Such a
//! thread is only known for one when its own test ends before it. So each test remembers which foreign
//! threads worked while it ran, and is marked once one of them turns out to outlive its test.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use monitor_store::ProfileKey;

use crate::scope::{ThreadRecord, Tree};
use crate::test::OpenTest;

/// What the foreign threads had consumed when a test began.
#[derive(Debug, Default)]
pub(crate) struct Baseline(Vec<(&'static ThreadRecord, u64)>);

/// How a test's threads and those of others stand when it ends.
#[derive(Debug, Default)]
pub(crate) struct Departure {
    /// The test's numbers may be incomplete, or hold another's work.
    pub shared: bool,
    /// Tests that ended before and turn out to be `shared` too.
    pub also_shared: Vec<ProfileKey>,
}

#[derive(Debug)]
struct Neighbour {
    test: Arc<OpenTest>,
    tree: &'static Tree,
    own: &'static ThreadRecord,
    /// Tests during which a thread of this one worked.
    suspects: Vec<(&'static ThreadRecord, ProfileKey)>,
    /// A thread that outlived its test worked during this one.
    met_outliving: bool,
    baseline: Baseline,
}

#[derive(Debug)]
struct Neighbourhood {
    tests: Vec<Neighbour>,
    /// Threads that outlived their test.
    outliving: Vec<&'static ThreadRecord>,
}

static NEIGHBOURHOOD: Mutex<Neighbourhood> = Mutex::new(Neighbourhood { tests: Vec::new(), outliving: Vec::new() });

fn neighbourhood() -> MutexGuard<'static, Neighbourhood> {
    NEIGHBOURHOOD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A test begins to be measured.
pub(crate) fn arrive(test: &Arc<OpenTest>, tree: &'static Tree, own: &'static ThreadRecord) {
    let mut all = neighbourhood();
    all.outliving.retain(|record| !record.is_gone());
    let at_once = all.tests.len() as u64 + 1;
    test.ran_beside(at_once);
    for other in &all.tests {
        other.test.ran_beside(at_once);
    }
    let baseline =
        Baseline(all.foreign_threads(test).map(|(record, _)| (record, record.cpu_ns().unwrap_or(0))).collect());
    all.tests.push(Neighbour {
        test: Arc::clone(test),
        tree,
        own,
        suspects: Vec::new(),
        met_outliving: false,
        baseline,
    });
}

/// A test ends; `close` takes its tree apart and returns the threads that outlive it. `key` is its row.
pub(crate) fn depart(
    test: &Arc<OpenTest>,
    key: Option<&ProfileKey>,
    close: impl FnOnce() -> Vec<&'static ThreadRecord>,
) -> Departure {
    let mut all = neighbourhood();
    let Some(position) = all.tests.iter().position(|other| Arc::ptr_eq(&other.test, test)) else {
        close();
        return Departure::default();
    };
    let workers: Vec<_> =
        all.foreign_threads(test).filter(|(record, _)| all.tests[position].baseline.has_worked(record)).collect();
    let mut leaving = all.tests.swap_remove(position);
    let outliving = close();
    let mut departure = Departure { shared: leaving.met_outliving || !outliving.is_empty(), ..Departure::default() };
    for (record, owner) in workers {
        match owner {
            None => departure.shared = true,
            Some(owner) => {
                if let (Some(key), Some(owner)) =
                    (key, all.tests.iter_mut().find(|other| Arc::ptr_eq(&other.test, &owner)))
                {
                    owner.suspects.push((record, key.clone()));
                }
            }
        }
    }
    for record in &outliving {
        for other in &mut all.tests {
            other.met_outliving |= other.baseline.has_worked(record);
        }
        departure.also_shared.extend(
            leaving.suspects.iter().filter(|(suspect, _)| std::ptr::eq(*suspect, *record)).map(|(_, key)| key.clone()),
        );
    }
    leaving.suspects.clear();
    all.outliving.extend(outliving);
    departure
}

impl Neighbourhood {
    /// Living threads of other tests (with their test) and of tests that have ended.
    fn foreign_threads<'a>(
        &'a self,
        test: &'a Arc<OpenTest>,
    ) -> impl Iterator<Item = (&'static ThreadRecord, Option<Arc<OpenTest>>)> + 'a {
        let of_tests = self.tests.iter().filter(move |other| !Arc::ptr_eq(&other.test, test)).flat_map(|other| {
            let own = other.own;
            other
                .tree
                .threads()
                .filter(move |record| !std::ptr::eq(*record, own))
                .map(move |record| (record, Some(Arc::clone(&other.test))))
        });
        of_tests.chain(self.outliving.iter().map(|record| (*record, None))).filter(|(record, _)| !record.is_gone())
    }
}

impl Baseline {
    /// Whether a foreign thread consumed CPU time since.
    fn has_worked(&self, record: &'static ThreadRecord) -> bool {
        let before = self.0.iter().find(|(known, _)| std::ptr::eq(*known, record)).map_or(0, |(_, cpu_ns)| *cpu_ns);
        record.cpu_ns().is_some_and(|now| now > before)
    }
}
