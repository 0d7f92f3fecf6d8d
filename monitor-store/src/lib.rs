//! The `.pymon` file: schema, writer and queries, compatible with Python's pytest-monitor 1.6.
//!
//! A test process opens a [`Writer`], registers itself, and applies an [`Entry`] for each thing that happens;
//! what the file does not take goes to a [`Spool`]. A [`Monitor`] answers questions about the file.
#![forbid(unsafe_code)]

mod description;
mod descriptors;
mod duration;
mod entry;
mod error;
mod fields;
mod figures;
mod filesystem;
mod filter;
mod hash;
mod json;
pub mod liveness;
pub mod location;
mod machine_class;
mod manifest;
mod measures;
mod private_folder;
pub mod procfs;
mod rows;
mod spool;
mod sqlite;
mod summary;
mod test_run;
mod timestamp;
mod words;

pub use descriptors::Descriptors;
pub use duration::duration;
pub use entry::Entry;
pub use error::StoreError;
pub use figures::{Figure, Figures, RunFigures, SessionFigures};
pub use filter::{Metrics, Resource, Sessions};
pub use hash::hash_hex;
pub use machine_class::machine_class;
pub use measures::{Amount, Fold, MEASURES, Measure, Measures, Number, Unit};
pub use private_folder::private_folder;
pub use rows::{ContextClass, ExecutionContext, Metric, Process, Profile, ProfileKey, Session};
pub use spool::{Kept, Spool};
pub use sqlite::costs::Cost;
pub use sqlite::database::DEFAULT_PATIENCE;
pub use sqlite::maintain::Merged;
pub use sqlite::monitor::{Monitor, SessionDetails};
pub use sqlite::writer::Writer;
pub use test_run::{OutcomeCounts, Test, TestId};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use words::{Attribution, Kind, MemSource, Outcome};
