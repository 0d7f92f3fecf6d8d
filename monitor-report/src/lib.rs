//! From the rows of monitored tests to answers: what a session cost, what changed, whether that may pass.
//!
//! [`Source`] is what is asked of the rows, [`Repository`] what is asked of the version control system; [`Records`] is both.
//! [`select`] finds the sessions and tests that a user names, [`measure`] reads rows in terms of metrics, [`comparison`],
//! [`gate`] and [`series`] answer, [`view`] makes a [`Document`](document::Document) of an answer, and [`render`] makes bytes
//! of that. Nothing here knows of arguments, terminals, processes or files.
#![forbid(unsafe_code)]

pub mod amount;
pub mod comparison;
pub mod document;
mod error;
pub mod gate;
pub mod measure;
pub mod render;
pub mod repository;
pub mod select;
pub mod series;
pub mod source;
pub mod view;

pub use error::ReportError;
pub use repository::{NoRepository, Repository};
pub use source::{Records, Source};
