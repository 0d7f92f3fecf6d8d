//! The tests of both sides, and the past of those whose verdict needs it.

use std::collections::BTreeMap;

use monitor_analysis::constants::{COMMON_FACTOR_MIN_TESTS, HISTORY_SEARCH};
use monitor_analysis::metric::{Metric, Thresholds};
use monitor_store::{Monitor, Session, Test, TestId};

use super::Request;
use super::sides::before;
use crate::measure;

/// With more tests than this, only the past of those that may have changed is read, and of some others.
const SCREEN_ABOVE: usize = 200;

/// Of the other tests, so many for each that may have changed: the run's common factor is theirs too.
const OTHERS_FOR_EACH: usize = 3;

/// What was seen of each test.
pub(super) struct Observed {
    /// By test.
    pub tests: BTreeMap<TestId, Observation>,
}

/// One test on both sides.
#[derive(Default)]
pub(super) struct Observation {
    /// Its last run in each session of the base, newest session first.
    pub base: Vec<Test>,
    /// The same of the head.
    pub head: Vec<Test>,
    /// Runs that the head's are compared with, oldest session first, with the session's number; `None` if they were not
    /// read because the two sides are too close to each other.
    pub past: Option<Vec<(u32, Test)>>,
}

pub(super) fn observe(monitor: &Monitor, request: &Request<'_>) -> anyhow::Result<Observed> {
    let sides = &request.sides;
    let mut tests: BTreeMap<TestId, Observation> = BTreeMap::new();
    for session in &sides.head {
        for (id, test) in last_runs(monitor, session)? {
            tests.entry(id).or_default().head.push(test);
        }
    }
    let base = if sides.are_samples() { &sides.base[..] } else { &sides.base[..1] };
    for session in base {
        for (id, test) in last_runs(monitor, session)? {
            tests.entry(id).or_default().base.push(test);
        }
    }
    if !sides.are_samples() {
        read_past(monitor, request, &mut tests)?;
    }
    Ok(Observed { tests })
}

/// The last run of each test of a session: of the attempts of a runner that retries, the one that counts.
fn last_runs(monitor: &Monitor, session: &Session) -> anyhow::Result<BTreeMap<TestId, Test>> {
    let tests = monitor.tests(&session.session_h)?.into_iter();
    Ok(tests.filter(|test| test.kind() == monitor_store::Kind::Function).map(|test| (test.id(), test)).collect())
}

fn read_past(
    monitor: &Monitor,
    request: &Request<'_>,
    tests: &mut BTreeMap<TestId, Observation>,
) -> anyhow::Result<()> {
    let base = &request.sides.base;
    let mut sessions = match base.as_slice() {
        // One session stands for the code as it was then: the runs before it tell the noise.
        [one] => [std::slice::from_ref(one), &before(monitor, one, HISTORY_SEARCH - 1)?].concat(),
        several => several.to_vec(),
    };
    sessions.reverse();
    let names: Vec<&str> = sessions.iter().map(|session| session.session_h.as_str()).collect();
    let number = |test: &Test| names.iter().position(|name| *name == test.session_h()).unwrap_or(0) as u32;
    for id in needed(request, tests) {
        let mut past: Vec<(u32, Test)> = Vec::new();
        for run in monitor.runs(&id, &names)? {
            let number = number(&run);
            // Of several attempts the last one counts.
            past.pop_if(|(last, _)| *last == number);
            past.push((number, run));
        }
        if let Some(observation) = tests.get_mut(&id) {
            observation.past = Some(past);
        }
    }
    Ok(())
}

/// The tests whose past is to be read.
fn needed(request: &Request<'_>, tests: &BTreeMap<TestId, Observation>) -> Vec<TestId> {
    let in_head = tests.iter().filter(|(_, observation)| !observation.head.is_empty());
    if tests.len() <= SCREEN_ABOVE {
        return in_head.map(|(id, _)| id.clone()).collect();
    }
    let (mut needed, others): (Vec<_>, Vec<_>) =
        in_head.partition(|(id, observation)| may_have_changed(request, id, observation));
    let wanted = (needed.len() * OTHERS_FOR_EACH).max(2 * COMMON_FACTOR_MIN_TESTS);
    let step = (others.len() / wanted.max(1)).max(1);
    needed.extend(others.into_iter().step_by(step));
    needed.into_iter().map(|(id, _)| id.clone()).collect()
}

fn may_have_changed(request: &Request<'_>, id: &TestId, observation: &Observation) -> bool {
    let ([before, ..], [after, ..]) = (observation.base.as_slice(), observation.head.as_slice()) else { return true };
    request.metrics.iter().any(|&metric| {
        let (before, after) = match (measure::value(before, metric), measure::value(after, metric)) {
            (Some(before), Some(after)) => (before, after),
            (before, after) => return before.is_some() || after.is_some(),
        };
        let rule = (request.thresholds)(id, metric).unwrap_or(Thresholds::fine(metric));
        let beyond = rule.ratio_passed(before, after) && rule.floor_passed(before, after);
        beyond || is_exact(metric, observation) && before != after
    })
}

/// Whether a metric is the same in every run of the same code: counted, and by one thread only.
pub(super) fn is_exact(metric: Metric, observation: &Observation) -> bool {
    let past = observation.past.iter().flatten().map(|(_, test)| test);
    let mut all = observation.base.iter().chain(&observation.head).chain(past);
    metric.is_countable() && all.all(|test| !measure::passed(test) || measure::is_single_threaded(test))
}
