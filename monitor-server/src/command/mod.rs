//! What the program does: a file for each command.

mod export;
mod import;
mod prune;
mod serve;
mod token;

use anyhow::ensure;

use crate::cli::{Cli, Command};
use crate::store::{self, Filter, Names, Store};

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

/// Refuses a project of which nothing has come.
fn known_project(store: &dyn Store, project: &str) -> anyhow::Result<()> {
    let projects = store.names(Names::Projects, &Filter::default())?;
    let all = if projects.is_empty() { "none yet".to_owned() } else { projects.join(", ") };
    ensure!(projects.iter().any(|known| known == project), "there is no project {project}; there are: {all}");
    Ok(())
}
