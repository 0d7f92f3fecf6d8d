//! The server from outside: a process, asked over HTTP, on each kind of database.
#![forbid(unsafe_code)]

mod access;
mod bouncer;
mod chapter;
mod clients;
mod contract;
mod costs;
mod durability;
mod encryption;
mod found;
mod history;
mod hostile;
mod http;
mod ingest;
mod judge;
mod judged;
mod notify;
mod operate;
mod outage;
mod pages;
mod postgres;
mod process;
mod proxy;
mod remote;
mod samples;
mod tls;
