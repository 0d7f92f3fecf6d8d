//! Cargo's own command: its arguments, its environment, its end.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;

use super::keeper;
use crate::app::App;
use crate::environment;
use crate::options::{Color, Format};

/// What runs the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    /// `cargo test`
    Test,
    /// `cargo nextest run`
    Nextest,
}

/// One run of the tests.
pub(super) struct Run<'a> {
    pub runner: Runner,
    pub arguments: &'a [OsString],
    /// Where cargo runs; the current folder if `None`.
    pub folder: Option<&'a Path>,
    /// Where the tests record; `None` if they do not.
    pub file: Option<&'a Path>,
    /// `MONITOR_SESSION`.
    pub session: &'a str,
    pub variables: Vec<(&'static str, String)>,
    pub app: &'a App,
}

impl Run<'_> {
    /// Runs cargo to its end; its exit code, or 128 and the signal that ended it.
    pub(super) fn run(&self, more_variables: &[(OsString, OsString)]) -> anyhow::Result<u8> {
        let mut command = self.command()?;
        command.envs(more_variables.iter().map(|(name, value)| (name, value)));
        // Ctrl-C is for cargo, which is in the same group of processes; what it has done by then is summed up.
        let _ignored = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::new(AtomicBool::new(false)));
        let status = match self.file {
            Some(file) if self.runner == Runner::Nextest => keeper::beside(file, self.session, || command.status()),
            _ => command.status(),
        };
        let name = command.get_program().to_string_lossy().into_owned();
        Ok(code(status.with_context(|| format!("cannot run {name}"))?))
    }

    fn command(&self) -> anyhow::Result<Command> {
        let mut command = environment::cargo();
        match self.runner {
            Runner::Test => command.arg("test"),
            Runner::Nextest => command.arg("nextest"),
        };
        if self.runner == Runner::Nextest && !names_subcommand(self.arguments) {
            command.arg("run");
        }
        command.args(self.color_arguments()).args(self.arguments);
        command.env("MONITOR_SESSION", self.session);
        if let Some(folder) = self.folder {
            command.current_dir(folder);
        }
        if let Some(file) = self.file {
            command.env("MONITOR_DB", std::path::absolute(file).context("cannot find the current folder")?);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        // Only the results may stand on stdout when a program reads them.
        if self.app.options.format != Format::Table {
            command.stdout(Stdio::from(io::stderr()));
        }
        Ok(command)
    }

    /// `--color` before cargo's arguments is ours, and cargo's too.
    fn color_arguments(&self) -> &'static [&'static str] {
        match self.app.options.color {
            Color::Auto => &[],
            Color::Always => &["--color", "always"],
            Color::Never => &["--color", "never"],
        }
    }
}

/// Whether arguments for nextest begin with a command of nextest.
fn names_subcommand(arguments: &[OsString]) -> bool {
    const COMMANDS: [&str; 10] =
        ["run", "r", "list", "bench", "archive", "replay", "show-config", "self", "help", "store"];
    arguments.first().is_some_and(|first| COMMANDS.iter().any(|command| first == *command))
}

fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
