//! Tools for black-box tests: fixture projects in temporary folders, the real cargo, the file as SQL sees it.
#![forbid(unsafe_code)]
#![expect(clippy::missing_panics_doc, reason = "what a test expects, or the test fails")]

pub mod axe;
pub mod browser;
mod database;
pub mod heap;
pub mod markdown;
pub mod members;
pub mod plants;
mod project;
pub mod published;
mod python;
pub mod shapes;
mod skip;
pub mod terminal;
pub mod trouble;

pub use database::{Database, Table};
pub use project::{Project, Run, cargo_monitor, manifest, nextest_is_there, repository, run, valgrind_is_there};
pub use python::{Python, python, schemathesis, shellcheck};
pub use skip::skipped;
