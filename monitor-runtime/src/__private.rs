//! What expansions of `#[monitored]` call. Not public API: it changes with the macro.
//!
//! A test is measured by two brackets. The *test* bracket is the function the harness calls: it owns
//! the scope (threads born inside inherit it), runs the body elsewhere if it is isolated, learns the
//! outcome and records. The *body* bracket is the user's own code: `begin` starts the measurement
//! afresh, so that fixtures, locks and runtimes that other attributes put around the body are not
//! counted. In the plain case there is only the test bracket, and it measures.

use std::time::Duration;

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
pub struct Test(());

/// The body bracket; measures until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Body(());

/// Opens the test bracket. `monitored` is false if `skip_if` or `when` say so.
pub fn enter(item: &'static Item, monitored: bool) -> Test {
    let _ = (item, monitored);
    Test(())
}

impl Test {
    /// Whether the body ran in a process of its own, so that this one returns without running it.
    #[must_use]
    pub fn ran_elsewhere(&self) -> bool {
        false
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
    let _ = (item, monitored, elsewhere);
    let value = body();
    let _ = failed(&value);
    value
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
    let _ = (item, monitored, parameters);
    Body(())
}
