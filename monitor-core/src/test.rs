//! The bracket around a test: opens the scope, measures the body, learns the outcome, records.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use monitor_store::{Attribution, Outcome};

use crate::__private::{Item, Parameter};
use crate::measurement::{Begun, Coverage, Measurement};
use crate::neighbours::{self, Departure};
use crate::recorder::{Recorder, Row};
use crate::scope::{ThreadRecord, Tree, current};
use crate::{budget, claims, recorder};

/// What a test's threads share: `begin` finds it through the tree of the thread it runs on.
#[derive(Debug)]
pub(crate) struct OpenTest {
    item: &'static Item,
    /// False if `skip_if` or `when` said so: then a `begin` inside does nothing.
    monitored: bool,
    recorder: &'static Recorder,
    most_at_once: AtomicU64,
    stage: Mutex<Stage>,
}

/// How far a test is.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there are as many as tests that run at once")]
enum Stage {
    /// Open, and the body has not begun; measured from here if it never does.
    Waiting(Begun),
    /// The body runs.
    Measuring(Begun, Row),
    /// The body has ended before its test: fixtures and runtimes are torn down now.
    Measured(Measurement, Row),
    /// Taken to be recorded.
    Done,
}

/// The test bracket; records when it is dropped.
#[derive(Debug)]
pub(crate) struct Bracket {
    test: Arc<OpenTest>,
    tree: &'static Tree,
    own: &'static ThreadRecord,
    /// The record of the scope around this one, if it is nested.
    outer: Option<&'static ThreadRecord>,
}

impl OpenTest {
    fn stage(&self) -> std::sync::MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records what the test cost so far, since it ends the process with success. `own` is the calling thread's record.
    pub(crate) fn end_with_process(&self, own: &'static ThreadRecord) {
        let Ok(mut stage) = self.stage.try_lock() else { return };
        let (measurement, row) = match std::mem::replace(&mut *stage, Stage::Done) {
            Stage::Measuring(begun, row) => (begun.stop(own).measurement(own), row),
            Stage::Measured(measurement, row) => (measurement, row),
            Stage::Waiting(_) | Stage::Done => return,
        };
        let within_budget = budget::excess(&self.item.budgets, &measurement).is_empty();
        let outcome = if within_budget { Outcome::Passed } else { Outcome::OverBudget };
        // Its other threads are cut short.
        self.recorder.finish(row, &measurement, Attribution::Shared, outcome, self.most_at_once.load(Relaxed));
    }

    /// Notes that `at_once` tests, this one included, run now.
    pub(crate) fn ran_beside(&self, at_once: u64) {
        self.most_at_once.fetch_max(at_once, Relaxed);
    }
}

impl Bracket {
    /// Opens the scope of `item` on this thread and begins to measure. If a `begin` inside is to do that
    /// (or nobody, since the test is not monitored), it is only prepared.
    pub(crate) fn open(
        item: &'static Item,
        recorder: &'static Recorder,
        monitored: bool,
        deferred: bool,
        parameters: &[Parameter],
    ) -> Self {
        let outer = current::set_current(None);
        let one_by_one = recorder.runner.single_test && outer.is_none();
        let tree = if one_by_one { recorder.process_tree() } else { Tree::new() };
        let own = tree.join();
        own.is_this_threads();
        let earlier_threads = tree.totals(own, None).threads - 1;
        let coverage = if one_by_one { Coverage::Process } else { Coverage::Threads };
        let begin = || Begun::now(coverage, tree, own, earlier_threads);

        let test = Arc::new(OpenTest {
            item,
            monitored,
            recorder,
            most_at_once: AtomicU64::new(1),
            stage: Mutex::new(Stage::Done),
        });
        tree.set_test(Some(Arc::clone(&test)));
        claims::wait_if(deferred, item);
        if monitored && coverage == Coverage::Threads && outer.is_none() {
            neighbours::arrive(&test, tree, own);
        }
        if deferred || !monitored {
            *test.stage() = Stage::Waiting(begin());
        } else {
            let row = recorder.start(item, parameters);
            // `begin` is the last act: from its return on, everything on this thread is the test's.
            let mut stage = test.stage();
            *stage = Stage::Measuring(begin(), row);
        }
        Self { test, tree, own, outer }
    }

