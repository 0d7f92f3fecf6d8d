//! The `.pymon` file: schema, writer and queries, compatible with Python's pytest-monitor 1.6.
//!
//! A test process opens a [`Writer`], registers itself, and applies an [`Entry`] for each thing that happens;
//! what the file does not take goes to a [`Spool`]. A [`Monitor`] answers questions about the file.
//!
//! ```
//! use monitor_store::{Entry, Monitor, Session, Sessions, Writer};
//!
//! # let folder = std::env::temp_dir().join(format!("store-example-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let file = folder.join(".pymon");
//! let session = Session {
//!     session_h: "0123456789abcdef0123456789abcdef".to_owned(),
//!     run_date: "2026-11-23T10:00:00".parse()?,
//!     scm_id: "1f3a9c0".to_owned(),
//!     description: Vec::new(),
//! };
//! let mut writer = Writer::open(&file)?;
//! writer.apply(&[Entry::Session { session, lockfile: None }])?;
//! writer.close(true)?;
//!
//! let newest = Monitor::open(&file)?.sessions(&Sessions::all().newest(1))?;
//! assert_eq!(newest[0].scm_id, "1f3a9c0");
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod count_flags;
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
mod place;
mod private_folder;
pub mod procfs;
mod rows;
mod spool;
mod sqlite;
mod summary;
mod test_run;
mod timestamp;
mod words;

pub use count_flags::CountFlags;
pub use descriptors::Descriptors;
pub use duration::duration;
pub use entry::Entry;
pub use error::StoreError;
pub use figures::{Figure, Figures, RunFigures, SessionFigures};
pub use filter::{Metrics, Resource, Sessions};
pub use hash::hash_hex;
pub use machine_class::machine_class;
pub use measures::{Amount, Fold, MEASURES, Measure, Measures, Number, Unit};
pub use private_folder::PrivateFolder;
pub use rows::{ContextClass, ExecutionContext, Metric, Process, Profile, ProfileKey, Session};
pub use spool::{Kept, Registered, Siblings, Spool};
pub use sqlite::costs::Cost;
pub use sqlite::database::DEFAULT_PATIENCE;
pub use sqlite::maintain::Merged;
pub use sqlite::monitor::{Monitor, SessionDetails};
pub use sqlite::unfit::LeftOut;
pub use sqlite::writer::Writer;
pub use test_run::{OutcomeCounts, Test, TestId};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use words::{Attribution, Kind, MemSource, Outcome};
