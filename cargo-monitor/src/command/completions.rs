//! `cargo monitor completions`: what a shell needs to complete commands, options and names of sessions.

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use clap_complete::env::Shells;

use crate::output;

/// For which shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor completions bash >> ~/.bashrc
  cargo monitor completions zsh >> ~/.zshrc
  cargo monitor completions fish >> ~/.config/fish/config.fish

The script calls `cargo-monitor` for each completion, so it offers the sessions that are in the file at that moment. It \
completes `cargo-monitor`; cargo itself completes only its own commands.")]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

/// A shell that can be completed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash
    Bash,
    /// Elvish
    Elvish,
    /// Fish
    Fish,
    /// PowerShell
    Powershell,
    /// Zsh
    Zsh,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    const PROGRAM: &str = "cargo-monitor";
    let shells = Shells::builtins();
    let shell = arguments.shell.to_possible_value().and_then(|shell| shells.completer(shell.get_name()));
    let shell = shell.context("no completions for this shell")?;
    let mut script = Vec::new();
    shell.write_registration("COMPLETE", PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    output::write(&String::from_utf8(script)?)
}
