//! The file as SQLite holds it: schema, writer and queries. No type of SQLite is seen outside of this folder, so that rows,
//! filters and errors serve another backend too.

mod cells;
mod classes;
mod columns;
mod conditions;
pub(crate) mod costs;
pub(crate) mod database;
mod error;
mod figures;
pub(crate) mod insert;
mod items;
pub(crate) mod maintain;
pub(crate) mod memory;
mod migrations;
pub(crate) mod monitor;
mod numbers;
mod open;
mod processes;
mod reader;
mod run;
mod runs;
mod settle;
mod statements;
mod types;
pub(crate) mod unfit;
pub(crate) mod writer;
