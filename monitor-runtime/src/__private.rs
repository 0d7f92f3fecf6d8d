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

use crate::isolate::{self, Child, End};
pub use crate::parameter::{Bare, ByDebug, Hidden, Shown};
use crate::test::{BodyBracket, Bracket};
use crate::{panics, recorder};

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

/// The test bracket of a function that returns `()`; measures until it is dropped.
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

/// Opens the test bracket. `monitored` is false if `skip_if` or `when` say so.
pub fn enter(item: &'static Item, monitored: bool) -> Test {
    open(item, monitored, true)
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

    /// Ends the bracket; the message is what the test fails with unless it has failed anyway.
    fn close(&mut self, failed: bool) -> Option<String> {
        self.bracket.take().and_then(|bracket| bracket.close(failed))
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        if let Some(message) = self.close(thread::panicking()) {
            panic!("{message}");
        }
    }
}

/// The test bracket of every other function: with a value, or `#[should_panic]`.
///
/// `elsewhere` is the value to return if the body passed in a process of its own, `None` if the type
/// has no known value that means success; then the body always runs here. `failed` tells whether
/// a value fails the test.
pub fn run<R>(
    item: &'static Item,
    monitored: bool,
    elsewhere: Option<R>,
    failed: impl FnOnce(&R) -> bool,
    body: impl FnOnce() -> R,
) -> R {
    let mut test = open(item, monitored, elsewhere.is_some());
    match elsewhere {
        Some(value) if test.ran_elsewhere => value,
        success if item.should_panic.is_expected() => run_expecting_panic(item, test, success, body),
        _ => {
            let value = body();
            let failed = failed(&value);
            if let Some(message) = test.close(failed) {
                panic!("{message}");
            }
            value
        }
    }
}

fn run_expecting_panic<R>(item: &Item, mut test: Test, success: Option<R>, body: impl FnOnce() -> R) -> R {
    let result = panic::catch_unwind(AssertUnwindSafe(body)).map_err(panics::uncounted);
    let as_expected = result.as_ref().err().is_some_and(|payload| item.should_panic.accepts(&**payload));
    let message = test.close(!as_expected);
    match (result, message, success) {
        // To return is what fails a test that should panic.
        (Err(_), Some(message), Some(value)) => {
            eprintln!("{message}");
            value
        }
        (Err(_), Some(message), None) => panic!("{message}"),
        (Err(payload), None, _) => panic::resume_unwind(payload),
        (Ok(value), ..) => value,
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

/// Runs a body that returns a value inside its bracket, which ends before the value is used.
pub fn within<R>(bracket: Body, body: impl FnOnce() -> R) -> R {
    let value = body();
    drop(bracket);
    value
}

/// As [`within`], for an async body.
pub async fn within_async<R>(bracket: Body, body: impl Future<Output = R>) -> R {
    let value = body.await;
    drop(bracket);
    value
}

/// The module of `template`, if `module` is the one that `rstest` or `test_case` made for its cases: `demo::tests` for
/// `demo::tests::template` and, with value lists, for `demo::tests::template::case_1`.
#[must_use]
pub const fn case_module(module: &'static str, template: &str) -> Option<&'static str> {
    match parent(module) {
        Some((parent_module, last)) if equal(last, template) => Some(parent_module),
        Some((parent_module, last)) if starts_with(last, "case_") => match parent(parent_module) {
            Some((module, last)) if equal(last, template) => Some(module),
            _ => None,
        },
        _ => None,
    }
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
    one.len() == other.len() && starts_with(one, other)
}

const fn starts_with(text: &str, start: &str) -> bool {
    if text.len() < start.len() {
        return false;
    }
    let mut at = 0;
    while at < start.len() {
        if text.as_bytes()[at] != start.as_bytes()[at] {
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
        assert_eq!(case_module("demo::test_prime::inner", "test_prime"), None);
        assert_eq!(case_module("test_prime", "test_prime"), None);
    }
}
