//! What a session cost, at a glance.

use std::collections::BTreeMap;

use monitor_analysis::constants::GROSS_RATIO;
use monitor_analysis::metric::Metric;
use monitor_analysis::summary::Summary;
use monitor_analysis::verdict::Verdict;
use monitor_store::{Attribution, Kind, Outcome, Session, Test, TestId};

use super::compare;
use super::show;
use crate::comparison::{Comparison, Finding, Sides};
use crate::document::{Cell, Column, Document, Table, Tone, Value};
use crate::error::ReportError;
use crate::gate::Levels;
use crate::measure;
use crate::render::short;
use crate::source::Source;

/// Rows of each list.
const ROWS: usize = 5;

/// The summary of one session, where accepted changes begin `levels`.
///
/// # Errors
///
/// If the rows cannot be read.
pub fn of_one(source: &dyn Source, session: &Session, levels: &Levels) -> Result<Document, ReportError> {
    let tests = functions(source, session)?;
    let mut document = Document::default().with_facts("summary", "", facts(session, &tests));
    document = lists(document, &tests);
    document = match changes(source, session, levels)? {
        Some((title, changes)) => document.with_table("changes", title, changes),
        None => document.with_rows("changes", "", Table::new(&[])),
    };
    let notable: Vec<Test> = tests.into_iter().filter(is_notable).collect();
    let title = "Incomplete: crashed, or disturbed by threads of other tests";
    Ok(document.with_rows("incomplete", title, show::table(&notable, &[Metric::WallTime])))
}

/// The summary of several runs of the same tests: how far their costs lie apart.
///
/// # Errors
///
/// If the rows cannot be read.
pub fn of_several(source: &dyn Source, sessions: &[Session]) -> Result<Document, ReportError> {
    let mut runs = Vec::with_capacity(sessions.len());
    for session in sessions {
        runs.push(functions(source, session)?);
    }
    let all: Vec<&Test> = runs.iter().flatten().collect();
    let mut document = Document::default();
    if let (Some(session), Some(tests)) = (sessions.last(), runs.last()) {
        let mut facts = facts(session, tests);
        let ids: Vec<_> = sessions.iter().map(|session| short(&session.session_h)).collect();
        facts.insert(0, (Column::new("sessions", "sessions"), Value::Text(ids.join(" ")).into()));
        document = document.with_facts("summary", "", facts);
    }
    for (metric, key, title) in [
        (Metric::WallTime, "wall", "Slowest"),
        (Metric::Instructions, "instructions", "Most instructions"),
        (Metric::Memory, "memory", "Highest memory"),
    ] {
        let spread = spread(&all, metric);
        document = document.with_rows(key, format!("{title}, of {} runs", sessions.len()), spread);
    }
    Ok(document)
}

/// The greatest changes since the last session of the machine class, by all that is known of it before; `None` if there
/// is no such session.
fn changes(source: &dyn Source, session: &Session, levels: &Levels) -> Result<Option<(String, Table)>, ReportError> {
    let Some(sides) = Sides::since_last(source, session)? else { return Ok(None) };
    let comparison = compare::of_levels(source, sides, levels)?;
    let changed = comparison.changes().into_iter().take(2 * ROWS);
    let mut changed: Vec<Finding> = changed.map(|finding| unless_busy(finding, &comparison)).collect();
    changed.sort_by_key(|finding| finding.verdict() != Verdict::Regressed);
    let date = comparison.sides.base[0].run_date.to_string()[..16].replace('T', " ");
    Ok(Some((format!("Changed since {date}"), compare::findings(&comparison, &changed))))
}

/// A finding as it is told after one run on a machine in use: where wall time alone is up and CPU time is not, the machine was busy
/// more often than the test is slower. That is a suspect, unless the change is gross.
fn unless_busy(finding: &Finding, comparison: &Comparison) -> Finding {
    let mut told = finding.clone();
    let judgement = &mut told.judged.judgement;
    let is_gross = judgement.change.is_some_and(|change| change.ratio() >= GROSS_RATIO);
    let is_up = |other: &Finding| {
        other.metric == Some(Metric::CpuTime)
            && other.test == finding.test
            && matches!(other.verdict(), Verdict::Regressed | Verdict::Suspect)
    };
    let cpu_is_up = comparison.verdicts.findings.iter().any(is_up);
    if finding.metric == Some(Metric::WallTime) && judgement.verdict == Verdict::Regressed && !is_gross && !cpu_is_up {
        judgement.verdict = Verdict::Suspect;
    }
    told
}

fn functions(source: &dyn Source, session: &Session) -> Result<Vec<Test>, ReportError> {
    let mut tests = source.tests(&session.session_h)?;
    tests.retain(|test| test.kind() == Kind::Function);
    Ok(tests)
}

/// How tests end, in the order in which that is told.
const OUTCOMES: [(Outcome, &str); 5] = [
    (Outcome::Passed, "passed"),
    (Outcome::Failed, "failed"),
    (Outcome::OverBudget, "over_budget"),
    (Outcome::Crashed, "crashed"),
    (Outcome::Running, "running"),
];

