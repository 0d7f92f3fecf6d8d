//! What expansions of `#[monitored]` call. Not public API: it changes with the macro.
//!
//! A test is measured by two brackets. The *test* bracket is the function the harness calls: it owns
//! the scope (threads born inside inherit it), runs the body elsewhere if it is isolated, learns the
//! outcome and records. The *body* bracket is the user's own code: `begin` starts the measurement
//! afresh, so that fixtures, locks and runtimes that other attributes put around the body are not
//! counted. In the plain case there is only the test bracket, and it measures.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::Duration;

mod returned;

pub use returned::{Known, Returned, Unknown};
// Expansions name nothing by the user's own crates: a `#![no_std]` crate has no `std` there.
pub use ::core;
pub use std::vec::Vec;

use crate::isolate::{self, Child, End};
pub use crate::parameter::{Bare, ByDebug, Hidden, Shown};
use crate::test::{BodyBracket, Bracket};
use crate::{mark, panics, recorder};

/// What the attribute knows about a test at compile time.
#[derive(Debug)]
pub struct Item {
    /// The annotated function's own name (for generated cases: the template's).
    pub name: &'static str,
    /// The name of the function that the harness calls (`case_1`), usually equal to `name`.
    pub function: &'static str,
    /// `module_path!()` where the item is.
    pub module: &'static str,
    /// `file!()`.
    pub file: &'static str,
    /// `line!()`.
    pub line: u32,
    /// `CARGO_PKG_NAME` of the crate under test.
    pub package: &'static str,
    /// `CARGO_MANIFEST_DIR` of the crate under test.
    pub manifest_dir: &'static str,
    /// Options of `-C` and `-Z` that the crate is compiled with, one a line; `None` if they could not be seen.
    pub options: Option<&'static str>,
    /// `CARGO_BIN_NAME`, which is set while a binary or an example is compiled.
    pub bin_name: Option<&'static str>,
    /// Whether `CARGO_TARGET_TMPDIR` is set, as it is while an integration test or a benchmark is compiled.
    pub is_outside_library: bool,
    /// Option `component`.
    pub component: Option<&'static str>,
    /// The budgets.
    pub budgets: Budgets,
    /// Option `isolate`.
    pub isolate: bool,
    /// `#[should_panic]` on the function that the harness calls.
    pub should_panic: ShouldPanic,
    /// Whether a `begin` inside will start the measurement.
    pub deferred: bool,
}

/// The budget options.
#[derive(Debug)]
pub struct Budgets {
    /// Option `max_time`.
    pub max_time: Option<Duration>,
    /// Option `max_cpu`.
    pub max_cpu: Option<Duration>,
    /// Option `max_heap`, bytes.
    pub max_heap: Option<u64>,
    /// Option `max_allocations`, calls.
    pub max_allocations: Option<u64>,
    /// Option `no_leak`.
    pub no_leak: bool,
}

/// What `#[should_panic]` expects.
#[derive(Debug)]
pub enum ShouldPanic {
    /// No such attribute.
    No,
    /// Any panic.
    Any,
    /// A panic whose message contains the text.
    Containing(&'static str),
}

impl ShouldPanic {
    pub(crate) fn is_expected(&self) -> bool {
        !matches!(self, Self::No)
    }

    /// Whether the harness will accept a panic with this payload.
    fn accepts(&self, payload: &(dyn Any + Send)) -> bool {
        let message = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
        match self {
            Self::No => false,
            Self::Any => true,
            Self::Containing(text) => message.is_some_and(|message| message.contains(text)),
        }
    }
}

/// One parameter of a case.
#[derive(Debug)]
pub struct Parameter {
    /// The argument's name.
    pub name: &'static str,
    /// Its value as shown in the variant; `None` if the type has no form that can be shown.
    pub value: Option<String>,
}

/// The test bracket; measures until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Test {
    bracket: Option<Bracket>,
    /// Reports how the isolated body ended, a panic of the bracket's included.
    _child: Option<Child>,
    ran_elsewhere: bool,
}

/// The body bracket; measures until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Body {
    bracket: Option<BodyBracket>,
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(message) = self.bracket.take().and_then(|bracket| bracket.close(thread::panicking())) {
            panic!("{message}");
        }
    }
}

/// The test begins, and is not to be monitored.
pub fn skipped() {
    mark::tell(None);
}

/// Opens the test bracket. `monitored` is false if `skip_if` or `when` say so.
pub fn enter(item: &'static Item, monitored: bool) -> Test {
    open(item, monitored, true)
}

/// Opens the test bracket of a function that returns a value. `success` is the value to return if the body passed in a
/// process of its own, `None` if the type has no known value that means success; then the body always runs here.
///
/// # Errors
///
/// That value, if the body did.
pub fn enter_returning<R>(item: &'static Item, monitored: bool, success: Option<R>) -> Result<Test, R> {
    let test = open(item, monitored, success.is_some());
    match success {
        Some(success) if test.ran_elsewhere => Err(success),
        _ => Ok(test),
    }
}

