//! `cargo monitor report`: one page that tells what a session cost.

mod charts;
mod subject;

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueHint};
use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::Verdict;
use monitor_store::{Attribution, Kind, Monitor, Outcome, Test};

use crate::app::App;
use crate::command::test::summary;
use crate::command::{compare, show};
use crate::comparison::{Comparison, DEFAULT_METRICS, Request, Sides};
use crate::complete;
use crate::exit::Exit;
use crate::measure;
use crate::output::page::{Page, Section};
use crate::output::{self, Column, Table, Value};
use crate::series::{Archive, Scope};

use subject::Subject;

/// Rows of each list of the greediest tests.
const ROWS: usize = 10;

/// Of what, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor report
  cargo monitor report main --output main.html
  cargo monitor report v1.0..latest --charts 50

The page is one file that needs nothing else, not even JavaScript. A range FROM..TO reports the session TO, compares it \
with FROM, and shows the histories between them; else the session is compared with the one before it on its machine class.")]
pub struct Arguments {
    /// The session (latest, latest~2, a commit, branch, date, tag:KEY=VALUE, …) or a range FROM..TO of them
    #[arg(value_name = "SESSION", default_value = "latest", add = complete::session_completer())]
    session: String,
    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = "report.html", value_hint = ValueHint::FilePath)]
    output: PathBuf,
    /// Draw the histories of so many tests: those that changed, then the slowest and hungriest
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    charts: usize,
    /// Draw so many of the newest sessions in each history
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    sessions: usize,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    let monitor = app.monitor()?;
    let subject = Subject::find(&monitor, &arguments.session)?;
    let page = page(&monitor, &subject, arguments)?;
    fs::write(&arguments.output, page.render())
        .with_context(|| format!("cannot write {}", arguments.output.display()))?;
    output::note(&format!("{} has the report", arguments.output.display()));
    Ok(Exit::Success)
}

fn page(monitor: &Monitor, subject: &Subject, arguments: &Arguments) -> anyhow::Result<Page> {
    let session = &subject.session;
    let mut tests = monitor.tests(&session.session_h)?;
    tests.retain(|test| test.kind() == Kind::Function);
    let comparison = subject.sides.clone().map(|sides| compared(monitor, sides)).transpose()?;
    let archive = Archive::new(monitor)?;
    let scope = Scope { from: subject.from, until: Some(session.run_date), ..Scope::default() };
    let charts = charts::Charts { archive: &archive, scope: &scope, sessions: arguments.sessions };

    let mut page = Page::new("What the tests cost").subtitled(&subject.words());
    page = page.with(overview(subject, &tests, comparison.as_ref()));
    page = page.with(match &comparison {
        Some(comparison) => {
            Section::new("comparison", "Comparison").with_document(&compare::document(comparison, false))
        }
        None => Section::new("comparison", "Comparison")
            .with_text("There is no session before this one on its machine class, so nothing is compared."),
    });
    page = page.with(most_expensive(&tests));
    let incomplete: Vec<Test> = tests.iter().filter(|test| is_incomplete(test)).cloned().collect();
    if !incomplete.is_empty() {
        let text = "Crashed, still running, or shared with what other tests left at work: these figures say less.";
        let table = show::table(&incomplete, &[Metric::WallTime, Metric::Memory]);
        page = page.with(Section::new("incomplete", "Incomplete").with_text(text).with_table(&table));
    }
    page = page.with(charts.section(&charts::chosen(&tests, comparison.as_ref(), arguments.charts))?);
    let all = show::table(&tests, &[Metric::WallTime, Metric::CpuTime, Metric::Memory, Metric::Allocations]);
    page = page
        .with(Section::new("tests", "All tests").with_folded(&format!("{} tests, in their order", tests.len()), &all));
    Ok(page.with(Section::new("machine", "Session and machine").with_facts(&subject.machine(monitor)?)))
}

fn compared(monitor: &Monitor, sides: Sides) -> anyhow::Result<Comparison> {
    let request = Request { sides, metrics: DEFAULT_METRICS, across_machines: false, thresholds: &|_, _| None };
    Comparison::new(monitor, request)
}

fn overview(subject: &Subject, tests: &[Test], comparison: Option<&Comparison>) -> Section {
    let mut facts = summary::facts(&subject.session, tests);
    if let Some(comparison) = comparison {
        let count = |verdict| Value::count(comparison.of(verdict).len() as u64);
        facts.push((Column::new("regressed", "got worse"), count(Verdict::Regressed).into()));
        facts.push((Column::new("improved", "got better"), count(Verdict::Improved).into()));
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
    let mut table = Table::new(&[
        ("test", "test"),
        (measure::key(metric), metric.title()),
        ("share", if is_part { "of all tests" } else { "" }),
        ("component", "component"),
    ]);
    for (value, test) in values.into_iter().take(ROWS) {
        table.push(vec![
            Value::Name(measure::name(test)).into(),
            Value::Quantity(metric.quantity(value)).into(),
            Value::Share(value / sum).into(),
            Value::text(test.component()).into(),
        ]);
    }
    table
}

fn is_incomplete(test: &Test) -> bool {
    matches!(measure::outcome(test), Outcome::Crashed | Outcome::Running)
        || measure::attribution(test) == Some(Attribution::Shared)
}
