//! `cargo monitor pull`: sessions of a server into the file.

use std::collections::HashSet;

use anyhow::ensure;
use clap::Args;
use monitor_client::mirror::{self, Step};
use monitor_store::{Monitor, Sessions, Writer};

use super::{merge, push};
use crate::app::App;
use crate::output::{Document, Progress, Table};

/// What comes from where.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor --db ci.pymon pull https://monitor.example.org/p/ours
  cargo monitor pull http://127.0.0.1:8050 3f0c9a12

The sessions are added to the file of --db, which is created if it is missing. Sessions that it has already do not change. To look at \
a server's sessions without a local file, give `--db URL` to any command that only reads.")]
pub struct Arguments {
    /// The server; a project of it with /p/NAME [default: MONITOR_REMOTE]
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// Only sessions whose identifier begins like this
    #[arg(value_name = "SESSION")]
    sessions: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let server = app.server_at(&push::address(arguments.url.as_deref(), app)?)?;
    let target = app.database()?;
    let known: HashSet<_> = match target.exists() {
        true => app.open(&target)?.sessions(&Sessions::all())?.into_iter().map(|session| session.session_h).collect(),
        false => HashSet::new(),
    };
    let listed = server.sessions()?;
    for prefix in &arguments.sessions {
        let is_there = listed.iter().any(|listed| listed.session.session_h.starts_with(prefix));
        ensure!(is_there, "{} has no session whose identifier begins with {prefix}", server.address());
    }
    let is_wanted = |session_h: &str| {
        arguments.sessions.is_empty() || arguments.sessions.iter().any(|prefix| session_h.starts_with(prefix))
    };
    let wanted: Vec<_> = listed
        .into_iter()
        .map(|listed| listed.session.session_h)
        .filter(|session_h| is_wanted(session_h) && !known.contains(session_h))
        .collect();
    // The file gets all of them or none: what comes waits beside until it is complete.
    let folder = tempfile::tempdir()?;
    let fetched = folder.path().join("fetched.pymon");
    let progress = Progress::of(wanted.len(), "fetching sessions");
    mirror::fetch(&server, &fetched, &wanted, |step| {
        if step == Step::Done {
            progress.advance();
        }
    })?;
    drop(progress);
    let mut writer = Writer::open(&target)?;
    let merged = writer.merge(&Monitor::open(&fetched)?)?;
    writer.close(true)?;
    let mut table = Table::new(&[("server", "server"), merge::SESSIONS, merge::ROWS]);
    table.push(merge::row(server.address().to_owned(), merged));
    app.print(&Document::table("fetched", table))
}
