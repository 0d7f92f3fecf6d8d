//! Tests that pass and fail on the same code.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use monitor_report::comparison::code;
use monitor_report::{ReportError, Source as _, measure};
use monitor_store::{Outcome, Session, TestId, Timestamp};

use super::source::Project;
use super::verdict::{Flaky, Grounds};

/// The newest sessions that are looked at.
pub const SESSIONS: usize = 50;

/// A test that only passed at so many commits, the newest, counts as mended.
pub const MENDED: usize = 10;

/// What a test did at one commit.
#[derive(Debug, Default)]
struct AtCommit {
    passed: u64,
    failed: u64,
    last_failure: Option<(Timestamp, String)>,
}

/// The flaky tests of a project, those that fail most often first: looked for again if something came to one of the sessions.
///
/// # Errors
///
/// If the rows can't be read.
pub fn flaky(project: &Project<'_>) -> Result<Arc<Vec<Flaky>>, ReportError> {
    let sessions = project.newest(SESSIONS)?;
    let grounds = Grounds::of(project.name(), "flaky", [sessions.as_slice()], |session_h| project.state(session_h));
    project.verdicts().flaky.get(&grounds, || found(project, &sessions))
}

fn found(project: &Project<'_>, sessions: &[Session]) -> Result<Vec<Flaky>, ReportError> {
    // By test, its commits in the order in which they first ran.
    let mut seen: BTreeMap<TestId, Vec<(String, AtCommit)>> = BTreeMap::new();
    let failures = project.failures(sessions)?;
    let of_session: HashMap<&str, &Session> = sessions.iter().map(|it| (it.session_h.as_str(), it)).collect();
    for id in failures {
        let mut runs = project.runs_of(&id)?;
        runs.sort_by_key(|run| of_session.get(run.session_h()).map(|session| session.run_date));
        for test in runs {
            let Some(session) = of_session.get(test.session_h()) else { continue };
            let Some(code) = code(session) else { continue };
            let commits = seen.entry(test.id()).or_default();
            let place = commits.iter().rposition(|(commit, _)| commit == code).unwrap_or_else(|| {
                commits.push((code.to_owned(), AtCommit::default()));
                commits.len() - 1
            });
            let at = &mut commits[place].1;
            match measure::outcome(&test) {
                Outcome::Passed => at.passed += 1,
                Outcome::Running => {}
                Outcome::Failed | Outcome::OverBudget | Outcome::Crashed => {
                    at.failed += 1;
                    at.last_failure = Some((session.run_date, session.session_h.clone()));
                }
            }
        }
    }
    let mut found: Vec<Flaky> = seen.into_iter().filter_map(|(test, commits)| judged(test, &commits)).collect();
    found.sort_by(|a, b| rate(b).total_cmp(&rate(a)));
    Ok(found)
}

/// The part of its runs that failed, at commits where not all did.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "nobody runs a test so often")]
pub fn rate(flaky: &Flaky) -> f64 {
    flaky.failed as f64 / flaky.runs as f64
}

fn judged(test: TestId, commits: &[(String, AtCommit)]) -> Option<Flaky> {
    let disagrees = |at: &AtCommit| at.passed > 0 && at.failed > 0;
    let last = commits.iter().rposition(|(_, at)| disagrees(at))?;
    if commits.iter().rev().take_while(|(_, at)| at.failed == 0).count() >= MENDED {
        return None;
    }
    let of: Vec<&AtCommit> = commits.iter().map(|(_, at)| at).filter(|at| disagrees(at)).collect();
    let failed = of.iter().map(|at| at.failed).sum();
    let runs = of.iter().map(|at| at.failed + at.passed).sum();
    let (last, session_h) = commits[last].1.last_failure.clone()?;
    Some(Flaky { test, commits: of.len() as u64, failed, runs, last, session_h })
}
