//! `cargo monitor plot`: the history of tests as a chart.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum, ValueHint};
use monitor_analysis::chart::{Chart, Style, sparkline};
use monitor_analysis::metric::Metric;
use monitor_store::TestId;

use crate::app::App;
use crate::argument::MetricArgument;
use crate::complete;
use crate::output::{self, Cell, Document, Table, Value, picture};
use monitor_report::measure::{self, Names};
use monitor_report::render::page::{Page, Section};
use monitor_report::select;
use monitor_report::series::chart::{By, Curve, chart, title};
use monitor_report::series::{Archive, Scope, Series};
use monitor_report::view::history;

/// Characters of a sparkline at most.
const SPARKLINE: usize = 60;

/// More lines than this in a chart cannot be told apart: then each test has one of its own.
const MAX_CURVES: usize = 8;

/// Pixels of the PNG for each of the SVG.
const PIXELS: f32 = 2.0;

/// What to draw, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor plot 'test_prime[982451653]'
  cargo monitor plot 'test_prime[982451653]' --output evolution.png
  cargo monitor plot 'test_prime*' --metric cpu-time --output primes.html
  cargo monitor plot sums -m allocations -m heap-peak --by session -o

One test is drawn with wall time above memory, several with wall time only; of more than eight \
lines a page has a chart for each test. Each session of a commit is a dot, and the line goes \
through their median. Values that span decades have a logarithmic axis. Dashed lines are change \
points, as `history` finds them.")]
pub struct Arguments {
    /// The tests: names with parameters, with path, parts of a name that only one test has, or globs
    #[arg(value_name = "TEST", required = true, add = complete::test_completer())]
    tests: Vec<String>,
    /// Metrics to draw, with at most two units; the first is at the top [default: wall-time, and memory for one test]
    #[arg(short, long = "metric", value_name = "METRIC")]
    metrics: Vec<MetricArgument>,
    /// Write a file instead of printing sparklines: .svg, .png or .html
    #[arg(
        short,
        long,
        value_name = "FILE",
        num_args = 0..=1,
        default_missing_value = "plot.svg",
        value_hint = ValueHint::FilePath
    )]
    output: Option<PathBuf>,
    /// What a point stands for
    #[arg(long, value_name = "WHAT", default_value = "commit")]
    by: Points,
    /// How to draw two units
    #[arg(long, value_name = "STYLE", default_value = "panels")]
    style: Drawing,
    /// Title of the chart [default: METRICS evolution of TEST by commit]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Also show runs on other machine classes than that of the newest run
    #[arg(long)]
    across_machines: bool,
}

/// How a chart of two units is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Drawing {
    /// A panel for each unit, one above the other
    Panels,
    /// One panel with an axis on each side
    Talk,
}

/// What a point on the x axis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Points {
    /// Consecutive sessions of one commit; the line goes through their median
    Commit,
    /// A session
    Session,
}

/// What a file is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Svg,
    Png,
    Html,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    // Before anything is read: a wrong name is told at once.
    let file = arguments.output.as_deref().map(|path| Ok::<_, anyhow::Error>((path, kind(path)?))).transpose()?;
    let monitor = app.monitor()?;
    let named = arguments.tests.iter().map(|text| select::tests(&monitor, text)).collect::<Result<Vec<_>, _>>()?;
    let tests = distinct(named.into_iter().flatten());
    let metrics = metrics(&arguments.metrics, tests.len())?;
    let apart = tests.len() * metrics.len() > MAX_CURVES;
    if apart && matches!(file, Some((_, Kind::Svg | Kind::Png))) {
        bail!(
            "{} tests with {} metrics are more than the {MAX_CURVES} lines that one picture holds: name fewer tests, or write \
             .html, where each test has a chart",
            tests.len(),
            metrics.len()
        );
    }
    let levels = app.levels(&monitor)?;
    let archive = Archive::new(&monitor)?.with_levels(&levels);
    let scope = Scope { across_machines: arguments.across_machines, ..Scope::default() };
    let heading = titled(arguments, &tests, &metrics);
    let (bytes, other_machines) = if apart && file.is_some() {
        let (page, other_machines) = gallery(arguments, &heading, &metrics, &tests, &archive, &scope)?;
        (page.render().into_bytes(), other_machines)
    } else {
        let series = tests.iter().map(|test| archive.series(test, &scope)).collect::<Result<Vec<_>, _>>()?;
        let curves = curves(&archive, &series, &metrics, apart)?;
        let bytes = match file {
            Some((_, kind)) => bytes(&draw(arguments, &heading, &curves), &curves, kind)?,
            None => {
                app.print(&document(&curves))?;
                Vec::new()
            }
        };
        (bytes, series.iter().map(|series| series.other_machines).sum())
    };
    if let Some(hint) = history::other_machines(other_machines) {
        output::note(&hint);
    }
    if let Some((path, _)) = file {
        output::file(path, bytes)?;
        output::note(&format!("chart written to {}", path.display()));
    }
    Ok(())
}

fn kind(path: &Path) -> anyhow::Result<Kind> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("svg") => Ok(Kind::Svg),
        Some("png") => Ok(Kind::Png),
        Some("html" | "htm") => Ok(Kind::Html),
        _ => bail!("the name `{}` does not say which format to write: end it with .svg, .png or .html", path.display()),
    }
}

/// Each once, in the order in which they come first.
fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.fold(Vec::new(), |mut distinct, one| {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
        distinct
    })
}

