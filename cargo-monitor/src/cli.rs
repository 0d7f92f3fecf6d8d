//! What can be asked: the arguments.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::app::App;
use crate::command;
use crate::command::test::Runner;
use crate::exit::{self, Exit};
use crate::options::Options;

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

impl Cli {
    /// What arguments say, the program's own name first.
    ///
    /// # Errors
    ///
    /// If they are no command; also where they ask for help.
    pub fn of(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(arranged(arguments))
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Put the attribute on every test of a workspace, and add the dependency that it needs
    Init(command::init::Arguments),
    /// Run `cargo test`, then show what its tests cost
    #[command(
        override_usage = "cargo monitor test [OPTIONS] [ARGUMENTS OF cargo test]",
        after_help = "\
Options of cargo monitor may stand anywhere before `--`; everything else is passed to `cargo test`, whose exit code is returned.

Examples:
  cargo monitor test
  cargo monitor test --release --package core prime -- --test-threads=1
  cargo monitor test --repeat 5 --tag branch=faster --description 'rewritten'
  cargo monitor test --repeat 10 --against main
  cargo monitor test --format markdown > summary.md
  cargo monitor test --instructions prime"
    )]
    Test(command::test::Arguments),
    /// Run `cargo nextest run`, then show what its tests cost, also those without the attribute
    #[command(
        override_usage = "cargo monitor nextest [OPTIONS] [run] [ARGUMENTS OF cargo nextest run]",
        after_help = "\
Options of cargo monitor may stand anywhere before `--`; everything else is passed to `cargo nextest run`, whose exit code is returned. \
Tests without #[monitored] are measured from outside, as processes: wall and CPU time, resident peak, page faults.

Examples:
  cargo monitor nextest
  cargo monitor nextest run --release -E 'test(prime)' --retries 2
  cargo monitor nextest --repeat 5 --tag branch=faster"
    )]
    Nextest(command::test::Arguments),
    /// List sessions, newest first
    Sessions(command::sessions::Arguments),
    /// Show the tests of a session
    Show(command::show::Arguments),
    /// Rank tests, modules, components or packages by what they use
    Top(command::top::Arguments),
    /// Compare two sessions, commits or branches
    Compare(command::compare::Arguments),
    /// Measure how often the gate is wrong on the history in this file
    Calibrate(command::calibrate::Arguments),
    /// Estimate wall time and memory on other machines
    Capacity(command::capacity::Arguments),
    /// Show which functions a test spends its instructions in, and what changed there
    Explain(command::explain::Arguments),
    /// Find the commit that made a test cost more
    Bisect(command::bisect::Arguments),
    /// Show the history of a test, and where it changed
    History(command::history::Arguments),
    /// Draw the history of tests: in the terminal, as SVG, PNG or HTML
    Plot(command::plot::Arguments),
    /// Write a page about a session: what it cost, what changed, histories
    Report(command::report::Arguments),
    /// Fail if tests cost more than they did: for CI
    Gate(command::gate::Arguments),
    /// Accept that a test costs more, or less, from a commit on: the gate then compares with the new level
    Accept(command::accept::Arguments),
    /// Write the rows of sessions as CSV or JSON lines
    Export(command::export::Arguments),
    /// Add the results of criterion, JUnit reports, github-action-benchmark, pytest-monitor and others, or of `export`
    Import(command::import::Arguments),
    /// Add the sessions of other files to this one
    Merge(command::merge::Arguments),
    /// Send sessions to a monitor-server
    Push(command::push::Arguments),
    /// Fetch sessions from a monitor-server
    Pull(command::pull::Arguments),
    /// Delete old sessions
    Prune(command::prune::Arguments),
    /// Look for problems in the project and its file
    Doctor(command::doctor::Arguments),
    /// Print the completion script of a shell for `cargo-monitor`
    Completions(command::completions::Arguments),
}

impl Command {
    pub(crate) fn run(&self, app: &App) -> anyhow::Result<Exit> {
        let done = match self {
            Self::Init(arguments) => return command::init::run(arguments, app),
            Self::Test(arguments) => return command::test::run(arguments, Runner::Test, app),
            Self::Nextest(arguments) => return command::test::run(arguments, Runner::Nextest, app),
            Self::Gate(arguments) => return command::gate::run(arguments, app),
            Self::Import(arguments) => return command::import::run(arguments, app),
            Self::Doctor(arguments) => return command::doctor::run(arguments, app),
            Self::Sessions(arguments) => command::sessions::run(arguments, app),
            Self::Show(arguments) => command::show::run(arguments, app),
            Self::Top(arguments) => command::top::run(arguments, app),
            Self::Compare(arguments) => command::compare::run(arguments, app),
            Self::Calibrate(arguments) => command::calibrate::run(arguments, app),
            Self::Capacity(arguments) => command::capacity::run(arguments, app),
            Self::Explain(arguments) => command::explain::run(arguments, app),
            Self::Bisect(arguments) => command::bisect::run(arguments, app),
            Self::History(arguments) => command::history::run(arguments, app),
            Self::Plot(arguments) => command::plot::run(arguments, app),
            Self::Report(arguments) => command::report::run(arguments, app),
            Self::Accept(arguments) => command::accept::run(arguments, app),
            Self::Export(arguments) => command::export::run(arguments, app),
            Self::Merge(arguments) => command::merge::run(arguments, app),
            Self::Push(arguments) => command::push::run(arguments, app),
            Self::Pull(arguments) => command::pull::run(arguments, app),
            Self::Prune(arguments) => command::prune::run(arguments, app),
            Self::Completions(arguments) => command::completions::run(arguments),
        };
        done.map(|()| Exit::Success)
    }
}

