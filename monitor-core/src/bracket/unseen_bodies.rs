//! Finds the test bracket of a body that runs on a thread whose birth was not seen, so that it could not inherit the scope.
//!
//! Where new threads are seen this is never needed: the thread leads to its tree. Elsewhere an attribute may
//! run the body on a thread of its own (`rstest`'s timeout); it is then measured and recorded there, and the test
//! bracket that waits for it must not record it once more.

use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::item::Item;
use crate::sys::threads;

/// A deferred test that is open.
#[derive(Debug)]
struct Waiting {
    test: &'static Item,
    measured_elsewhere: bool,
}

static WAITING: Mutex<Vec<Waiting>> = Mutex::new(Vec::new());

fn waiting() -> MutexGuard<'static, Vec<Waiting>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `test` opens and, if it is deferred, waits for its body.
pub(super) fn expect_if(deferred: bool, test: &'static Item) {
    if deferred && !threads::are_seen() {
        waiting().push(Waiting { test, measured_elsewhere: false });
    }
}

/// The body of `item` is measured without its test bracket.
pub(super) fn begins_alone(item: &'static Item) {
    if threads::are_seen() {
        return;
    }
    let mut all = waiting();
    let is_its =
        |one: &&mut Waiting| !one.measured_elsewhere && one.test.name == item.name && one.test.module == item.module;
    if let Some(one) = all.iter_mut().find(is_its) {
        one.measured_elsewhere = true;
    }
}

/// Whether the body of `test`, which ends now, was measured elsewhere.
pub(super) fn was_measured_elsewhere(test: &'static Item) -> bool {
    if threads::are_seen() {
        return false;
    }
    let mut all = waiting();
    let position = all.iter().position(|one| ptr::eq(one.test, test));
    position.is_some_and(|position| all.swap_remove(position).measured_elsewhere)
}
