//! The bracket around the user's own code, inside the test's or in its place.

use std::sync::Arc;

use super::listed;
use super::process_end;
use super::test_bracket::{OpenTest, Stage, TestBracket};
use super::unseen_bodies;
use crate::item::{Item, Parameter};
use crate::measure::instructions::Counting;
use crate::measure::measurement::Begun;
use crate::scope::{ThreadRecord, current};

/// What `begin` opened.
#[derive(Debug)]
pub(super) enum BodyBracket {
    /// Inside a test bracket, on a thread of its tree.
    Inside(Arc<OpenTest>, &'static ThreadRecord),
    /// Both brackets in one.
    Alone(TestBracket),
}

impl BodyBracket {
    /// Begins to measure the body of `item`, afresh if a test bracket around it waits for that. `None` if it
    /// is not monitored.
    pub(super) fn begin(
        item: &'static Item,
        monitored: impl FnOnce() -> bool,
        parameters: impl FnOnce() -> Vec<Parameter>,
    ) -> Option<Self> {
        let around = current::current();
        let paused = current::pause();
        if let Some(own) = around
            && let Some(tree) = own.tree()
            && let Some(test) = OpenTest::of(tree)
        {
            let mut stage = test.stage();
            if let Stage::Waiting(waiting) = &*stage {
                if !test.monitored {
                    return None;
                }
                let (coverage, earlier_threads) = waiting.terms();
                let row = test.recorder.start(item, &parameters());
                std::mem::forget(paused);
                let counting = Counting::prepare(tree);
                *stage = Stage::Measuring(Begun::now(coverage, tree, own, earlier_threads, counting), row);
                drop(stage);
                return Some(Self::Inside(test, own));
            }
        }
        if listed::is_listing() {
            listed::list(item, Some(&parameters()));
            return None;
        }
        let recorder = process_end::recorder_for(item)?;
        if !monitored() {
            return None;
        }
        unseen_bodies::begins_alone(item);
        let parameters = parameters();
        drop(paused);
        Some(Self::Alone(TestBracket::open(item, recorder, true, false, &parameters)))
    }

    /// Stops measuring; the message is what the test fails with unless it has `failed` anyway.
    pub(super) fn close(self, failed: bool) -> Option<String> {
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
