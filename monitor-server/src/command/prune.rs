//! `prune`: sessions that nobody needs any more.

use std::thread;
use std::time::Duration;

use anyhow::ensure;
use monitor_store::Timestamp;

use super::project;
use crate::cli::Prune;
use crate::store::{self, Filter, Page, Session};

/// Sessions that are deleted in one transaction: others write in between.
const TOGETHER: usize = 20;
/// Between two transactions: who waits for SQLite's lock looks for it each tenth of a second.
const PAUSE: Duration = Duration::from_millis(150);
const SECONDS_PER_DAY: f64 = 86_400.0;

/// Deletes the sessions that the arguments mean.
pub fn run(database: &str, project: &str, prune: &Prune) -> anyhow::Result<()> {
    let means_something = prune.older_than.is_some() || prune.keep.is_some() || prune.branch.is_some();
    ensure!(means_something, "say which: --older-than DAYS, --keep COUNT or --branch NAME");
    let store = store::open::known(database)?;
    project::is_known(&*store, project)?;
    let sessions = store.sessions(&Filter::project(project), Page::ALL)?;
    let doomed = doomed(sessions, prune, Timestamp::now());
    if prune.dry_run {
        for h in &doomed {
            println!("{h}");
        }
        return Ok(());
    }
    let mut deleted = 0;
    for some in doomed.chunks(TOGETHER) {
        deleted += store.delete(project, some)?;
        thread::sleep(PAUSE);
    }
    println!("{deleted} sessions deleted");
    Ok(())
}

/// Those of the branch, without the newest that are kept, that are old enough. The baseline's are never among them.
fn doomed(sessions: Vec<Session>, prune: &Prune, now: Timestamp) -> Vec<String> {
    let branch =
        |session: &Session| session.facts.branch.as_deref().or(session.tag("pipeline_branch")).map(str::to_owned);
    let mut candidates: Vec<_> = sessions
        .into_iter()
        .filter(|session| branch(session).as_deref() != Some(&prune.baseline))
        .filter(|session| prune.branch.is_none() || branch(session) == prune.branch)
        .collect();
    let kept = candidates.len().saturating_sub(prune.keep.unwrap_or(0));
    candidates.truncate(kept);
    let is_old = |session: &Session| match (prune.older_than, session.facts.received_at.parse::<Timestamp>()) {
        (Some(days), Ok(received)) => now.seconds_since(received) > f64::from(days) * SECONDS_PER_DAY,
        (Some(_), Err(_)) => false,
        (None, _) => true,
    };
    candidates.into_iter().filter(is_old).map(|session| session.h).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Facts;

    #[test]
    fn age_count_and_branch_hold_together_and_the_baseline_stays() {
        let session = |h: &str, branch: &str, day: u32| Session {
            h: h.to_owned(),
            facts: Facts {
                branch: Some(branch.to_owned()),
                received_at: format!("2026-01-{day:02}T00:00:00.000000"),
                ..Facts::default()
            },
            ..Session::default()
        };
        let all = || {
            let [a, b, c] = [session("a", "dev", 1), session("b", "main", 1), session("c", "dev", 5)];
            vec![a, b, c, session("d", "other", 6), session("e", "dev", 9)]
        };
        let now = "2026-01-10T00:00:00".parse().unwrap();
        let none = || Prune { older_than: None, keep: None, branch: None, baseline: "main".to_owned(), dry_run: false };
        let of = |prune: Prune| doomed(all(), &prune, now).concat();
        assert_eq!(of(Prune { older_than: Some(3), ..none() }), "acd");
        assert_eq!(of(Prune { keep: Some(3), ..none() }), "a");
        assert_eq!(of(Prune { branch: Some("dev".to_owned()), keep: Some(1), ..none() }), "ac");
        assert_eq!(of(Prune { branch: Some("main".to_owned()), ..none() }), "");
        assert_eq!(of(Prune { branch: Some("dev".to_owned()), older_than: Some(6), ..none() }), "a");
    }
}
