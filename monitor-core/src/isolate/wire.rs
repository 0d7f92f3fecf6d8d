//! What the two processes say to each other: in the environment, in a report, and on the output.

use std::env;

use once_cell::sync::OnceCell;

use crate::sys;

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

/// Whether this process was made for one test. One that such a process makes inherits the variables, and was not.
pub(crate) fn is_isolated() -> bool {
    static IS_ISOLATED: OnceCell<bool> = OnceCell::new();
    *IS_ISOLATED.get_or_init(|| {
        let maker: Option<u32> = env::var(MADE_BY).ok().and_then(|pid| pid.parse().ok());
        env::var_os(VARIABLE).is_some() && sys::parent_id().is_none_or(|parent| maker == Some(parent))
    })
}

/// The session of the process that made this one.
pub(crate) fn inherited_session() -> Option<String> {
    let value = env::var(VARIABLE).ok().filter(|_| is_isolated())?;
    Some(value.split_once(':')?.0.to_owned())
}

/// The name of the report of process `pid`: one that the body starts, and that takes itself for the isolated one, has another.
pub(super) fn report_of(pid: u32) -> String {
    format!("report-{pid}")
}