/// Opens the test bracket of a function whose type can't be named, so that its body always runs here.
pub fn enter_here(item: &'static Item, monitored: bool) -> Test {
    open(item, monitored, false)
}

fn open(item: &'static Item, monitored: bool, may_isolate: bool) -> Test {
    let mut test = Test { bracket: None, _child: None, ran_elsewhere: false };
    let Some(recorder) = recorder::for_item(item) else { return test };
    if !monitored && !item.deferred {
        return test;
    }
    if monitored && may_isolate && recorder.isolates(item) {
        test.ran_elsewhere = true;
        match isolate::run(item, recorder) {
            End::Returned => {}
            End::Panicked(message) => panic::resume_unwind(Box::new(message)),
            // Whatever panics here would satisfy `#[should_panic]`; to return does not.
            End::Failed(message) if item.should_panic.is_expected() => eprintln!("{message}"),
            End::Failed(message) => panic!("{message}"),
        }
        return test;
    }
    test._child = Child::begin();
    test.bracket = Some(Bracket::open(item, recorder, monitored, item.deferred, &[]));
    test
}

impl Test {
    /// Whether the body ran in a process of its own, so that this one returns without running it.
    #[must_use]
    pub fn ran_elsewhere(&self) -> bool {
        self.ran_elsewhere
    }

    /// Ends the bracket of a function that returned a value, which may be what makes the test fail.
    pub fn close(mut self, failed: bool) {
        self.end(failed);
    }

    fn end(&mut self, failed: bool) {
        if let Some(message) = self.message(failed) {
            panic!("{message}");
        }
    }

    /// Ends the bracket; the message is what the test fails with unless it has failed anyway.
    fn message(&mut self, failed: bool) -> Option<String> {
        self.bracket.take().and_then(|bracket| bracket.close(failed))
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        self.end(thread::panicking());
    }
}

/// The test bracket of a function with `#[should_panic]`: whether its panic is the one that is expected has to be known
/// before the outcome is recorded.
pub fn expect_panic(item: &'static Item, monitored: bool, body: impl FnOnce()) {
    let mut test = open(item, monitored, true);
    if test.ran_elsewhere {
        return;
    }
    let result = panic::catch_unwind(AssertUnwindSafe(body)).map_err(panics::uncounted);
    let as_expected = result.as_ref().err().is_some_and(|payload| item.should_panic.accepts(&**payload));
    let message = test.message(!as_expected);
    if let Err(payload) = result {
        match message {
            // To return is what fails a test that should panic.
            Some(message) => eprintln!("{message}"),
            None => panic::resume_unwind(payload),
        }
    }
}

/// Opens the body bracket inside the test bracket of this thread, or, if there is none (an attribute
/// dropped ours), one that does the work of both.
///
/// `monitored` and `parameters` are only asked when they are needed.
pub fn begin(
    item: &'static Item,
    monitored: impl FnOnce() -> bool,
    parameters: impl FnOnce() -> Vec<Parameter>,
) -> Body {
    Body { bracket: BodyBracket::begin(item, monitored, parameters) }
}

/// The module of `template`, if `module` is below the one that `rstest` or `test_case` made for its cases: `demo::tests` for
/// `demo::tests::template` and, with value lists, for `demo::tests::template::case_1::number_1_10`.
#[must_use]
pub const fn case_module(module: &'static str, template: &str) -> Option<&'static str> {
    let mut rest = module;
    while let Some((parent, last)) = parent(rest) {
        if equal(last, template) {
            return Some(parent);
        }
        rest = parent;
    }
    None
}

/// `("a::b", "c")` for `a::b::c`.
const fn parent(module: &'static str) -> Option<(&'static str, &'static str)> {
    let mut end = module.len();
    while end >= 2 {
        if module.as_bytes()[end - 1] == b':' && module.as_bytes()[end - 2] == b':' {
            let (parent, last) = module.split_at(end);
            let (parent, _) = parent.split_at(end - 2);
            return Some((parent, last));
        }
        end -= 1;
    }
    None
}

const fn equal(one: &str, other: &str) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one.as_bytes()[at] != other.as_bytes()[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_of_a_case_is_its_templates() {
        assert_eq!(case_module("demo::tests::test_prime", "test_prime"), Some("demo::tests"));
        assert_eq!(case_module("demo::tests::test_prime::case_1", "test_prime"), Some("demo::tests"));
        assert_eq!(case_module("demo::tests", "test_prime"), None);
        assert_eq!(case_module("demo::p::tests::p::case_1::number_1_10", "p"), Some("demo::p::tests"));
        assert_eq!(case_module("demo::test_primes", "test_prime"), None);
        assert_eq!(case_module("test_prime", "test_prime"), None);
    }
}
