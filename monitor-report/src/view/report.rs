//! The page about a session: what it cost, what changed, histories.

use std::collections::BTreeSet;

use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::Verdict;
use monitor_store::{Attribution, Kind, Outcome, Test, TestId};

use super::histories::{Charts, chosen};
use super::show;
use super::subject::Subject;
use super::{compare, summary};
use crate::comparison::Comparison;
use crate::document::{Column, Table, Tone, Value};
use crate::error::ReportError;
use crate::gate::Levels;
use crate::measure;
use crate::render::page::{MOST_ROWS, Page, Section};
use crate::series::{Archive, Scope};
use crate::source::Source;

/// Rows of each list of the most expensive tests.
const ROWS: usize = 10;

/// How many histories are drawn, and how far back.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// The number of tests with a chart: those that changed first, then the slowest and those with the highest memory.
    pub charts: usize,
    /// The number of sessions in a chart, the newest.
    pub sessions: usize,
}

/// The page about a session. `levels` are the changes that were accepted.
///
/// # Errors
///
/// If the rows cannot be read.
pub fn page(source: &dyn Source, subject: &Subject, extent: Extent, levels: &Levels) -> Result<Page, ReportError> {
    let session = &subject.session;
    let mut tests = source.tests(&session.session_h)?;
    tests.retain(|test| test.kind() == Kind::Function);
    let comparison = subject.sides.clone().map(|sides| compare::of_levels(source, sides, levels)).transpose()?;
    let archive = Archive::new(source)?.with_levels(levels);
    let scope = Scope { from: subject.from, until: Some(session.run_date), ..Scope::default() };
    let charts = Charts { archive: &archive, scope: &scope, sessions: extent.sessions };

    let mut page = Page::new(&headline(comparison.as_ref())).subtitled(&subject.words());
    page = page.with(overview(subject, &tests, comparison.as_ref()));
    page = page.with(match &comparison {
        Some(comparison) => {
            Section::new("comparison", "Comparison").with_document(&compare::document(comparison, false))
        }
        None => Section::new("comparison", "Comparison")
            .with_text("Nothing is compared: there is no earlier session of this machine class."),
    });
    page = page.with(most_expensive(&tests));
    let incomplete: Vec<Test> = tests.iter().filter(|test| is_incomplete(test)).cloned().collect();
    if !incomplete.is_empty() {
        let text = "Crashed, still running, or disturbed by threads of other tests: these figures may be incomplete.";
        let table = show::table(&incomplete, &[Metric::WallTime, Metric::Memory]);
        page = page.with(Section::new("incomplete", "Incomplete").with_text(text).with_table(&table));
    }
    page = page.with(charts.section(&chosen(&tests, comparison.as_ref(), extent.charts))?);
    // Of more than a page can have, those that matter most.
    let is_cut = tests.len() > MOST_ROWS;
    if is_cut {
        show::sort_by(&mut tests, Metric::WallTime);
    }
    let order = if is_cut { "the slowest first" } else { "in their order" };
    let all = show::table(&tests, &[Metric::WallTime, Metric::CpuTime, Metric::Memory, Metric::Allocations]);
    page = page.with(Section::new("tests", "All tests").with_folded(&format!("{} tests, {order}", tests.len()), &all));
    Ok(page.with(Section::new("machine", "Session and machine").with_facts(&subject.machine(source)?)))
}

/// The verdict in a line.
fn headline(comparison: Option<&Comparison>) -> String {
    let Some(comparison) = comparison else { return "What the tests cost".to_owned() };
    let words = |(verdict, of_one, of_many)| match tests_of(comparison, verdict) {
        0 => None,
        1 => Some(format!("1 test {of_one}")),
        count => Some(format!("{count} tests {of_many}")),
    };
    let counted: Vec<String> = [
        (Verdict::Regressed, "costs more", "cost more"),
        (Verdict::Suspect, "may cost more", "may cost more"),
        (Verdict::Improved, "costs less", "cost less"),
    ]
    .into_iter()
    .filter_map(words)
    .collect();
    if counted.is_empty() { "No test costs more than before".to_owned() } else { counted.join(", ") }
}

/// How many tests a verdict is about; each may have it in several metrics.
fn tests_of(comparison: &Comparison, verdict: Verdict) -> usize {
    comparison.of(verdict).into_iter().map(|finding| &finding.test).collect::<BTreeSet<_>>().len()
}

fn overview(subject: &Subject, tests: &[Test], comparison: Option<&Comparison>) -> Section {
    let mut facts = summary::facts(&subject.session, tests);
    if let Some(comparison) = comparison {
        for (verdict, column, tone) in [
            (Verdict::Regressed, Column::new("regressed", "regressed"), Tone::Bad),
            (Verdict::Improved, Column::new("improved", "improved"), Tone::Good),
        ] {
            let count = tests_of(comparison, verdict);
            let tone = if count > 0 { tone } else { Tone::Plain };
            facts.push((column, Value::count(count as u64).toned(tone)));
        }
        let changed = comparison.dependencies.as_ref().map(|changed| changed.len() as u64);
        let dependencies = Value::or_missing(changed, Value::count);
        facts.push((Column::new("dependencies", "changed dependencies"), dependencies.into()));
    }
    Section::new("overview", "Overview").with_facts(&facts)
}

fn most_expensive(tests: &[Test]) -> Section {
    let mut section = Section::new("top", "Most expensive");
    for (metric, title) in [
        (Metric::WallTime, "Wall time"),
        (Metric::CpuTime, "CPU time"),
        (Metric::Memory, "Memory"),
        (Metric::Allocations, "Allocations"),
        (Metric::HeapRetained, "Heap still held at the end"),
    ] {
        let table = top(tests, metric);
        if !table.rows.is_empty() {
            section = section.with_heading(title).with_table(&table);
        }
    }
    section
}

/// The tests with the greatest values, and their parts of the sum if values add up.
fn top(tests: &[Test], metric: Metric) -> Table {
    let mut values: Vec<(f64, &Test)> = tests
        .iter()
        .filter_map(|test| Some((measure::value(test, metric)?, test)))
        .filter(|(value, _)| *value > 0.0)
        .collect();
    values.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let sum: f64 = values.iter().map(|(value, _)| value).sum();
    let is_part = metric != Metric::Memory;
    let ids: Vec<TestId> = values.iter().map(|(_, test)| test.id()).collect();
    let mut columns = vec![
        ("test", "test"),
        (measure::key(metric), metric.title()),
        ("share", if is_part { "of all tests" } else { "" }),
        ("component", "component"),
    ];
    columns.extend(measure::place_columns(&ids));
    let mut table = Table::new(&columns);
    for ((value, test), id) in values.into_iter().zip(&ids).take(ROWS) {
        let mut row = vec![
            Value::Name(measure::name(test)).into(),
            Value::Quantity(metric.quantity(value)).into(),
            Value::Share(value / sum).into(),
            Value::text(test.component()).into(),
        ];
        row.extend(measure::place(id));
        table.push(row);
    }
    table
}

fn is_incomplete(test: &Test) -> bool {
    matches!(measure::outcome(test), Outcome::Crashed | Outcome::Running)
        || measure::attribution(test) == Some(Attribution::Shared)
}