/// The arguments as the parser takes them.
///
/// Cargo runs `cargo monitor …` as `cargo-monitor monitor …`; people also type `cargo-monitor …`. What `test` and
/// `nextest` hand to cargo goes behind a `--` of its own, so that our options may stand anywhere among cargo's.
pub(crate) fn arranged(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|name| name == "monitor") {
        arguments.remove(1);
    }
    let Some(at) = subcommand(&arguments) else { return arguments };
    if !["test", "nextest"].iter().any(|name| arguments[at] == *name) {
        return arguments;
    }
    let mut rest = arguments.split_off(at + 1).into_iter();
    let mut cargo = Vec::new();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        if text == "--" {
            cargo.push(argument);
            cargo.extend(rest.by_ref());
        } else if ["-h", "--help"].contains(&&*text)
            || ALONE.contains(&&*text)
            || OURS.iter().any(|name| text.starts_with(&format!("{name}=")))
        {
            arguments.push(argument);
        } else if text == BOTH || text.starts_with(&format!("{BOTH}=")) {
            let value = if text == BOTH { rest.next() } else { None };
            for taker in [&mut arguments, &mut cargo] {
                taker.push(argument.clone());
                taker.extend(value.clone());
            }
        } else if OURS.contains(&&*text) {
            arguments.push(argument);
            arguments.extend(rest.next());
        } else {
            cargo.push(argument);
        }
    }
    arguments.push("--".into());
    arguments.extend(cargo);
    arguments
}

/// Options, each with a value, that `test` and `nextest` do not hand to cargo.
const OURS: [&str; 9] =
    ["--repeat", "--against", "--confirm", "--tag", "--description", "--component", "--db", "--format", "--write"];

/// The option that is for us and for cargo.
const BOTH: &str = "--manifest-path";

/// Options without a value that stand before the subcommand.
const FLAGS: [&str; 2] = ["--quiet", "-q"];

/// Options without a value that `test` and `nextest` do not hand to cargo.
const ALONE: [&str; 1] = ["--instructions"];

/// Where the subcommand is: behind options, which take a value each.
fn subcommand(arguments: &[OsString]) -> Option<usize> {
    let mut at = 1;
    while let Some(argument) = arguments.get(at) {
        let text = argument.to_string_lossy();
        if FLAGS.contains(&&*text) {
            at += 1;
            continue;
        }
        match text.strip_prefix("--") {
            None => return Some(at),
            Some(option) if option.contains('=') => at += 1,
            Some(_) => at += 2,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    fn arrange(line: &str) -> String {
        let arguments = arranged(line.split(' ').map(OsString::from));
        arguments.iter().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn both_ways_to_call_are_the_same() {
        assert_eq!(arrange("cargo-monitor monitor sessions -n 3"), "cargo-monitor sessions -n 3");
        assert_eq!(arrange("cargo-monitor sessions -n 3"), "cargo-monitor sessions -n 3");
        assert_eq!(arrange("cargo-monitor"), "cargo-monitor");
    }

    #[test]
    fn our_options_stand_anywhere_among_those_of_cargo() {
        let cases = [
            ("x test", "x test --"),
            ("x --db f test --release", "x --db f test -- --release"),
            (
                "x test --release --repeat 3 name -- --nocapture --tag",
                "x test --repeat 3 -- --release name -- --nocapture --tag",
            ),
            ("x test --tag=a=b -p core --format json", "x test --tag=a=b --format json -- -p core"),
            ("x nextest run --retries 2 --tag a=b", "x nextest --tag a=b -- run --retries 2"),
            (
                "x test --manifest-path a/Cargo.toml",
                "x test --manifest-path a/Cargo.toml -- --manifest-path a/Cargo.toml",
            ),
            ("x -q test name", "x -q test -- name"),
            ("x test -- --help", "x test -- -- --help"),
            ("x test --help", "x test --help --"),
            ("x show test", "x show test"),
        ];
        for (line, arranged) in cases {
            assert_eq!(arrange(line), arranged);
        }
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(command.is_hide_set() || help.contains("cargo monitor"), "{}: {help}", command.get_name());
        }
    }
}
