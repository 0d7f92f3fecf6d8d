//! What can be asked: the arguments.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::app::App;
use crate::command;
use crate::exit::{self, Exit};

/// See, compare and export what tests cost.
#[derive(Debug, Parser)]
#[command(name = "cargo-monitor", bin_name = "cargo monitor", version, after_help = exit::HELP)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub options: Options,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// File with the measures [default: MONITOR_DB, else `.pymon` in the workspace's root]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub db: Option<PathBuf>,
    /// How results are printed
    #[arg(long, global = true, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// When to use colour; NO_COLOR turns it off too
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: each value in the unit that suits it
    Table,
    /// For programs: columns carry their unit in the name
    Json,
    /// For spreadsheets: as json, the first table only
    Csv,
    /// For comments of pull requests
    Markdown,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List sessions, newest first
    Sessions(command::sessions::Arguments),
    /// Show the tests of a session
    Show(command::show::Arguments),
    /// Rank tests, modules, components or packages by what they use
    Top(command::top::Arguments),
}

impl Command {
    pub(crate) fn run(&self, app: &App) -> anyhow::Result<Exit> {
        match self {
            Self::Sessions(arguments) => command::sessions::run(arguments, app),
            Self::Show(arguments) => command::show::run(arguments, app),
            Self::Top(arguments) => command::top::run(arguments, app),
        }
    }
}

/// Cargo runs `cargo monitor …` as `cargo-monitor monitor …`; people also type `cargo-monitor …`.
pub(crate) fn without_subcommand_name(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|name| name == "monitor") {
        arguments.remove(1);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn both_ways_to_call_are_the_same() {
        let strip = |words: &[&str]| without_subcommand_name(words.iter().map(OsString::from));
        assert_eq!(strip(&["cargo-monitor", "monitor", "sessions"]), strip(&["cargo-monitor", "sessions"]));
        assert_eq!(strip(&["cargo-monitor"]), ["cargo-monitor"]);
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(command.is_hide_set() || help.contains("cargo monitor"), "{}: {help}", command.get_name());
        }
    }
}
