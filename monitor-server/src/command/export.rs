//! `export`: a project as a `.pymon` file, for `cargo monitor`, `monitor_api` and SQL.

use std::path::Path;

use anyhow::{Context as _, ensure};
use monitor_client::Target;

use super::project;
use crate::on_the_wire;
use crate::store::{self, Filter, Page};

/// Writes every session of a project to a new file.
pub fn run(database: &str, project: &str, file: &Path) -> anyhow::Result<()> {
    ensure!(!file.exists(), "{} is there already", file.display());
    let store = store::open::known(database)?;
    project::is_known(&*store, project)?;
    let sessions = store.sessions(&Filter::project(project), Page::ALL)?;
    let count = sessions.len();
    let mut target = Target::open(file).with_context(|| format!("{} can't be made", file.display()))?;
    for session in sessions {
        target.write(on_the_wire::batch(&*store, project, session)?)?;
    }
    target.close()?;
    println!("{count} sessions: {}", file.display());
    Ok(())
}
