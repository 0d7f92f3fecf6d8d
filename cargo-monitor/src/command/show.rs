//! `cargo monitor show`: the tests of one session.

use clap::Args;
use monitor_analysis::metric::Metric;
use monitor_store::{Attribution, Kind, Monitor, Session, Sessions, Test};

use crate::app::App;
use crate::command::sessions;
use crate::complete;
use crate::exit::Exit;
use crate::measure::{self, MetricArgument};
use crate::output::{Cell, Document, Table, Tone, Value};
use crate::select;

/// Which session, and what of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor show
  cargo monitor show latest~1 --sort memory
  cargo monitor show main --test prime --metrics wall-time,allocations,heap-retained
  cargo monitor show tag:suite=nightly --format csv > nightly.csv")]
pub struct Arguments {
    /// The session: latest, latest~2, a commit, branch, date, tag:KEY=VALUE, …
    #[arg(value_name = "SESSION", default_value = "latest", add = complete::session_completer())]
    session: String,
    /// Order by this metric, greatest first, instead of by start
    #[arg(short, long, value_name = "METRIC")]
    sort: Option<MetricArgument>,
    /// Only tests whose name contains this (repeat it for any of several)
    #[arg(short, long, value_name = "TEXT")]
    test: Vec<String>,
    /// Metrics to show, separated by commas (json and csv hold all)
    #[arg(
        short,
        long,
        value_name = "METRICS",
        value_delimiter = ',',
        default_value = "wall-time,cpu-time,memory,allocations"
    )]
    metrics: Vec<MetricArgument>,
    /// Module and session rows too, where there are any
    #[arg(long)]
    all_kinds: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    let monitor = app.monitor()?;
    let session = select::session(&monitor, &arguments.session)?;
    let mut tests = monitor.tests(&session.session_h)?;
    let wanted = |test: &Test| {
        let name = measure::name(test);
        (arguments.all_kinds || test.kind() == Kind::Function)
            && (arguments.test.is_empty() || arguments.test.iter().any(|part| name.contains(part.as_str())))
    };
    tests.retain(wanted);
    if let Some(MetricArgument(metric)) = arguments.sort {
        sort_by(&mut tests, metric);
    }
    let shown: Vec<Metric> = arguments.metrics.iter().map(|metric| metric.0).collect();
    let document = Document::default().with_facts("session", "", facts(&monitor, &session)?).with_table(
        "tests",
        "",
        table(&tests, &shown),
    );
    app.print(&document)?;
    Ok(Exit::Success)
}

/// Greatest first; tests without a value last.
pub(crate) fn sort_by(tests: &mut [Test], metric: Metric) {
    let key = |test: &Test| measure::value(test, metric).unwrap_or(f64::NEG_INFINITY);
    tests.sort_by(|a, b| key(b).total_cmp(&key(a)));
}

/// What is known of a session as a whole.
pub(crate) fn facts(monitor: &Monitor, session: &Session) -> anyhow::Result<Vec<(crate::output::Column, Cell)>> {
    let details = monitor.session_details(&Sessions::all().id_prefix(&session.session_h))?;
    let document = sessions::document(&details);
    let Some(crate::output::Body::Table(table)) = document.sections.into_iter().next().map(|section| section.body)
    else {
        return Ok(Vec::new());
    };
    let Some(row) = table.rows.into_iter().next() else { return Ok(Vec::new()) };
    Ok(table.columns.into_iter().zip(row).collect())
}

/// A row for each test; the metrics in `shown` for people, all for programs.
pub(crate) fn table(tests: &[Test], shown: &[Metric]) -> Table {
    let mut columns = vec![("test", "test"), ("outcome", "outcome")];
    // In the order asked for, then the rest.
    let rest = measure::METRICS.iter().filter(|metric| !shown.contains(metric));
    let metrics: Vec<Metric> = shown.iter().chain(rest).copied().collect();
    for metric in &metrics {
        columns.push((measure::key(*metric), if shown.contains(metric) { metric.title() } else { "" }));
    }
    columns.extend([
        ("attribution", "attribution"),
        ("memory_source", ""),
        ("concurrency", ""),
        ("attempt", ""),
        ("component", ""),
        ("package", ""),
        ("binary", ""),
        ("path", ""),
        ("item", ""),
        ("variant", ""),
        ("file", ""),
        ("kind", ""),
        ("start_time", ""),
        ("process", ""),
        ("machine_class", ""),
    ]);
    let mut table = Table::new(&columns);
    for test in tests {
        table.push(row(test, &metrics));
    }
    table
}

fn row(test: &Test, metrics: &[Metric]) -> Vec<Cell> {
    let outcome = measure::outcome(test);
    let profile = test.profile.as_ref();
    let mut row =
        vec![Value::Name(measure::name(test)).into(), Value::Text(outcome.to_string()).toned(measure::tone(outcome))];
    row.extend(metrics.iter().map(|metric| Cell::from(measure::cell(test, *metric))));
    let attribution = measure::attribution(test);
    let attribution_tone = if attribution == Some(Attribution::Shared) { Tone::Doubtful } else { Tone::Dim };
    row.push(Value::or_missing(attribution, |it| Value::Text(it.to_string())).toned(attribution_tone));
    row.extend(
        [
            Value::or_missing(profile.and_then(|profile| profile.mem_source), |it| Value::Text(it.to_string())),
            Value::or_missing(profile.and_then(|profile| profile.measures.concurrency), Value::count),
            Value::or_missing(profile, |profile| Value::count(profile.attempt.into())),
            Value::text(test.component()),
            Value::or_missing(profile, |profile| Value::text(&profile.package)),
            Value::or_missing(profile, |profile| Value::text(&profile.binary)),
            Value::text(test.path()),
            Value::Name(test.item().to_owned()),
            Value::Name(test.variant().to_owned()),
            Value::text(test.metric.as_ref().map_or("", |metric| &metric.item_fs_loc)),
            Value::Text(test.kind().to_string()),
            Value::Time(test.start()),
            Value::id(profile.map_or("", |profile| &profile.key.process_h)),
            Value::id(test.class_h.as_deref().unwrap_or_default()),
        ]
        .map(Cell::from),
    );
    row
}
