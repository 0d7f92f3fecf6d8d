//! From the rows of monitored tests to answers: what a session cost, what changed, whether the change may pass.
//!
//! [`Source`] reads the rows, [`Repository`] asks the version control system; [`Records`] holds both. [`select`] finds the
//! sessions and tests that a user names, [`measure`] gives the values of metrics, [`comparison`], [`gate`] and [`series`]
//! answer, [`view`] makes a [`Document`](document::Document) of an answer, and [`render`] turns that into text. Nothing here
//! uses arguments, terminals, processes or files.
//!
//! What changed since the session before, as markdown:
//!
//! ```no_run
//! use monitor_report::comparison::{Comparison, Request, Sides};
//! use monitor_report::{NoRepository, Records, render, view};
//! use monitor_store::Monitor;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let monitor = Monitor::open(".pymon".as_ref())?;
//! let records = Records { source: &monitor, repository: &NoRepository };
//! let sides = Sides::find(records, "latest~1", "latest")?;
//! let comparison = Comparison::new(&monitor, Request::new(sides))?;
//! println!("{}", render::markdown(&view::compare::document(&comparison, false)));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod amount;
pub mod comparison;
pub mod document;
mod error;
pub mod export;
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
