//! Measuring scopes, the counting allocator, the session and the recorder: all that `monitor-runtime` is made of,
//! except that nothing is installed as the global allocator.
//!
//! Most packages depend on `monitor-runtime`. One with a global allocator of its own depends on this crate, under that
//! name, and wraps its allocator in an [`Allocator`]:
//!
//! ```toml
//! [dev-dependencies]
//! monitor-runtime = { package = "monitor-core", version = "0.1" }
//! ```
//!
//! # Features
//!
//! - `thread-attribution` (default): threads born inside a test count for it, on Linux with glibc.
//! - `bundled-sqlite` (default): builds SQLite. Without it the system's library is linked.
//! - `portable`: measures with `sysinfo` and `std` only, as on platforms without a backend of their own.

#![allow(clippy::test_attr_in_doctest, reason = "the attribute is for tests")]

pub use allocator::Allocator;
pub use monitor_macros::monitored;

mod __private;
mod allocator;
mod bracket;
mod config;
mod facts;
mod isolate;
mod item;
mod mark;
mod measure;
mod record;
mod scope;
mod sys;

#[doc(hidden)]
pub mod outside;

// `__private`, under a name with the version of this crate.
include!(concat!(env!("OUT_DIR"), "/private.rs"));
