//! One place for every machine's test results: the REST API of Python's monitor-server-api for clients of either
//! language, and more.
//!
//! A request goes this way: `serve` accepts it, `address` finds its project, `access` lets it pass, `router` finds
//! its handler, in `compat` or `ingest`; what it writes waits in the queue of `ingest` for the `store`.
#![forbid(unsafe_code)]

pub mod access;
mod address;
mod at_once;
pub mod cli;
pub mod command;
mod compat;
pub mod error;
mod hand_out;
mod head_timer;
mod ingest;
mod judge;
pub mod notify;
mod on_the_wire;
mod openapi;
mod operate;
mod pages;
mod query;
mod router;
pub mod serve;
pub mod state;
pub mod store;
