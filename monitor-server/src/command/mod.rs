//! What the program does: a file for each command.

mod serve;
mod token;

use crate::cli::{Cli, Command};

/// Does what the arguments say.
///
/// # Errors
///
/// If it can't.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        None => serve::run(&cli.database, cli.serve),
        Some(Command::Token(command)) => token::run(&cli.database, command),
    }
}
