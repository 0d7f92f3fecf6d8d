//! The API of Python's monitor-server-api: what pytest-monitor sends, and what `monitor_api` asks for.
//!
//! A file for each resource. `ask` is a request for a listing, `entity` what is sent and received.

mod ask;
pub mod components;
pub mod contexts;
pub mod date;
pub mod entity;
mod mask;
pub mod metrics;
mod page;
pub mod pipelines;
pub mod python;
pub mod render;
pub mod resources;
pub mod sessions;
mod submission;

pub use ask::{Ask, Reply, count, names};
