//! Sessions of tests on their way between `.pymon` files and a monitor-server.
//!
//! [`Batch`] is what is sent: one session with all that belongs to it. [`Batch::read`] takes it out of a file, [`Target`]
//! puts it into one, and `Server` sends and fetches it over HTTP.
//!
//! A file's newest session is sent so:
//!
//! ```no_run
//! # #[cfg(feature = "http")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use monitor_client::{Batch, Server};
//! use monitor_store::{Monitor, Sessions};
//!
//! let server = Server::at("https://monitor.example.org/p/ours", std::env::var("MONITOR_REMOTE_TOKEN").ok(), None)?;
//! let monitor = Monitor::open(".pymon".as_ref())?;
//! for session in monitor.sessions(&Sessions::all().newest(1))? {
//!     let stored = server.push(&Batch::read(&monitor, session, true)?)?;
//!     println!("{} rows, {} of them new", stored.rows, stored.new_rows);
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "http"))]
//! # fn main() {}
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "http")]
mod error;
mod fields;
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
pub use fields::{Field, Fields};
#[cfg(feature = "http")]
pub use server::{Server, Stored, post};
pub use target::{Target, TargetError};
pub use wire::Batch;
