//! What a test says that does not try something.

use std::io::Write as _;

/// Tells that something is not tried, and why: past the harness, which shows nothing of tests that pass.
pub fn skipped(reason: &str) {
    // Where nobody listens, nobody is told.
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: {reason}");
}
