//! The bracket around a test: opens the scope, measures the body, learns the outcome, records.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use monitor_store::{Attribution, CountFlags, Outcome};

use super::{budget, unseen_bodies};
use crate::item::{Item, Parameter};
use crate::measure::instructions::Counting;
use crate::measure::measurement::{Begun, Coverage, Measurement};
use crate::measure::neighbours::{self, Beside, Sharing};
use crate::record::recorder::Recorder;
use crate::record::recorder::row::Row;
use crate::scope::{ThreadRecord, Tree, current};

/// What a test's threads share: `begin` finds it through the tree of the thread it runs on.
#[derive(Debug)]
pub(super) struct OpenTest {
    item: &'static Item,
    /// False if `skip_if` or `when` said so: then a `begin` inside does nothing.
    pub(super) monitored: bool,
    pub(super) recorder: &'static Recorder,
    /// The tests beside it, if any can be.
    beside: Option<Arc<Beside>>,
    stage: Mutex<Stage>,
}

/// How far a test is.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there are as many as tests that run at once")]
pub(super) enum Stage {
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
pub(super) struct TestBracket {
    test: Arc<OpenTest>,
    tree: &'static Tree,
    own: &'static ThreadRecord,
    /// The record of the scope around this one, if it is nested.
    outer: Option<&'static ThreadRecord>,
}

impl OpenTest {
    /// The test for which a thread's scope was opened.
    pub(super) fn of(tree: &Tree) -> Option<Arc<Self>> {
        tree.owner()?.downcast().ok()
    }

    pub(super) fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The most tests, this one included, that ran at once.
    fn most_at_once(&self) -> u64 {
        self.beside.as_ref().map_or(1, |beside| beside.most_at_once())
    }

    /// Records what the test cost so far, since it ends the process with success. `own` is the calling thread's record.
    pub(super) fn end_with_process(&self, own: &'static ThreadRecord) {
        let Ok(mut stage) = self.stage.try_lock() else { return };
        let (mut measurement, row) = match std::mem::replace(&mut *stage, Stage::Done) {
            Stage::Measuring(begun, row) => (begun.stop(own).measurement(own), row),
            Stage::Measured(measurement, row) => (measurement, row),
            Stage::Waiting(_) | Stage::Done => return,
        };
        let within_budget = budget::excess(&self.item.budgets, &measurement).is_empty();
        let outcome = if within_budget { Outcome::Passed } else { Outcome::OverBudget };
        measurement.count_flags = measurement.count_flags.map(|flags| flags.with(CountFlags::EXIT));
        // Its other threads are cut short.
        self.recorder.finish(row, &measurement, Attribution::Shared, outcome, self.most_at_once());
    }
}

impl TestBracket {
    /// Opens the scope of `item` on this thread and begins to measure. If a `begin` inside is to do that
    /// (or nobody, since the test is not monitored), it is only prepared.
    pub(super) fn open(
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
        let begin = || Begun::now(coverage, tree, own, earlier_threads, Counting::prepare(tree));

        let has_neighbours = monitored && coverage == Coverage::Threads && outer.is_none();
        let beside = has_neighbours.then(|| neighbours::begin(tree, own));
        let test = Arc::new(OpenTest { item, monitored, recorder, beside, stage: Mutex::new(Stage::Done) });
        tree.set_owner(Some(Arc::<OpenTest>::clone(&test)));
        unseen_bodies::expect_if(deferred, item);
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
    pub(super) fn close(self, failed: bool) -> Option<String> {
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
                (test.monitored && !unseen_bodies::was_measured_elsewhere(test.item)).then(|| {
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
            Stage::Done => {
                current::set_current(None);
                None
            }
        };
        let key = result.as_ref().map(|(_, row)| row.key());
        let close_tree = || tree.close(own, !on_own_thread);
        let sharing = match (outer, &test.beside) {
            _ if test.recorder.is_process_tree(tree) => {
                tree.set_owner(None);
                tree.sweep(own);
                Sharing::default()
            }
            (Some(outer), _) if on_own_thread => {
                tree.fold_into(own, outer);
                Sharing::default()
            }
            (_, Some(beside)) => neighbours::end(beside, key, close_tree),
            (_, None) => {
                close_tree();
                Sharing::default()
            }
        };
        let message = result.and_then(|(measurement, row)| {
            let attribution = match measurement.attribution() {
                Attribution::Threads if sharing.shared || !on_own_thread => Attribution::Shared,
                attribution => attribution,
            };
            let excess = budget::excess(&test.item.budgets, &measurement);
            let outcome = match (failed, excess.is_empty()) {
                (true, _) => Outcome::Failed,
                (false, false) => Outcome::OverBudget,
                (false, true) => Outcome::Passed,
            };
            test.recorder.finish(row, &measurement, attribution, outcome, test.most_at_once());
            let fails = !excess.is_empty() && test.recorder.enforces_budgets();
            fails.then(|| budget::message(test.item, &excess))
        });
        test.recorder.mark_shared(sharing.also_shared);
        let message = message.or_else(|| test.recorder.strict_failure()).filter(|_| !failed);
        // What was allocated uncounted is given back uncounted: before a scope around this one goes on.
        drop(test);
        current::set_current(if on_own_thread { outer } else { before });
        message
    }
}
