//! What the program does: a file for each command.

mod export;
mod import;
mod project;
mod prune;
mod serve;
mod token;

use crate::cli::{Cli, Command};
use crate::store;

/// Does what the arguments say.
///
/// # Errors
///
/// If it can't.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        None => serve::run(&cli.database, cli.serve),
        Some(Command::Token(command)) => token::run(&cli.database, command),
        Some(Command::Import { file, project }) => import::run(&cli.database, &project, &file),
        Some(Command::Export { file, project }) => export::run(&cli.database, &project, &file),
        Some(Command::Prune { project, which }) => prune::run(&cli.database, &project, &which),
        Some(Command::Backup { file }) => Ok(store::open::known(&cli.database)?.backup(&file)?),
    }
}
