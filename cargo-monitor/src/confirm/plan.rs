//! How to measure again.

use std::ffi::OsString;

/// How to measure again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    /// Runs of each side.
    pub(crate) pairs: u32,
    /// What cargo is told beside the names of the tests.
    pub(crate) cargo: &'a [OsString],
}
