//! Names of sessions and tests for the shell.

use std::ffi::OsStr;

use clap::Parser as _;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use monitor_report::select::{branches, fact, tags};
use monitor_store::{Monitor, Session, Sessions, TestId};

use crate::app::App;
use crate::options::Options;
use crate::output::short;

/// So many sessions, the newest, are offered one by one.
const OFFERED: u64 = 50;

/// Completes the names of the sessions in the file that would be used.
#[must_use]
pub fn session_completer() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy();
        let offered = candidates().unwrap_or_default().into_iter();
        offered.filter(|candidate| candidate.get_value().to_string_lossy().starts_with(&*current)).collect()
    })
}

/// The line that is completed is not parsed yet: its `--db` is not regarded, MONITOR_DB is.
fn monitor() -> anyhow::Result<Monitor> {
    #[derive(clap::Parser)]
    struct Defaults {
        #[command(flatten)]
        options: Options,
    }
    App::new(Defaults::parse_from([""]).options).monitor()
}

fn candidates() -> anyhow::Result<Vec<CompletionCandidate>> {
    let sessions = monitor()?.sessions(&Sessions::all().newest(OFFERED))?;
    let mut candidates = vec![("latest".to_owned(), "the newest session".to_owned())];
    for (back, session) in sessions.iter().enumerate() {
        if back > 0 {
            candidates.push((format!("latest~{back}"), help(session)));
        }
    }
    for session in &sessions {
        candidates.push((short(&session.session_h), help(session)));
        candidates.push((short(&session.scm_id), format!("commit, newest session {}", help(session))));
        candidates.extend(branches(session).map(|branch| (branch.to_owned(), "branch".to_owned())));
        candidates.extend(tags(session).map(|(key, value)| (format!("tag:{key}={value}"), "tag".to_owned())));
    }
    let mut offered: Vec<CompletionCandidate> = Vec::new();
    for (order, (name, help)) in candidates.into_iter().enumerate() {
        let safe =
            !name.is_empty() && !name.chars().any(|character| character.is_control() || character.is_whitespace());
        if safe && !offered.iter().any(|known| known.get_value() == name.as_str()) {
            offered.push(CompletionCandidate::new(name).help(Some(help.into())).display_order(Some(order)));
        }
    }
    Ok(offered)
}

fn help(session: &Session) -> String {
    let date = session.run_date.to_string()[..16].replace('T', " ");
    let description = fact(session, "description").unwrap_or_default();
    format!("{date} {}", description.replace(char::is_control, " ")).trim_end().to_owned()
}

/// Completes the names of the newest session's tests.
#[must_use]
pub fn test_completer() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy();
        let ids = newest_tests().unwrap_or_default().into_iter();
        let names =
            ids.map(|id| id.variant).filter(|name| name.contains(&*current) && !name.contains(char::is_control));
        names.map(CompletionCandidate::new).collect()
    })
}

fn newest_tests() -> anyhow::Result<Vec<TestId>> {
    let monitor = monitor()?;
    let newest = monitor.sessions(&Sessions::all().newest(1))?;
    Ok(newest.first().map(|session| monitor.test_ids(&session.session_h)).transpose()?.unwrap_or_default())
}
