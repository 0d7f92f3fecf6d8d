//! `cargo monitor sessions`: what was run, when, and on what.

use std::collections::HashSet;

use clap::Args;
use monitor_report::select;
use monitor_report::view::sessions::document;
use monitor_store::Sessions;

use crate::app::App;
use crate::complete;
use crate::output;

/// What to list.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor sessions
  cargo monitor sessions main --limit 5
  cargo monitor sessions tag:suite=nightly --all --format json")]
pub struct Arguments {
    /// Only these: a branch, commit, date, tag:KEY=VALUE, …
    #[arg(value_name = "SESSIONS", add = complete::session_completer())]
    sessions: Option<String>,
    /// Number of sessions to list
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 25)]
    limit: usize,
    /// Every session
    #[arg(short, long, conflicts_with = "limit")]
    all: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let monitor = app.monitor()?;
    let selected = match &arguments.sessions {
        Some(text) => select::sessions(app.records(&monitor), text)?,
        None => monitor.sessions(&Sessions::all().newest_first())?,
    };
    let limit = if arguments.all { selected.len() } else { arguments.limit };
    let shown: HashSet<&str> = selected.iter().take(limit).map(|session| session.session_h.as_str()).collect();
    let filter = match selected.get(limit) {
        // Newest first means that these are the first ones of the file, if nothing else was asked for.
        Some(_) if arguments.sessions.is_none() => Sessions::all().newest(limit as u64),
        _ => Sessions::all().newest_first(),
    };
    let mut details = monitor.session_details(&filter)?;
    details.retain(|details| shown.contains(details.session.session_h.as_str()));
    app.print(&document(&details))?;
    if selected.len() > limit {
        output::note(&format!("older sessions left out: {}; --all lists them", selected.len() - limit));
    }
    Ok(())
}
