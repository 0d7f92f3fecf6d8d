//! Measuring scopes, the counting allocator, the session and the recorder: all that `monitor-runtime` is made of,
//! except that nothing is installed as the global allocator.
//!
//! Most packages depend on `monitor-runtime`. One whose library, or a library that it uses, brings a global allocator depends
//! on this crate, under that name:
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

#![allow(clippy::test_attr_in_doctest, reason = "the attribute is for tests")]

pub use allocator::Allocator;
pub use monitor_macros::{allocator, monitored};

#[doc(hidden)]
pub use __install_allocator as __use_allocator;

mod __private;
mod allocator;
mod bracket;
mod config;
mod facts;
mod installed;
mod isolate;
mod item;
mod mark;
mod measure;
mod record;
#[cfg(feature = "remote")]
mod remote;
mod scope;
mod sys;

#[doc(hidden)]
pub mod outside;

/// Whether [`allocator`](macro@allocator) works together with `monitor-runtime` on this platform: true where programs are ELF
/// files. With `monitor-core` alone it works everywhere.
#[doc(hidden)]
pub const CAN_TAKE_AN_ALLOCATOR: bool = cfg!(can_bring_an_allocator);

/// What expansions of `#[allocator]` name.
#[doc(hidden)]
pub mod __allocator {
    pub use core::alloc::GlobalAlloc;
    pub use core::marker::Sync;

    pub use crate::installed::Installed;
    pub use crate::sys::underlying::{Brought, Shared};
}

// `__private`, under a name with the version of this crate.
include!(concat!(env!("OUT_DIR"), "/private.rs"));