/// How the tests of a session ended, and what they used together.
#[must_use]
pub fn facts(session: &Session, tests: &[Test]) -> Vec<(Column, Cell)> {
    // None of counted tests, whose clocks mean nothing; of no tests at all 0.
    let sum = |metric| {
        let values = || tests.iter().filter_map(|test| measure::value(test, metric));
        (tests.is_empty() || values().next().is_some()).then(|| values().sum::<f64>())
    };
    let most = tests.iter().filter_map(|test| measure::value(test, Metric::Memory)).reduce(f64::max);
    // As a runner counts them: a test that was tried again counts once.
    let last = last_attempts(tests);
    let again = tests.len() - last.len();
    let counts = OUTCOMES.map(|(outcome, _)| last.iter().filter(|test| measure::outcome(test) == outcome).count());
    let is_bad = |(outcome, count): (&(Outcome, &str), usize)| count > 0 && measure::tone(outcome.0) == Tone::Bad;
    let tone = if OUTCOMES.iter().zip(counts).any(is_bad) { Tone::Bad } else { Tone::Good };
    let retried = if again > 0 { format!(" ({again} more attempts)") } else { String::new() };
    let mut facts = vec![
        (Column::new("session", "session"), Value::id(&session.session_h).into()),
        (Column::new("outcomes", "tests"), Value::Text(outcomes(counts) + &retried).toned(tone)),
    ];
    let count = |((_, key), count): (_, usize)| (Column::new(key, ""), Cell::from(Value::count(count as u64)));
    facts.extend(OUTCOMES.into_iter().zip(counts).map(count));
    for (key, title, value) in [
        ("wall_seconds", "wall time of all", Value::or_missing(sum(Metric::WallTime), Value::seconds)),
        ("cpu_seconds", "CPU time of all", Value::or_missing(sum(Metric::CpuTime), Value::seconds)),
        ("memory_bytes", "largest memory", Value::or_missing(most, Value::bytes)),
    ] {
        facts.push((Column::new(key, title), value.into()));
    }
    facts
}

/// All but those after which the runner tried the test again.
fn last_attempts(tests: &[Test]) -> Vec<&Test> {
    let attempt = |test: &Test| test.profile.as_ref().map_or(1, |profile| profile.attempt);
    let mut runs: Vec<(TestId, &Test)> = tests.iter().map(|test| (test.id(), test)).collect();
    runs.sort_by(|(id, run), (other_id, other)| id.cmp(other_id).then_with(|| run.start().cmp(&other.start())));
    let mut last: Vec<(TestId, &Test)> = Vec::with_capacity(runs.len());
    for (id, run) in runs {
        if last.last().is_some_and(|(of, before)| *of == id && attempt(run) == attempt(before) + 1) {
            last.pop();
        }
        last.push((id, run));
    }
    last.into_iter().map(|(_, run)| run).collect()
}

/// `12 passed, 1 crashed`.
fn outcomes(counts: [usize; OUTCOMES.len()]) -> String {
    let there = OUTCOMES.into_iter().zip(counts).filter(|(_, count)| *count > 0);
    let text = there.map(|((outcome, _), count)| format!("{count} {outcome}")).collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none".to_owned() } else { text }
}

fn lists(mut document: Document, tests: &[Test]) -> Document {
    let are_counted = tests.iter().any(|test| measure::value(test, Metric::Instructions).is_some());
    let shown: &[Metric] = match are_counted {
        true => &[Metric::Instructions, Metric::Memory],
        false => &[Metric::WallTime, Metric::CpuTime, Metric::Memory],
    };
    for (metric, key, title) in [
        (Metric::WallTime, "slowest", "Slowest"),
        (Metric::Instructions, "most_instructions", "Most instructions"),
        (Metric::Memory, "highest-memory", "Highest memory"),
    ] {
        let mut tests: Vec<Test> =
            tests.iter().filter(|test| measure::value(test, metric).is_some()).cloned().collect();
        show::sort_by(&mut tests, metric);
        tests.truncate(ROWS);
        document = document.with_rows(key, title, show::table(&tests, shown));
    }
    document
}

fn is_notable(test: &Test) -> bool {
    measure::outcome(test) == Outcome::Crashed || measure::attribution(test) == Some(Attribution::Shared)
}

/// Least, median and greatest value of each test, those with the greatest medians first.
fn spread(tests: &[&Test], metric: Metric) -> Table {
    let mut values: BTreeMap<TestId, Vec<f64>> = BTreeMap::new();
    for test in tests {
        if let Some(value) = measure::value(test, metric) {
            values.entry(test.id()).or_default().push(value);
        }
    }
    let summaries = values.into_iter().filter_map(|(test, values)| Some((test, Summary::of(&values)?)));
    let mut rows: Vec<(TestId, Summary)> = summaries.collect();
    rows.sort_by(|(_, a), (_, b)| b.median.total_cmp(&a.median));
    let ids: Vec<TestId> = rows.iter().map(|(test, _)| test.clone()).collect();
    let mut columns = vec![("test", "test"), ("runs", "runs"), ("min", "min"), ("median", "median"), ("max", "max")];
    columns.extend(measure::place_columns(&ids));
    let mut table = Table::new(&columns);
    for (test, summary) in rows.into_iter().take(ROWS) {
        let quantity = |value| Cell::from(Value::Quantity(metric.quantity(value)));
        let mut row = vec![
            Value::Name(measure::full_name(&test)).into(),
            Value::count(summary.count as u64).into(),
            quantity(summary.min),
            quantity(summary.median),
            quantity(summary.max),
        ];
        row.extend(measure::place(&test));
        table.push(row);
    }
    table
}
