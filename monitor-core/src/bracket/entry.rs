//! How expansions of `#[monitored]` open and close the brackets around a test.
//!
//! A test is measured by two brackets. The *test* bracket is the function the harness calls: it owns
//! the scope (threads born inside inherit it), runs the body elsewhere if it is isolated, learns the
//! outcome and records. The *body* bracket is the user's own code: `begin` starts the measurement
//! afresh, so that fixtures, locks and runtimes that other attributes put around the body are not
//! counted. In the plain case there is only the test bracket, and it measures.

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use super::body_bracket::BodyBracket;
use super::listed;
use super::process_end;
use super::test_bracket::TestBracket;
use crate::isolate::{self, Child, End};
use crate::item::{Item, Parameter};
use crate::mark;
use crate::measure::{instructions, panics};

/// The test bracket; measures until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Test {
    bracket: Option<TestBracket>,
    /// Reports how the isolated body ended, a panic of the bracket's included.
    _child: Option<Child>,
    ran_elsewhere: bool,
    /// Whether the instructions of what runs inside are counted.
    is_counted: bool,
}

/// The body bracket; measures until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Body {
    bracket: Option<BodyBracket>,
    is_counted: bool,
}

/// Makes the test fail with this message, which names the test's file and line; the panic hook would name this file.
fn fail(message: String) -> ! {
    eprintln!("{message}");
    panic::resume_unwind(Box::new(message))
}

impl Drop for Body {
    fn drop(&mut self) {
        instructions::stop(self.is_counted);
        if let Some(message) = self.bracket.take().and_then(|bracket| bracket.close(thread::panicking())) {
            fail(message);
        }
    }
}

/// The test begins, and is not to be monitored.
pub fn skipped() {
    mark::tell(None);
}

/// Opens the test bracket. `monitored` is false if `skip_if` or `when` say so.
pub fn enter(item: &'static Item, monitored: bool) -> Test {
    open(item, monitored, true).begun()
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
        _ => Ok(test.begun()),
    }
}

/// Opens the test bracket of a function whose type can't be named, so that its body always runs here.
pub fn enter_here(item: &'static Item, monitored: bool) -> Test {
    open(item, monitored, false).begun()
}

fn open(item: &'static Item, monitored: bool, may_isolate: bool) -> Test {
    let mut test = Test { bracket: None, _child: None, ran_elsewhere: false, is_counted: false };
    if monitored || item.deferred {
        listed::list(item, (!item.deferred).then_some(&[]));
    }
    let Some(recorder) = process_end::recorder_for(item) else { return test };
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
            End::Failed(message) => fail(message),
        }
        return test;
    }
    test._child = Child::begin();
    test.bracket = Some(TestBracket::open(item, recorder, monitored, item.deferred, &[]));
    test
}

impl Test {
    /// What the caller does next is the test.
    fn begun(mut self) -> Self {
        self.is_counted = instructions::start();
        self
    }

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
            fail(message);
        }
    }

    /// Ends the bracket; the message is what the test fails with unless it has failed anyway.
    fn message(&mut self, failed: bool) -> Option<String> {
        instructions::stop(self.is_counted);
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
    test.is_counted = instructions::start();
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
    let bracket = BodyBracket::begin(item, monitored, parameters);
    Body { bracket, is_counted: instructions::start() }
}
