//! Tools for black-box tests: fixture projects in temporary folders, the real cargo, the file as SQL sees it.
#![forbid(unsafe_code)]

use std::io::Write as _;

pub mod browser;
mod database;
pub mod heap;
pub mod markdown;
pub mod members;
mod project;
mod python;
pub mod shapes;
pub mod trouble;

pub use database::{Database, Table};
pub use project::{Project, Run, manifest, nextest_is_there, repository, run};
pub use python::{Python, python};

/// Tells that something is not tried, and why: past the harness, which shows nothing of tests that pass.
pub fn skipped(reason: &str) {
    // Where nobody listens, nobody is told.
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: {reason}");
}
