//! What a test binary links: measuring scopes, the counting allocator, the session and the recorder.
//!
//! Put [`monitored`] on a test, run plain `cargo test`, and find what the test cost in the `.pymon` file of the
//! workspace:
//!
//! ```
//! use monitor_runtime::monitored;
//!
//! #[monitored]
//! #[test]
//! fn prime() {
//!     assert!((2..31).all(|divisor| 31 % divisor != 0));
//! }
//! ```
//!
//! # Features
//!
//! - `allocator` (default): installs [`Allocator`] as the global allocator. A crate that has one of its own turns
//!   this off and wraps it.
//! - `thread-attribution` (default): threads born inside a test count for it, on Linux with glibc.
//! - `portable`: measures with `sysinfo` and `std` only, as on platforms without a backend of their own.

#![allow(clippy::test_attr_in_doctest, reason = "the attribute is for tests")]

pub use allocator::Allocator;
pub use monitor_macros::monitored;

mod allocator;
mod budget;
mod claims;
mod config;
mod facts;
mod isolate;
mod measurement;
mod neighbours;
mod overhead;
mod panics;
mod parameter;
mod recorder;
mod scope;
mod sys;
mod test;
mod variant;

#[doc(hidden)]
pub mod __private;
#[doc(hidden)]
pub mod outside;
