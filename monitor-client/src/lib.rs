//! Sessions of tests on their way between `.pymon` files and a monitor-server.
//!
//! [`Batch`] is what is sent: one session with all that belongs to it. [`Batch::read`] takes it out of a file, [`Target`]
//! puts it into one, and `Server` sends and fetches it over HTTP.
#![forbid(unsafe_code)]

#[cfg(feature = "http")]
mod error;
#[cfg(feature = "http")]
pub mod mirror;
#[cfg(feature = "http")]
pub mod queue;
mod rows;
#[cfg(feature = "http")]
mod server;
mod source;
mod target;
pub mod wire;

#[cfg(feature = "http")]
pub use error::ClientError;
#[cfg(feature = "http")]
pub use server::{Server, Stored, post};
pub use target::{Target, TargetError};
pub use wire::Batch;
