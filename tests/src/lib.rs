//! Tools for black-box tests: fixture projects in temporary folders, the real cargo, the file as SQL sees it.
#![forbid(unsafe_code)]

pub mod browser;
mod database;
pub mod heap;
pub mod markdown;
pub mod members;
mod project;
mod python;
pub mod shapes;
mod skip;
pub mod terminal;
pub mod trouble;

pub use database::{Database, Table};
pub use project::{Project, Run, manifest, nextest_is_there, repository, run};
pub use python::{Python, python, schemathesis};
pub use skip::skipped;
