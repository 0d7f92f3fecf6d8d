//! The history of a test, and where it changed.

use monitor_analysis::chart::sparkline;
use monitor_analysis::metric::Metric;
use monitor_store::Session;

use crate::document::{Cell, Column, Document, Table, Tone, Value};
use crate::measure;
use crate::render::page::Section;
use crate::select;
use crate::series::chart::Curve;
use crate::series::{Series, Shift};

/// Characters of the sparkline at most.
const SPARKLINE: usize = 60;

/// The history of a metric of a test: its last `limit` runs, and every change.
pub fn document(series: &Series, metric: Metric, shifts: &[Shift], limit: usize) -> Document {
    Document::default()
        .with_facts("history", "", facts(series, metric))
        .with_table("runs", "Runs", runs(series, metric, shifts, limit))
        .with_table("changes", "Changes", changes(series, metric, shifts))
}

fn facts(series: &Series, metric: Metric) -> Vec<(Column, Cell)> {
    let values = series.values(metric);
    let known = || values.iter().flatten().copied();
    let quantity =
        |value: Option<f64>| Cell::from(Value::or_missing(value, |value| Value::Quantity(metric.quantity(value))));
    let name = series.runs.first().map_or_else(String::new, |run| measure::name(&run.test));
    vec![
        (Column::new("test", "test"), Value::Name(name).into()),
        (Column::new("package", ""), Value::text(&series.test.package).into()),
        (Column::new("binary", ""), Value::text(&series.test.binary).into()),
        (Column::new("metric", "metric"), Value::text(metric.title()).into()),
        (Column::new("runs", "runs"), Value::count(series.runs.len() as u64).into()),
        (Column::new("min", "min"), quantity(known().reduce(f64::min))),
        (Column::new("max", "max"), quantity(known().reduce(f64::max))),
        (Column::new("last", "last"), quantity(known().last())),
        (Column::new("sparkline", "evolution"), Value::text(&sparkline(&values, SPARKLINE)).into()),
    ]
}

fn runs(series: &Series, metric: Metric, shifts: &[Shift], limit: usize) -> Table {
    let mut table = Table::new(&[
        ("session", ""),
        ("run_date", "date (UTC)"),
        ("commit", "commit"),
        ("branch", "branch"),
        ("outcome", "outcome"),
        (measure::key(metric), metric.title()),
        ("ratio", "change"),
        ("machine_class", ""),
    ]);
    for (index, run) in series.runs.iter().enumerate().skip(series.runs.len().saturating_sub(limit)) {
        let outcome = measure::outcome(&run.test);
        let shift = shifts.iter().find(|shift| shift.index == index);
        table.push(vec![
            Value::id(&run.session.session_h).into(),
            Value::Time(run.session.run_date).into(),
            Value::id(&run.session.scm_id).into(),
            branch(&run.session).into(),
            Value::Text(outcome.to_string()).toned(measure::tone(outcome)),
            measure::cell(&run.test, metric).into(),
            Value::or_missing(shift, |shift| Value::Change(shift.levels.ratio(), metric.unit()))
                .toned(shift.map_or(Tone::Plain, tone)),
            Value::id(run.test.class_h.as_deref().unwrap_or_default()).into(),
        ]);
    }
    table
}

/// The changes of a series, with the commits and the dependencies at each.
pub fn changes(series: &Series, metric: Metric, shifts: &[Shift]) -> Table {
    let mut table = Table::new(&[
        ("run_date", "date (UTC)"),
        ("commit_before", "from commit"),
        ("commit_after", "to commit"),
        ("before", "before"),
        ("after", "after"),
        ("ratio", "change"),
        ("coarse", ""),
        ("accepted", if shifts.iter().any(|shift| shift.accepted) { "accepted" } else { "" }),
        ("dependencies", "dependencies"),
    ]);
    for shift in shifts {
        let (before, after) = (&series.runs[shift.before].session, &series.runs[shift.index].session);
        let quantity = |value| Cell::from(Value::Quantity(metric.quantity(value)));
        let dependencies = shift.dependencies.as_ref().map(|changed| match changed.as_slice() {
            [] => "the same".to_owned(),
            changed => changed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        });
        table.push(vec![
            Value::Time(after.run_date).into(),
            Value::id(&before.scm_id).into(),
            Value::id(&after.scm_id).into(),
            quantity(shift.levels.before),
            quantity(shift.levels.after),
            Value::Change(shift.levels.ratio(), metric.unit()).toned(tone(shift)),
            Value::Flag(shift.coarse).into(),
            Value::Flag(shift.accepted).into(),
            Value::or_missing(dependencies, Value::Text).into(),
        ]);
    }
    table
}

/// The section, and below it the changes of each curve.
pub fn with_changes(section: Section, curves: &[Curve<'_>]) -> Section {
    curves.iter().filter(|curve| !curve.shifts.is_empty()).fold(section, |section, curve| {
        let table = changes(curve.series, curve.metric, &curve.shifts);
        section.with_folded(&format!("Changes of {}", curve.name), &table)
    })
}

fn tone(shift: &Shift) -> Tone {
    match shift.levels.after > shift.levels.before {
        _ if shift.accepted => Tone::Plain,
        true => Tone::Bad,
        false => Tone::Good,
    }
}

fn branch(session: &Session) -> Value {
    Value::text(select::branches(session).next().unwrap_or_default())
}

/// Which runs are not listed, and why.
#[must_use]
pub fn hints(series: &Series, limit: usize) -> Vec<String> {
    let mut hints = Vec::new();
    if series.runs.len() > limit {
        hints.push(format!("{} older runs are not listed: --all lists them", series.runs.len() - limit));
    }
    hints.extend(other_machines(series.other_machines));
    hints
}

/// Says that runs of other machine classes are not shown; `None` for 0 runs.
#[must_use]
pub fn other_machines(runs: usize) -> Option<String> {
    (runs > 0).then(|| {
        format!("{runs} runs on other machine classes (processor, system, rustc or profile) are left out: --across-machines includes them")
    })
}
