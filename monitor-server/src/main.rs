//! `monitor-server`: runs, tells an error, exits.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;
use monitor_server::cli::Cli;
use monitor_server::command;

fn main() -> ExitCode {
    match command::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
