//! How a test tells the program that measures it from outside that it has the attribute.

use std::env;
use std::fs::File;

use crate::facts::{Invocation, MONITORED};

/// Makes the file of [`MONITORED`], if somebody measures this very process from outside. Looks for the `invocation` if it is not known yet.
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
