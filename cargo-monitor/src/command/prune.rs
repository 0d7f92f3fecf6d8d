//! `cargo monitor prune`: the file without old sessions.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use clap::Args;
use monitor_store::{Session, SessionDetails, Sessions, Timestamp, Writer};

use crate::app::App;
use crate::complete;
use crate::output::{self, Progress};
use monitor_report::Records;
use monitor_report::select;
use monitor_report::view::sessions;

/// The sessions that a gate compares with, as its `--baseline` names them.
pub(crate) const BASELINE: &str = "MONITOR_GATE_BASELINE";

/// What to keep.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true), after_help = "\
Examples:
  cargo monitor prune --keep 200
  cargo monitor prune --days 90 --keep 20 --dry-run
  MONITOR_GATE_BASELINE=last:10 cargo monitor prune --days 30

A session is deleted if neither rule keeps it. Sessions that a gate compares with are always kept: those that \
MONITOR_GATE_BASELINE selects, those tagged `baseline`, and those given by --protect; --force deletes them too. All are deleted in \
one transaction, or none; then unused space in the file is freed.")]
pub struct Arguments {
    /// Keep the newest N sessions
    #[arg(long, value_name = "N", group = "what")]
    keep: Option<usize>,
    /// Keep those of the last N days
    #[arg(long, value_name = "N", group = "what")]
    days: Option<u32>,
    /// Also keep these: last:N for each machine class, a branch, commit, tag:KEY=VALUE, … (repeatable)
    #[arg(long, value_name = "SESSIONS", add = complete::session_completer())]
    protect: Vec<String>,
    /// Also delete the baselines of gates
    #[arg(long)]
    force: bool,
    /// Only list what would be deleted
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let file = app.database()?;
    let monitor = app.open(&file)?;
    let all = monitor.session_details(&Sessions::all().newest_first())?;
    let baseline = app.text(BASELINE)?;
    let named: Vec<&str> = arguments.protect.iter().chain(&baseline).map(String::as_str).collect();
    let protected = if arguments.force { HashSet::new() } else { protected(app.records(&monitor), &all, &named)? };
    let (mut going, mut spared) = (Vec::new(), 0_usize);
    for (index, details) in all.into_iter().enumerate() {
        if is_kept(arguments, index, &details.session) {
            continue;
        }
        if protected.contains(&details.session.session_h) {
            spared += 1;
        } else {
            going.push(details);
        }
    }
    app.print(&sessions::document(&going))?;
    if spared > 0 {
        output::note(&format!("sessions kept as baselines of a gate: {spared}; --force deletes them too"));
    }
    if arguments.dry_run || going.is_empty() {
        let deleted = if arguments.dry_run { "that would be deleted" } else { "deleted" };
        output::note(&format!("sessions {deleted}: {}", going.len()));
        return Ok(());
    }
    drop(monitor);
    let progress = Progress::spinner(format!("deleting {} sessions", going.len()));
    let mut writer = Writer::open(&file)?;
    let ids: Vec<&str> = going.iter().map(|details| details.session.session_h.as_str()).collect();
    let deleted = writer.delete_sessions(&ids)?;
    let compacted = writer.compact();
    writer.close(true)?;
    drop(progress);
    output::note(&format!("sessions deleted from {}: {deleted}", file.display()));
    if let Err(error) = compacted {
        output::note(&format!("the file keeps its size for now: {error}"));
    }
    Ok(())
}

fn is_kept(arguments: &Arguments, index: usize, session: &Session) -> bool {
    const SECONDS_PER_DAY: f64 = 86_400.0;
    let age_seconds = Timestamp::now().seconds_since(session.run_date);
    arguments.keep.is_some_and(|keep| index < keep)
        || arguments.days.is_some_and(|days| age_seconds < f64::from(days) * SECONDS_PER_DAY)
}

/// The sessions that a gate may compare with.
fn protected(records: Records<'_>, all: &[SessionDetails], named: &[&str]) -> anyhow::Result<HashSet<String>> {
    let tagged = all.iter().filter(|details| select::fact(&details.session, "baseline").is_some());
    let mut protected: HashSet<String> = tagged.map(|details| details.session.session_h.clone()).collect();
    for text in named {
        match text.strip_prefix("last:").map(str::parse::<usize>) {
            Some(count) => {
                let count = count.with_context(|| format!("`{text}` is not a baseline: write last:N"))?;
                protected.extend(last(all, count));
            }
            None => {
                let named = select::sessions(records, text).context("cannot find the sessions to protect")?;
                protected.extend(named.into_iter().map(|session| session.session_h));
            }
        }
    }
    Ok(protected)
}

/// The newest `count` sessions of each machine class; `all` is newest first.
fn last(all: &[SessionDetails], count: usize) -> Vec<String> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut newest = Vec::new();
    for details in all {
        let class_h = details.class.as_ref().map_or("", |class| class.class_h.as_str());
        let seen = seen.entry(class_h).or_default();
        *seen += 1;
        if *seen <= count {
            newest.push(details.session.session_h.clone());
        }
    }
    newest
}
