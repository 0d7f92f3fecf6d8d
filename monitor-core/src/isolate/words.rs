//! What the two processes say to each other.

/// Tells the child that it is one: `<session hash>:<folder for the report>`.
pub(super) const VARIABLE: &str = "MONITOR_ISOLATED";
/// The id of the process that has made it: one that it makes itself inherits the variables.
pub(super) const MADE_BY: &str = "MONITOR_ISOLATED_BY";
/// Where the body's own output begins and ends on the child's stdout, among what the harness prints.
pub(super) const BEGIN: &str = "\u{2}monitor: the isolated body begins\u{2}";
pub(super) const END: &str = "\u{3}monitor: the isolated body ends\u{3}";
/// What the report of a body that panicked begins with; the message follows.
pub(super) const PANICKED: &str = "panicked\n";
/// The report of a body that returned.
pub(super) const RETURNED: &str = "returned\n";