fn metrics(asked: &[MetricArgument], tests: usize) -> anyhow::Result<Vec<Metric>> {
    let metrics = distinct(asked.iter().map(|MetricArgument(metric)| *metric));
    if metrics.is_empty() {
        return Ok(if tests == 1 { vec![Metric::WallTime, Metric::Memory] } else { vec![Metric::WallTime] });
    }
    let units = distinct(metrics.iter().map(|metric| metric.unit()));
    ensure!(units.len() <= 2, "a chart has two panels: choose metrics of at most two units");
    Ok(metrics)
}

/// The lines, test by test. Those of tests `apart` are named by what they show only.
fn curves<'a>(
    archive: &Archive<'_>,
    series: &'a [Series],
    metrics: &[Metric],
    apart: bool,
) -> anyhow::Result<Vec<Curve<'a>>> {
    let mut curves = Vec::new();
    let ids: Vec<TestId> = series.iter().map(|series| series.test.clone()).collect();
    let names = Names::of(&ids);
    for series in series {
        for &metric in metrics {
            let name = match (names.short(&series.test), metrics) {
                (name, [_]) if !name.is_empty() => name,
                (name, _) => format!("{name} {metric}"),
            };
            curves.push(Curve { name, series, metric, shifts: archive.shifts(series, metric)? });
        }
    }
    if apart || series.len() == 1 {
        for curve in &mut curves {
            curve.name = curve.metric.title().to_owned();
        }
    }
    Ok(curves)
}

fn draw(arguments: &Arguments, title: &str, curves: &[Curve<'_>]) -> Chart {
    let style = match arguments.style {
        Drawing::Panels => Style::Panels,
        Drawing::Talk => Style::Talk,
    };
    Chart { style, ..chart(title, curves, by(arguments)) }
}

fn by(arguments: &Arguments) -> By {
    match arguments.by {
        Points::Commit => By::Commit,
        Points::Session => By::Session,
    }
}

fn titled(arguments: &Arguments, tests: &[TestId], metrics: &[Metric]) -> String {
    let of = match tests {
        [one] => one.variant.clone(),
        several => format!("{} tests", several.len()),
    };
    arguments.title.clone().unwrap_or_else(|| title(metrics, &of, by(arguments)))
}

/// Charts that a page holds, bytes: more make it slow to load.
const MOST_BYTES: usize = 4 << 20;

/// A page with a chart for each test, and how many of their runs on other machines it leaves out. Histories are read as far as
/// they are drawn.
fn gallery(
    arguments: &Arguments,
    heading: &str,
    metrics: &[Metric],
    tests: &[TestId],
    archive: &Archive<'_>,
    scope: &Scope,
) -> anyhow::Result<(Page, usize)> {
    let mut section = Section::new("histories", "Histories");
    let names = Names::of(tests);
    let mut other_machines = 0;
    for (index, test) in tests.iter().enumerate() {
        if section.size_bytes() > MOST_BYTES {
            let of = tests.len();
            let cut = format!("This page has the charts of {index} of {of} tests: name fewer tests to see the others.");
            output::note(&cut);
            section = section.with_text(&cut);
            break;
        }
        let series = [archive.series(test, scope)?];
        let [Series { runs, other_machines: others, .. }] = &series;
        other_machines += others;
        if runs.is_empty() {
            continue;
        }
        let curves = curves(archive, &series, metrics, true)?;
        let chart = draw(arguments, &title(metrics, &test.variant, by(arguments)), &curves);
        section = history::with_changes(section.with_name(&names.full(test)).with_chart(&chart), &curves);
    }
    Ok((Page::new(heading).with(section), other_machines))
}

fn bytes(chart: &Chart, curves: &[Curve<'_>], kind: Kind) -> anyhow::Result<Vec<u8>> {
    Ok(match kind {
        Kind::Svg => chart.svg().into_bytes(),
        Kind::Png => picture::png(&chart.figure(true), PIXELS)?,
        Kind::Html => page(chart, curves).render().into_bytes(),
    })
}

fn page(chart: &Chart, curves: &[Curve<'_>]) -> Page {
    let mut page = Page::new(&chart.title).with(Section::new("chart", "").with_chart(chart));
    for (index, curve) in curves.iter().enumerate().filter(|(_, curve)| !curve.shifts.is_empty()) {
        let title = format!("Changes: {}", curve.name);
        let table = history::changes(curve.series, curve.metric, &curve.shifts);
        page = page.with(Section::new(&format!("changes-{index}"), &title).with_table(&table));
    }
    page
}

/// The chart in the terminal: a sparkline for each line.
fn document(curves: &[Curve<'_>]) -> Document {
    let ids: Vec<TestId> = curves.iter().map(|curve| curve.series.test.clone()).collect();
    let mut columns = vec![
        ("test", "test"),
        ("metric", "metric"),
        ("sparkline", "evolution"),
        ("runs", "runs"),
        ("first", "first"),
        ("min", "min"),
        ("max", "max"),
        ("last", "last"),
        ("changes", "changes"),
    ];
    columns.extend(measure::place_columns(&ids));
    let mut table = Table::new(&columns);
    for Curve { series, metric, shifts, .. } in curves {
        let values = series.values(*metric);
        let known = || values.iter().flatten().copied();
        let quantity =
            |value: Option<f64>| Cell::from(Value::or_missing(value, |value| Value::Quantity(metric.quantity(value))));
        let mut row = vec![
            Value::Name(measure::full_name(&series.test)).into(),
            Value::text(metric.title()).into(),
            Value::text(&sparkline(&values, SPARKLINE)).into(),
            Value::count(series.runs.len() as u64).into(),
            quantity(known().next()),
            quantity(known().reduce(f64::min)),
            quantity(known().reduce(f64::max)),
            quantity(known().last()),
            Value::count(shifts.len() as u64).into(),
        ];
        row.extend(measure::place(&series.test));
        table.push(row);
    }
    Document::table("plot", table)
}
