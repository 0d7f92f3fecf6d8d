//! What people look at first when a session is over, made before they ask for it.

use std::collections::HashMap;
use std::sync::Arc;

use monitor_analysis::metric::Metric;
use monitor_report::{ReportError, Source as _, measure};
use monitor_store::{Figures, Session};

use super::source::Project;
use super::verdict::Grounds;
use super::{baseline, flaky, sides};
use crate::operate::log;
use crate::state::State;
use crate::store::{Filter, Names};

/// Sessions that say which tests there are, and how their costs went.
pub const LISTED: usize = 20;

/// The newest sessions, the oldest of them first, with the wall time of each test in them, and what it is to be sorted by.
///
/// # Errors
///
/// If the rows can't be read.
pub fn listed(project: &Project<'_>, by: Metric) -> Result<(Vec<Session>, Figures), ReportError> {
    let mut sessions = project.newest(LISTED)?;
    sessions.reverse();
    let ids: Vec<&str> = sessions.iter().map(|session| session.session_h.as_str()).collect();
    let figures = [Metric::WallTime, by].map(|metric| measure::figure(metric).0);
    let figures = project.figures(&ids, &figures)?;
    Ok((sessions, figures))
}

/// What all tests that passed took together, in each of the newest sessions: added up again if something came to one of them.
///
/// # Errors
///
/// If the rows can't be read.
pub fn wall_times(project: &Project<'_>) -> Result<Arc<HashMap<String, f64>>, ReportError> {
    let newest = project.newest(LISTED)?;
    let grounds = Grounds::of(project.name(), "walls", [newest.as_slice()], |session_h| project.state(session_h));
    project.verdicts().walls.get(&grounds, || {
        let (sessions, figures) = listed(project, Metric::WallTime)?;
        let walls = sessions.into_iter().zip(figures.sessions).map(|(session, rows)| {
            let runs = rows.runs.iter().zip(rows.values.chunks(2));
            let passed = runs.filter(|(run, values)| run.passed && !values[0].is_nan());
            (session.session_h, passed.map(|(_, values)| values[0]).sum())
        });
        Ok(walls.collect())
    })
}

/// Looks at the list of tests, for flaky tests, and at the newest session beside the one before it: what that reads and finds
/// is kept in mind.
///
/// # Errors
///
/// If the rows can't be read.
pub fn look(project: &Project<'_>) -> Result<(), ReportError> {
    wall_times(project)?;
    flaky::flaky(project)?;
    if let [head, base] = &*project.newest(2)? {
        sides::compare(project, &base.session_h, &head.session_h, false)?;
    }
    Ok(())
}

/// Looks at every project, and at the verdict on its newest session, when a server begins: nobody is to wait for what was in the
/// mind of the one before.
pub async fn look_everywhere(state: State) {
    let projects = state.read(|store| Ok(store.names(Names::Projects, &Filter::default())?)).await;
    for name in projects.unwrap_or_default() {
        let Ok(_turn) = state.judging.acquire().await else { return };
        state.arrivals.quiet().await;
        let looked = state.project(name, |project| {
            if let Some(newest) = project.newest_first().next() {
                baseline::judge(project, newest, &baseline::of(project, &baseline::USUAL))?;
            }
            Ok(look(project)?)
        });
        if let Err(problem) = looked.await {
            log::error("look at a project", &problem.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use crate::cli::Options;
    use crate::judge::findings;
    use crate::state::Shared;
    use crate::store::sqlite::Sqlite;
    use crate::store::{Facts, Figures, Run, Session, Write};

    fn session(h: &str, day: u32) -> Write {
        let date = format!("2026-11-{day:02}T00:00:00");
        let facts = Facts { received_at: date.clone(), ended_at: Some(date.clone()), ..Facts::default() };
        let run = Run {
            session_h: h.to_owned(),
            context_h: "context".to_owned(),
            start: date.clone(),
            path: "krate".to_owned(),
            item: "test".to_owned(),
            variant: "test".to_owned(),
            kind: "function".to_owned(),
            figures: Some(Figures { total_time: 1.0, ..Figures::default() }),
            ..Run::default()
        };
        let session = Session { h: h.to_owned(), run_date: date, facts, ..Session::default() };
        Write { project: "p".to_owned(), session: Some(session), runs: vec![run], ..Write::default() }
    }

    #[test]
    fn what_is_looked_at_first_is_there_when_a_session_was_judged() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Sqlite::open(&folder.path().join("monitor.db")).expect("a database");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let state = Shared::new(Arc::new(store), Options::default());
            for (h, day) in [("one", 1), ("two", 2)] {
                state.write(session(h, day)).await.expect("it is stored");
                findings::keep(&state, "p".to_owned(), h.to_owned());
            }
            let are_made = async || {
                let made = |project: &super::Project<'_>| {
                    let verdicts = project.verdicts();
                    Ok(verdicts.flaky.len() + verdicts.comparisons.len())
                };
                state.project("p".to_owned(), made).await.expect("an answer") == 2
            };
            let wait = async {
                while !are_made().await {
                    sleep(Duration::from_millis(20)).await;
                }
            };
            timeout(Duration::from_secs(60), wait).await.expect("both are made");
        });
    }
}
