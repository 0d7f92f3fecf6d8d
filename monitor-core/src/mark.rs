//! What a test tells to who measures it from outside: that it has the attribute.

use std::env;
use std::fs::File;

use crate::facts::Invocation;

/// Names the file that tells who measures a test from outside that the test has the attribute. Made when the first bracket in
/// the process opens, whether it records or is told to skip.
pub const MONITORED: &str = "CARGO_MONITOR_OUTSIDE_MONITORED";

/// Makes that file, if somebody measures this very process from outside. Looks for the `invocation` if it is not known yet.
pub(crate) fn tell(invocation: Option<&Invocation>) {
    let Some(path) = env::var_os(MONITORED) else { return };
    let is_inherited = match invocation {
        Some(invocation) => invocation.is_inherited(MONITORED, &path),
        None => Invocation::find().is_inherited(MONITORED, &path),
    };
    if !is_inherited {
        // If it can't be made, the test has two rows.
        let _ = File::create(path);
    }
}
