//! The server from outside: a process, asked over HTTP, on each kind of database.
#![forbid(unsafe_code)]

mod access;
mod clients;
mod contract;
mod durability;
mod hostile;
mod http;
mod ingest;
mod operate;
mod postgres;
mod process;
mod samples;
