//! Isolation: a test's body runs in a process of its own, the same test binary asked for exactly that test.
//!
//! The child measures and records; the parent passes on its output and how it ended.

mod child;
mod parent;

pub(crate) use child::{Child, inherited_session, is_isolated};
pub(crate) use parent::{End, run};

/// Tells the child that it is one: `<session hash>:<path of the report>`.
const VARIABLE: &str = "MONITOR_ISOLATED";
/// Where the body's own output begins and ends on the child's stdout, among what the harness prints.
const BEGIN: &str = "\u{2}monitor: the isolated body begins\u{2}";
const END: &str = "\u{3}monitor: the isolated body ends\u{3}";
/// What the report of a body that panicked begins with; the message follows.
const PANICKED: &str = "panicked\n";
/// The report of a body that returned.
const RETURNED: &str = "returned\n";
