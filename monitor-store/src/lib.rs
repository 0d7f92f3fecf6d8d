//! The `.pymon` file: schema, writer and queries, compatible with Python's pytest-monitor 1.6.
//!
//! A test process opens a [`Writer`], registers itself, and applies an [`Entry`] for each thing that happens;
//! what the file does not take goes to a [`Spool`].
#![forbid(unsafe_code)]

mod columns;
mod database;
mod description;
mod entry;
mod error;
mod filesystem;
mod hash;
mod insert;
pub mod liveness;
mod migrations;
mod rows;
mod settle;
mod spool;
mod statement;
mod summary;
mod timestamp;
mod words;
mod writer;

pub use database::DEFAULT_PATIENCE;
pub use entry::Entry;
pub use error::StoreError;
pub use hash::hash_hex;
pub use rows::{
    ContextClass, ExecutionContext, Measures, Metric, Process, Profile, ProfileKey, Session,
};
pub use spool::Spool;
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use words::{Attribution, Kind, MemSource, Outcome};
pub use writer::Writer;
