//! What a test binary links: all of [`monitor_core`], and its counting allocator, installed.
//!
//! Put [`monitored`] on a test, run plain `cargo test`, and find what the test cost in the `.pymon` file of the
//! workspace:
//!
//! ```
//! use monitor_runtime::monitored;
//!
//! #[test]
//! #[monitored]
//! fn prime() {
//!     assert!((2..31).all(|divisor| 31 % divisor != 0));
//! }
//! ```
//!
//! A program has one global allocator. A test binary with one of its own writes [`allocator`](macro@allocator) in place of the
//! language's `#[global_allocator]`. A package whose library has one, or that uses such a library, depends on the core, under
//! this crate's name; its tests stay the same:
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
//! - `unix`: measures by what POSIX tells, as on macOS, FreeBSD and OpenBSD.
//! - `portable`: measures with `sysinfo` and `std` only, as on platforms without a backend of their own.
//! - `remote`: sends rows to the server in `MONITOR_REMOTE` when a process ends; brings an HTTP client into test binaries.

#![forbid(unsafe_code)]
#![allow(clippy::test_attr_in_doctest, reason = "the attribute is for tests")]

pub use monitor_core::*;

// Beside an allocator that is installed already.
#[doc(hidden)]
pub use monitor_core::__bring_allocator as __use_allocator;

#[global_allocator]
static INSTALLED: __allocator::Installed = __allocator::Installed;
