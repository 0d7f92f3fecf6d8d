//! What the attribute says of a test, written when the test is compiled.

use std::any::Any;
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
    /// Option `max_instructions`.
    pub max_instructions: Option<u64>,
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
    pub(crate) fn accepts(&self, payload: &(dyn Any + Send)) -> bool {
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
