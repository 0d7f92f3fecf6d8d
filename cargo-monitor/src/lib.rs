//! `cargo monitor`: thin commands over `monitor-report`.
//!
//! [`cli`] says what can be asked, a file of [`command`] answers it as a [`output::Document`], and [`output`] turns that
//! into bytes: nothing else prints results. [`exit`] has every exit code.
#![forbid(unsafe_code)]

pub mod app;
pub mod argument;
pub mod cli;
pub mod command;
pub mod complete;
mod confirm;
mod counting;
mod elsewhere;
pub mod environment;
pub mod exit;
mod explain;
pub mod options;
pub mod output;
mod outside;
mod repository;
mod rules_file;
mod self_test;
pub mod sources;

use std::ffi::OsString;

use clap::CommandFactory as _;

use crate::app::App;
use crate::cli::Cli;
use crate::exit::Exit;

pub use crate::explain::explain;

/// Answers the shell and exits, if it asks for completions (`COMPLETE=bash cargo-monitor`).
pub fn complete() {
    clap_complete::CompleteEnv::with_factory(Cli::command).complete();
}

/// Runs the command that the arguments name, the program's own name first.
///
/// # Errors
///
/// What the user is told; [`explain()`] does it.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<Exit> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|name| name == outside::SUBCOMMAND) {
        return outside::run(&arguments[2..]);
    }
    if arguments.get(1).is_some_and(|name| name == counting::SUBCOMMAND) {
        return counting::run(&arguments[2..]);
    }
    let cli = Cli::of(arguments).map_err(explain::with_hint)?;
    let app = App::new(cli.options);
    let done = cli.command.run(&app);
    app.tell_what_was_left_out();
    done
}
