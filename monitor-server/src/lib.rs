//! One place for every machine's test results: the REST API of Python's monitor-server-api for clients of either
//! language, and more.
//!
//! A request goes this way: [`serve`] accepts it, [`address`] finds its project, [`access`] lets it pass, [`router`] finds
//! its handler, in [`compat`] or [`ingest`]; what it writes waits in the queue of [`ingest`] for the [`store`].
#![forbid(unsafe_code)]

pub mod access;
pub mod address;
pub mod cli;
pub mod command;
pub mod compat;
pub mod error;
pub mod hand_out;
pub mod ingest;
pub mod judge;
pub mod notify;
pub mod on_the_wire;
pub mod openapi;
pub mod operate;
pub mod pages;
pub mod query;
pub mod router;
pub mod serve;
pub mod state;
pub mod store;
