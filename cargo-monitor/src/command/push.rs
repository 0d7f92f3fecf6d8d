//! `cargo monitor push`: sessions of the file to a server.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use monitor_client::queue::Queue;
use monitor_client::{Batch, ClientError};
use monitor_report::select;
use monitor_store::{Session, Sessions};

use crate::app::App;
use crate::complete;
use crate::output::{self, Document, Progress, Table, Value};

/// How long tests may hold the queue of what they have still to send.
const PATIENCE: Duration = Duration::from_secs(10);

/// What goes where.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor push http://127.0.0.1:8050
  cargo monitor push https://monitor.example.org/p/ours latest
  cargo monitor --db python.pymon push https://monitor.example.org/p/ours

What the server has already does not change, so sending twice is harmless. Give a token in MONITOR_REMOTE_TOKEN, or in the \
address (https://TOKEN:@HOST/p/PROJECT). Files of pytest-monitor can be sent too.")]
pub struct Arguments {
    /// The server; a project of it with /p/NAME [default: MONITOR_REMOTE]
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// Only these: `latest`, a branch, commit, date, tag:KEY=VALUE, …
    #[arg(value_name = "SESSION", add = complete::session_completer())]
    sessions: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let server = app.server_at(&address(arguments.url.as_deref(), app)?)?;
    let monitor = app.monitor()?;
    let mut sessions: Vec<Session> = Vec::new();
    for text in &arguments.sessions {
        let selected = select::sessions(app.records(&monitor), text)?.into_iter();
        let new: Vec<_> = selected.filter(|session| !sessions.contains(session)).collect();
        sessions.extend(new);
    }
    if arguments.sessions.is_empty() {
        sessions = monitor.sessions(&Sessions::all())?;
    }
    let mut table = Table::new(&[("session", "session"), ("rows", "rows"), ("new_rows", "new rows")]);
    let progress = Progress::of(sessions.len(), "sending sessions");
    let (total, mut sent, mut refused) = (sessions.len(), Vec::new(), 0);
    for session in sessions {
        let session_h = session.session_h.clone();
        match server.push(&Batch::read(&monitor, session, true)?) {
            Ok(stored) => {
                table.push(vec![
                    Value::id(&session_h).into(),
                    Value::count(stored.rows).into(),
                    Value::count(stored.new_rows).into(),
                ]);
                sent.push(session_h);
            }
            // This session is at fault, not the way to the server.
            Err(error @ ClientError::Refused { status: 400 | 409, .. }) => {
                refused += 1;
                output::note(&format!("warning: session {} was left out: {error}", output::short(&session_h)));
            }
            Err(error) => return Err(error.into()),
        }
        progress.advance();
    }
    drop(progress);
    if app.server()?.is_none() {
        Queue::beside(&app.database()?).forget(&server, &sent, PATIENCE)?;
    }
    app.print(&Document::table("sent", table))?;
    ensure!(refused == 0, "the server refused {refused} of {total} sessions");
    Ok(())
}

/// The address given, else that of `MONITOR_REMOTE`.
pub(super) fn address(given: Option<&str>, app: &App) -> anyhow::Result<String> {
    let address = given.map_or_else(|| app.text("MONITOR_REMOTE"), |address| Ok(Some(address.to_owned())))?;
    address.context("no server: give its URL, or set MONITOR_REMOTE")
}
