//! `cargo monitor`: what tests cost, from the `.pymon` file.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_monitor::complete();
    match cargo_monitor::run(std::env::args_os()) {
        Ok(exit) => exit.into(),
        Err(error) => cargo_monitor::explain(&error).into(),
    }
}
