//! The project that a command is about.

use anyhow::ensure;

use crate::store::{Filter, Names, Store};

/// Refuses one of which nothing has come.
pub fn is_known(store: &dyn Store, project: &str) -> anyhow::Result<()> {
    let projects = store.names(Names::Projects, &Filter::default())?;
    let all = if projects.is_empty() { "none yet".to_owned() } else { projects.join(", ") };
    ensure!(projects.iter().any(|known| known == project), "there is no project {project}; there are: {all}");
    Ok(())
}
