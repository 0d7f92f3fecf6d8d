//! `import`: the sessions of a `.pymon` file.

use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};
use monitor_client::Batch;
use monitor_store::{Monitor, Sessions, StoreError};

use crate::ingest::batch;
use crate::store::{self, Outcome, Wait};

/// Adds every session of a file to a project; what is there already stays as it is.
pub fn run(database: &str, project: &str, file: &Path) -> anyhow::Result<()> {
    let store = store::open::database(database)?;
    let monitor = Monitor::open(file).map_err(unread)?;
    let (mut sessions, mut rows, mut refused) = (0, 0, Vec::new());
    let all = monitor.sessions(&Sessions::all())?;
    ensure!(!all.is_empty(), "{} has no sessions: nothing to import", file.display());
    for session in all {
        let session_h = session.session_h.clone();
        let write = batch::to_write(Batch::read(&monitor, session, true)?, project.to_owned());
        let write = write.map_err(|problem| anyhow!("session {session_h}: {problem}"))?;
        match store.write(&[&write], Wait::Yes)?.first().context("the database said nothing")? {
            Outcome::Stored { new_runs } => (sessions, rows) = (sessions + 1, rows + new_runs),
            Outcome::OtherSession => refused.push(session_h),
        }
    }
    println!("{sessions} sessions, {rows} new rows");
    for session_h in refused {
        eprintln!("warning: session {session_h} was left out: project {project} has another under this identifier");
    }
    if monitor.left_out().count() > 0 {
        eprintln!("warning: {}; {}", monitor.left_out(), monitor.left_out().remedy());
    }
    Ok(())
}

/// Why there is nothing to import. The store's own words advise those who record.
fn unread(error: StoreError) -> anyhow::Error {
    let (path, said) = match &error {
        StoreError::Corrupt { path, reason } => (path, format!("is no .pymon file, or a damaged one ({reason})")),
        StoreError::Foreign { path, reason } => (path, format!("is a database, but no .pymon file ({reason})")),
        StoreError::Special { path } => (path, "is no file, but a device or the like".to_owned()),
        _ => return error.into(),
    };
    anyhow!("{} {said}: give the path of a .pymon file", path.display())
}