    /// Ends the test; the message is what it fails with unless it has `failed` anyway.
    pub(crate) fn close(self, failed: bool) -> Option<String> {
        let Self { test, tree, own, outer } = self;
        if !test.recorder.is_of_this_process() {
            current::set_current(None);
            return None;
        }
        let before = current::current();
        let on_own_thread = before.is_some_and(|record| std::ptr::eq(record, own));
        let stage = std::mem::replace(&mut *test.stage(), Stage::Done);
        let result = match stage {
            Stage::Waiting(begun) => {
                let stopped = begun.stop(own);
                tree.await_threads(own);
                (test.monitored && !claims::was_claimed(test.item)).then(|| {
                    let row = test.recorder.start(test.item, &[]);
                    (stopped.measurement(own), row)
                })
            }
            Stage::Measuring(begun, row) => {
                let stopped = begun.stop(own);
                tree.await_threads(own);
                Some((stopped.measurement(own), row))
            }
            Stage::Measured(measurement, row) => {
                current::set_current(None);
                tree.await_threads(own);
                Some((measurement, row))
            }
            Stage::Done => None,
        };
        let key = result.as_ref().map(|(_, row)| row.key().clone());
        let departure = match outer {
            _ if test.recorder.is_process_tree(tree) => {
                tree.set_test(None);
                tree.sweep(own);
                Departure::default()
            }
            Some(outer) if on_own_thread => {
                tree.fold_into(own, outer);
                Departure::default()
            }
            _ => neighbours::depart(&test, key.as_ref(), || tree.close(own, !on_own_thread)),
        };
        let message = result.and_then(|(measurement, row)| {
            let attribution = match measurement.attribution() {
                Attribution::Threads if departure.shared || !on_own_thread => Attribution::Shared,
                attribution => attribution,
            };
            let most_at_once = test.most_at_once.load(Relaxed);
            let excess = budget::excess(&test.item.budgets, &measurement);
            let outcome = match (failed, excess.is_empty()) {
                (true, _) => Outcome::Failed,
                (false, false) => Outcome::OverBudget,
                (false, true) => Outcome::Passed,
            };
            test.recorder.finish(row, &measurement, attribution, outcome, most_at_once);
            let fails = !excess.is_empty() && test.recorder.enforces_budgets();
            fails.then(|| budget::message(test.item, &excess))
        });
        test.recorder.mark_shared(departure.also_shared);
        let message = message.or_else(|| test.recorder.strict_failure()).filter(|_| !failed);
        // What was allocated uncounted is given back uncounted: before a scope around this one goes on.
        drop(key);
        drop(test);
        current::set_current(if on_own_thread { outer } else { before });
        message
    }
}

/// What `begin` opened.
#[derive(Debug)]
pub(crate) enum BodyBracket {
    /// Inside a test bracket, on a thread of its tree.
    Inside(Arc<OpenTest>, &'static ThreadRecord),
    /// Both brackets in one.
    Alone(Bracket),
}

impl BodyBracket {
    /// Begins to measure the body of `item`, afresh if a test bracket around it waits for that. `None` if it
    /// is not monitored.
    pub(crate) fn begin(
        item: &'static Item,
        monitored: impl FnOnce() -> bool,
        parameters: impl FnOnce() -> Vec<Parameter>,
    ) -> Option<Self> {
        let around = current::current();
        let paused = current::pause();
        if let Some(own) = around
            && let Some(tree) = own.tree()
            && let Some(test) = tree.test()
        {
            let mut stage = test.stage();
            if let Stage::Waiting(waiting) = &*stage {
                if !test.monitored {
                    return None;
                }
                let (coverage, earlier_threads) = waiting.terms();
                let row = test.recorder.start(item, &parameters());
                std::mem::forget(paused);
                *stage = Stage::Measuring(Begun::now(coverage, tree, own, earlier_threads), row);
                drop(stage);
                return Some(Self::Inside(test, own));
            }
        }
        let recorder = recorder::for_item(item)?;
        if !monitored() {
            return None;
        }
        claims::claim(item);
        let parameters = parameters();
        drop(paused);
        Some(Self::Alone(Bracket::open(item, recorder, true, false, &parameters)))
    }

    /// Stops measuring; the message is what the test fails with unless it has `failed` anyway.
    pub(crate) fn close(self, failed: bool) -> Option<String> {
        match self {
            Self::Inside(test, own) => {
                let mut stage = test.stage();
                *stage = match std::mem::replace(&mut *stage, Stage::Done) {
                    Stage::Measuring(begun, row) => Stage::Measured(begun.stop(own).measurement(own), row),
                    other => other,
                };
                drop(stage);
                drop(test);
                current::set_current(Some(own));
                None
            }
            Self::Alone(bracket) => bracket.close(failed),
        }
    }
}
