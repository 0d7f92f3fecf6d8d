//! What a session can be compared with: earlier sessions of the same machine class, and the verdicts of that.

use std::collections::BTreeMap;

use monitor_analysis::metric::{Metric, Thresholds};
use monitor_analysis::run::{Past, Series, judge_run};
use monitor_analysis::verdict::Judgement;
use monitor_store::{Attribution, Kind, Monitor, Session, Sessions, Test, TestId};

use crate::measure;

/// So many earlier sessions are looked through for comparable ones.
const LOOKED_THROUGH: u64 = 200;

/// Metrics in which a test's cost can change.
pub const JUDGED: [Metric; 4] = [Metric::WallTime, Metric::CpuTime, Metric::Memory, Metric::Allocations];

/// A metric of a test of which a run says something new.
#[derive(Clone, Debug)]
pub struct Change {
    /// The test.
    pub test: TestId,
    /// The metric.
    pub metric: Metric,
    /// The verdict: regressed or improved.
    pub judgement: Judgement,
}

/// What is new in a session.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The last comparable session.
    pub since: Session,
    /// How many sessions the verdicts rest on.
    pub sessions: usize,
    /// What changed, largest first.
    pub changes: Vec<Change>,
}

/// The sessions of a machine class that began before `session`, newest first, `count` at most.
///
/// # Errors
///
/// If the file cannot be read.
pub fn before(monitor: &Monitor, session: &Session, class_h: &str, count: usize) -> anyhow::Result<Vec<Session>> {
    let details = monitor.session_details(&Sessions::all().newest(LOOKED_THROUGH))?;
    let is_before = |other: &Session| other.run_date < session.run_date && other.session_h != session.session_h;
    let same_class = details.into_iter().filter(|d| d.class.as_ref().is_some_and(|class| class.class_h == class_h));
    Ok(same_class.map(|details| details.session).filter(is_before).take(count).collect())
}

/// What changed in a session's `tests`, judged by `count` comparable sessions before it; `None` if there is none.
///
/// # Errors
///
/// If the file cannot be read.
pub fn changes(monitor: &Monitor, session: &Session, tests: &[Test], count: usize) -> anyhow::Result<Option<Changes>> {
    let Some(class_h) = tests.iter().find_map(|test| test.class_h.as_deref()) else { return Ok(None) };
    let sessions = before(monitor, session, class_h, count)?;
    let Some(since) = sessions.first().cloned() else { return Ok(None) };
    let mut past: BTreeMap<(TestId, Metric), (Vec<Past>, bool)> = BTreeMap::new();
    // Oldest first, as a series is.
    for (run, session) in (0..).zip(sessions.iter().rev()) {
        for ((test, metric), (value, single_threaded)) in values(&monitor.tests(&session.session_h)?, class_h) {
            let (values, all_single) = past.entry((test, metric)).or_insert((Vec::new(), true));
            values.push(Past { run, value });
            *all_single &= single_threaded;
        }
    }
    let (mut names, mut series) = (Vec::new(), Vec::new());
    for ((test, metric), (value, single_threaded)) in values(tests, class_h) {
        if let Some((past, all_single)) = past.get(&(test.clone(), metric)) {
            let single_threaded = single_threaded && *all_single;
            series.push(Series { metric, single_threaded, thresholds: Thresholds::fine(metric), past, value });
            names.push((test, metric));
        }
    }
    let findings = judge_run(&series).findings;
    let changed = |((test, metric), judgement): ((TestId, Metric), Judgement)| {
        judgement.verdict.is_change().then_some(Change { test, metric, judgement })
    };
    let judgements = findings.into_iter().map(|finding| finding.judgement);
    let mut changes: Vec<Change> = names.into_iter().zip(judgements).filter_map(changed).collect();
    changes.sort_by(|a, b| size(b).total_cmp(&size(a)));
    Ok(Some(Changes { since, sessions: sessions.len(), changes }))
}

/// How large a change is, in either direction.
fn size(change: &Change) -> f64 {
    change.judgement.change.map_or(0.0, |change| change.ratio().ln().abs())
}

/// The values that may be compared: of tests that passed, were measured completely, on this class of machines. Of
/// several runs of a test (retries), the last. With each, whether the test had one thread.
fn values(tests: &[Test], class_h: &str) -> BTreeMap<(TestId, Metric), (f64, bool)> {
    let comparable = |test: &&Test| {
        test.kind() == Kind::Function
            && measure::passed(test)
            && measure::attribution(test) != Some(Attribution::Shared)
            && test.class_h.as_deref() == Some(class_h)
    };
    let mut values = BTreeMap::new();
    for test in tests.iter().filter(comparable) {
        let single_threaded = measure::is_single_threaded(test);
        for metric in JUDGED {
            if let Some(value) = measure::value(test, metric) {
                values.insert((test.id(), metric), (value, single_threaded));
            }
        }
    }
    values
}
