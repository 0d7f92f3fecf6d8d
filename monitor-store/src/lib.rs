//! The `.pymon` file: schema, writer and queries, compatible with Python's pytest-monitor 1.6.
//!
//! A test process opens a [`Writer`], registers itself, and applies an [`Entry`] for each thing that happens;
//! what the file does not take goes to a [`Spool`]. A [`Monitor`] answers questions about the file.
#![forbid(unsafe_code)]

mod columns;
mod conditions;
mod database;
mod description;
mod descriptors;
mod entry;
mod error;
mod fields;
mod filesystem;
mod filter;
mod hash;
mod insert;
mod json;
pub mod liveness;
pub mod location;
mod machine_class;
mod maintain;
mod measures;
mod migrations;
mod monitor;
pub mod procfs;
mod reader;
mod rows;
mod settle;
mod spool;
mod statement;
mod summary;
mod test;
mod timestamp;
mod words;
mod writer;

pub use database::DEFAULT_PATIENCE;
pub use descriptors::Descriptors;
pub use entry::Entry;
pub use error::StoreError;
pub use filter::{Metrics, Resource, Sessions};
pub use hash::hash_hex;
pub use machine_class::machine_class;
pub use maintain::Merged;
pub use measures::{Amount, Fold, MEASURES, Measure, Measures, Number, Unit};
pub use monitor::{Monitor, SessionDetails};
pub use rows::{ContextClass, ExecutionContext, Metric, Process, Profile, ProfileKey, Session};
pub use spool::{Kept, Spool};
pub use test::{OutcomeCounts, Test, TestId};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use words::{Attribution, Kind, MemSource, Outcome};
pub use writer::Writer;
