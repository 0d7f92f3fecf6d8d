//! The end of the process closes the recorder, and the test that it comes in.

use std::panic::{self, AssertUnwindSafe};

use super::test_bracket::OpenTest;
use crate::isolate::is_isolated;
use crate::item::Item;
use crate::measure::instructions;
use crate::record::recorder::{self, Recorder};
use crate::record::siblings;
use crate::scope::current;
use crate::sys;

/// The recorder, which is closed when the process ends; `None` if nothing is to be monitored.
pub(super) fn recorder_for(item: &'static Item) -> Option<&'static Recorder> {
    keep_start();
    let recorder = recorder::for_item(item)?;
    sys::at_exit(on_exit);
    Some(recorder)
}

sys::at_start!(expect_end, keep_start);

/// Processes of a run may leave their rows to any that is beside them, and this may be one, whatever test it runs.
fn expect_end() {
    if siblings::are_expected() {
        sys::at_exit(on_exit);
    }
}

fn on_exit(code: Option<i32>) {
    instructions::stop(instructions::are_counted());
    let _ = panic::catch_unwind(AssertUnwindSafe(|| {
        let Some(recorder) = recorder::existing() else { return siblings::pass_by() };
        if code == Some(0) && !is_isolated() {
            end_test();
        }
        recorder.close();
    }));
}

/// A test that ends the process with success has passed, says whoever runs it: it is told nothing else.
fn end_test() {
    if let Some(own) = current::current()
        && let Some(test) = own.tree().and_then(OpenTest::of)
    {
        test.end_with_process(own);
    }
}
