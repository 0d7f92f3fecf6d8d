//! Which function made a test's instructions more or fewer, where the costs of functions are known on both sides.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use monitor_analysis::callgrind::{Change, FunctionCost, differences_of_costs};
use monitor_analysis::metric::Metric;
use monitor_analysis::quantity::{Quantity, Unit};
use monitor_store::{Session, Test, TestId};

use super::model::Finding;
use super::sides::Sides;
use crate::error::ReportError;
use crate::measure;
use crate::source::Source;

/// Gives each finding of changed instructions its cause.
pub(super) fn add(source: &dyn Source, sides: &Sides, findings: &mut [Finding]) -> Result<(), ReportError> {
    let is_changed =
        |finding: &&mut Finding| finding.metric == Some(Metric::Instructions) && finding.verdict().is_change();
    // A server's session may have thousands of tests: each is read once.
    let mut known = HashMap::new();
    for finding in findings.iter_mut().filter(is_changed) {
        let mut newest = |sessions| newest(source, &mut known, sessions, &finding.test);
        let (base, head) = (newest(&sides.base)?, newest(&sides.head)?);
        if !base.is_empty() && !head.is_empty() {
            finding.cause = cause(&differences_of_costs(&base, &head));
        }
    }
    Ok(())
}

/// The costs of the newest run of a test that has some.
fn newest<'a>(
    source: &dyn Source,
    known: &mut HashMap<&'a str, Vec<Test>>,
    sessions: &'a [Session],
    test: &TestId,
) -> Result<Vec<FunctionCost>, ReportError> {
    for session in sessions {
        let tests = match known.entry(&session.session_h) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(source.tests(&session.session_h)?),
        };
        for run in tests.iter().filter(|run| run.id() == *test && measure::passed(run)) {
            let costs = costs(source, run)?;
            if !costs.is_empty() {
                return Ok(costs);
            }
        }
    }
    Ok(Vec::new())
}

/// The costs of the functions of a run, most expensive first; empty if they were not counted.
///
/// # Errors
///
/// If the rows cannot be read.
pub fn costs(source: &dyn Source, run: &Test) -> Result<Vec<FunctionCost>, ReportError> {
    let Some(profile) = &run.profile else { return Ok(Vec::new()) };
    let costs = source.costs(&profile.key)?;
    let costs = costs.into_iter().map(|cost| FunctionCost {
        name: cost.name,
        file: cost.file,
        line: cost.line,
        package: cost.package,
        own: cost.own,
        inclusive: cost.inclusive,
        calls: cost.calls,
    });
    Ok(costs.collect())
}

/// The largest change in words: `+12.0 M instructions in primes_demo::sieve::mark at primes-demo/src/sieve.rs:23`. `None` if
/// there is no change.
#[must_use]
pub fn cause(changes: &[Change]) -> Option<String> {
    let change = changes.first()?;
    let due = if change.due == 0 { change.difference() } else { change.due };
    if due == 0 {
        return None;
    }
    let function = change.function();
    let place = place_of(change);
    let at = if place.is_empty() { String::new() } else { format!(" at {place}") };
    let amount = Quantity { value: due.unsigned_abs() as f64, unit: Unit::Count };
    let sign = if due < 0 { "-" } else { "+" };
    Some(format!("{sign}{amount} instructions in {}{at}", function.name))
}

/// Where a function has changed; where it is, if that is not known.
#[must_use]
pub fn place_of(change: &Change) -> String {
    match &change.place {
        Some(at) => place(&at.file, at.line),
        None => place(&change.function().file, change.function().line),
    }
}

/// `primes-demo/src/sieve.rs:17`: the end of the path, which is the same in every worktree; empty if the file is not known.
#[must_use]
pub fn place(file: &str, line: u32) -> String {
    if file.is_empty() {
        return String::new();
    }
    let mut parts: Vec<&str> = file.rsplit('/').take(3).collect();
    parts.reverse();
    format!("{}:{line}", parts.join("/"))
}
