//! A comparison: what changed, and what could not be compared.

use monitor_analysis::constants::HISTORY_MIN_VALUES;
use monitor_analysis::dependencies::ChangedDependency;
use monitor_analysis::judge::{Finding as Judged, RunFactor};
use monitor_analysis::metric::Metric;
use monitor_analysis::quantity::{Quantity, Unit, ratio_text};
use monitor_analysis::verdict::{Figures, Judgement, Verdict};
use monitor_store::Session;

use super::subject::commit;
use crate::comparison::{Comparison, Finding, Request, Sides};
use crate::document::{Cell, Column, Document, Table, Tone, Value};
use crate::error::ReportError;
use crate::gate::Levels;
use crate::measure;
use crate::render::short;
use crate::select;
use crate::source::Source;

/// The comparison of two sides in all default metrics, where accepted changes begin `levels`.
///
/// # Errors
///
/// If the rows cannot be read.
pub fn of_levels(source: &dyn Source, sides: Sides, levels: &Levels) -> Result<Comparison, ReportError> {
    Comparison::new(source, Request { levels, ..Request::new(sides) })
}

/// The tables of a comparison. With `all`, also what did not change.
pub fn document(comparison: &Comparison, all: bool) -> Document {
    let mut document = Document::default().with_facts("comparison", "", facts(comparison));
    document = document.with_rows("whole_run", "The whole run", whole_run(comparison, |_, _| None));
    document = document.with_table("changes", "Changes", findings(comparison, comparison.changes()));
    for (key, title, verdict) in [
        ("new", "New tests", Verdict::New),
        ("gone", "Tests that are gone", Verdict::Gone),
        ("not_comparable", "Not comparable", Verdict::NotComparable),
        ("no_baseline", "Without a baseline", Verdict::NoBaseline),
    ] {
        document = document.with_rows(key, title, findings(comparison, comparison.of(verdict)));
    }
    let changed = comparison.dependencies.as_deref().unwrap_or_default();
    document = document.with_rows("dependencies", "Changed dependencies", dependencies(changed));
    if all {
        let unchanged = [comparison.of(Verdict::Unchanged), comparison.of(Verdict::Undecided)].concat();
        document = document.with_table("unchanged", "Unchanged and undecided", findings(comparison, unchanged));
    }
    document
}

/// The version of the documents of `compare` and `gate` in JSON: a number that changes when fields do.
const SCHEMA_VERSION: u64 = 4;

/// As the first of the facts that only programs see.
pub(super) fn schema_version() -> (Column, Cell) {
    (Column::new("schema_version", ""), Value::count(SCHEMA_VERSION).into())
}

/// The facts about the whole comparison: both sides, and how many findings have which verdict.
#[must_use]
pub fn facts(comparison: &Comparison) -> Vec<(Column, Cell)> {
    let count = |verdict| comparison.count(verdict) as u64;
    let toned = |count: u64, tone| if count > 0 { Value::count(count).toned(tone) } else { Value::count(count).into() };
    // Of what there is none, programs learn only.
    let counted =
        |key, title, count: u64, tone| (Column::new(key, if count > 0 { title } else { "" }), toned(count, tone));
    let not_compared = [Verdict::New, Verdict::Gone, Verdict::NotComparable, Verdict::NoBaseline].map(count);
    let missing_title = if comparison.missing > 0 { "tests of the base that did not run or pass" } else { "" };
    let missing = Value::Text(format!("{} of {}", comparison.missing, comparison.usual));
    let missing = if comparison.is_partial() { missing.toned(Tone::Bad) } else { missing.into() };
    let mut facts = vec![
        schema_version(),
        (Column::new("base", "base"), Value::Text(side(&comparison.sides.base)).into()),
        (Column::new("head", "head"), Value::Text(side(&comparison.sides.head)).into()),
        (Column::new("regressed", "regressed"), toned(count(Verdict::Regressed), Tone::Bad)),
        counted("suspect", "suspect", count(Verdict::Suspect), Tone::Doubtful),
        counted("improved", "improved", count(Verdict::Improved), Tone::Good),
        counted("unchanged", "unchanged", count(Verdict::Unchanged), Tone::Plain),
        counted("undecided", "undecided", count(Verdict::Undecided), Tone::Doubtful),
        counted("not_compared", "not compared", not_compared.iter().sum(), Tone::Doubtful),
        (Column::new("missing_tests", missing_title), missing),
    ];
    facts.extend(decided_by(comparison));
    for (metric, factor) in &comparison.verdicts.factors {
        let Some((column, title)) = common_factor_column(*metric, factor.ratio) else { continue };
        let change = Value::Change(factor.ratio, metric.unit()).toned(tone(factor.judgement.verdict));
        facts.push((Column::new(column, title), change));
    }
    facts
}

/// The metrics that decided, and those that scatter so much that they only warn.
fn decided_by(comparison: &Comparison) -> Vec<(Column, Cell)> {
    let warn_only = &comparison.verdicts.warn_only;
    let mut deciding: Vec<&str> = Vec::new();
    for metric in comparison.verdicts.findings.iter().filter_map(|finding| finding.metric) {
        if !warn_only.contains_key(&metric) && !deciding.contains(&metric.title()) {
            deciding.push(metric.title());
        }
    }
    let mut facts = Vec::new();
    if !deciding.is_empty() {
        facts.push((Column::new("decided_by", "decided by"), Value::Text(deciding.join(", ")).into()));
    }
    for (metric, scatter) in warn_only {
        let words = format!("{metric}, which scatters by {:.0} %", 100.0 * scatter);
        facts.push((Column::new("warns_only", "warns only"), Value::Text(words).toned(Tone::Doubtful)));
    }
    facts
}

/// Where the machine's own speed is shown, which can hide a change that hits the whole suite.
fn common_factor_column(metric: Metric, ratio: f64) -> Option<(&'static str, &'static str)> {
    match (metric, is_slowdown(ratio)) {
        (Metric::WallTime, true) => Some(("common_wall_time_ratio", "common slowdown, wall time")),
        (Metric::WallTime, false) => Some(("common_wall_time_ratio", "common speed-up, wall time")),
        (Metric::CpuTime, true) => Some(("common_cpu_time_ratio", "common slowdown, CPU time")),
        (Metric::CpuTime, false) => Some(("common_cpu_time_ratio", "common speed-up, CPU time")),
        _ => None,
    }
}

/// Whether a run's factor is shown as a slowdown: `+0.0 %` is one.
fn is_slowdown(ratio: f64) -> bool {
    ratio > 0.9995
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Regressed => Tone::Bad,
        Verdict::Improved => Tone::Good,
        Verdict::Suspect | Verdict::NoBaseline | Verdict::NotComparable => Tone::Doubtful,
        _ => Tone::Plain,
    }
}

/// The metrics in which the run as a whole is a finding, each with what `remark` adds to its reason.
pub(super) fn whole_run(comparison: &Comparison, remark: impl Fn(Metric, &RunFactor) -> Option<&'static str>) -> Table {
    let mut table = Table::new(&[
        ("metric", ""),
        ("metric_title", "metric"),
        ("ratio", "change"),
        ("verdict", "verdict"),
        ("z", ""),
        ("p", ""),
        ("values", ""),
        ("reason", "reason"),
    ]);
    let found = [Verdict::Regressed, Verdict::Suspect, Verdict::Improved];
    for (metric, factor) in &comparison.verdicts.factors {
        let RunFactor { ratio, judgement: Judgement { verdict, reason, .. }, figures } = factor;
        if !found.contains(verdict) {
            continue;
        }
        let number = |value| Value::Quantity(Quantity { value, unit: Unit::Ratio });
        let remark = remark(*metric, factor).map_or_else(String::new, |remark| format!("; {remark}"));
        table.push(vec![
            Value::text(metric.name()).into(),
            Value::text(metric.title()).into(),
            Value::Change(*ratio, metric.unit()).toned(tone(*verdict)),
            Value::text(verdict.as_str()).toned(tone(*verdict)),
            number(figures.z).into(),
            number(figures.p).into(),
            Value::count(figures.values as u64).into(),
            Value::Text(format!("{}{remark}", reason.text(*metric))).into(),
        ]);
    }
    table
}

/// The sessions of a side in words.
fn side(sessions: &[Session]) -> String {
    let newest = &sessions[0];
    let mut words = vec![format!("session {}", short(&newest.session_h))];
    words.extend(commit(newest));
    words.extend(select::branches(newest).next().map(|branch| format!("on {branch}")));
    if sessions.len() > 1 {
        words.push(format!("and {} before it", sessions.len() - 1));
    }
    words.join(", ")
}

/// The table of some findings of a comparison.
pub fn findings<'a>(comparison: &Comparison, findings: impl IntoIterator<Item = &'a Finding>) -> Table {
    let mut findings = findings.into_iter().peekable();
    // To look costs more than most tables, and most tables are empty.
    let has_namesakes = findings.peek().is_some()
        && measure::have_namesakes(comparison.verdicts.findings.iter().map(|finding| &finding.test));
    let mut table = Table::new(&[
        ("test", "test"),
        ("package", ""),
        ("binary", if has_namesakes { "binary" } else { "" }),
        ("metric", ""),
        ("metric_title", "metric"),
        ("before", "before"),
        ("after", "after"),
        ("ratio", "change"),
        ("ratio_low", ""),
        ("ratio_high", ""),
        ("verdict", "verdict"),
        ("z", ""),
        ("p", ""),
        ("p_needed", ""),
        ("values", ""),
        ("scale", ""),
        ("factor", ""),
        ("across_machines", ""),
        ("reason", "reason"),
    ]);
    for finding in findings {
        table.push(row(finding));
    }
    table
}

fn row(finding: &Finding) -> Vec<Cell> {
    let Finding { test, metric, judged: Judged { judgement, figures }, difference, across_machines, .. } = finding;
    let tone = tone(judgement.verdict);
    let quantity = |value: fn(&monitor_analysis::verdict::Change) -> f64| {
        let value = judgement.change.as_ref().map(value);
        Value::or_missing(value.zip(*metric), |(value, metric)| Value::Quantity(metric.quantity(value))).into()
    };
    // The interval's centre is the better estimate, where there is one.
    let ratio = difference.map(|difference| difference.ratio).or(judgement.change.map(|change| change.ratio()));
    let ratio = ratio.filter(|ratio| judgement.change.is_some() && !ratio.is_nan());
    let change = |ratio| Value::Change(ratio, metric.map_or(Unit::Ratio, Metric::unit));
    let figure = |figure: fn(&Figures) -> f64| {
        let number = |value| Value::Quantity(Quantity { value, unit: Unit::Ratio });
        Cell::from(Value::or_missing(figures.as_ref().map(figure), number))
    };
    vec![
        Value::Name(measure::full_name(test)).into(),
        Value::text(&test.package).into(),
        Value::text(&test.binary).into(),
        Value::text(metric.map_or("", Metric::name)).into(),
        Value::text(metric.map_or("", Metric::title)).into(),
        quantity(|change| change.before),
        quantity(|change| change.after),
        Value::or_missing(ratio, change).toned(tone),
        Value::or_missing(difference.map(|difference| difference.low), change).into(),
        Value::or_missing(difference.map(|difference| difference.high), change).into(),
        Value::text(judgement.verdict.as_str()).toned(tone),
        figure(|figures| figures.z),
        figure(|figures| figures.p),
        figure(|figures| figures.p_needed),
        Value::or_missing(figures.as_ref(), |figures| Value::count(figures.values as u64)).into(),
        figure(|figures| figures.scale),
        figure(|figures| figures.factor),
        Value::Flag(*across_machines).into(),
        Value::text(&reason(finding)).into(),
    ]
}

/// A run's factor below which nothing is said of it.
const TOLD_FACTOR: f64 = 1.01;

/// The reason of a verdict, with everything that makes it less certain.
#[must_use]
pub fn reason(finding: &Finding) -> String {
    let judgement = &finding.judged.judgement;
    let mut words = judgement.reason.text(finding.metric.unwrap_or(Metric::WallTime));
    let factor = finding.judged.figures.map_or(1.0, |figures| figures.factor);
    if !(1.0 / TOLD_FACTOR..=TOLD_FACTOR).contains(&factor) {
        let common = if is_slowdown(factor) { "slowdown" } else { "speed-up" };
        words.push_str(&format!(", {} of a common {common} taken out", ratio_text(factor, Unit::Ratio)));
    }
    if judgement.demoted {
        words.push_str(", not the same in every run of the same code");
    }
    if let Some(cause) = &finding.cause {
        words.push_str(&format!("; {cause}"));
    }
    if finding.across_machines && finding.metric.is_some() {
        words.push_str(", across machine classes");
    }
    words
}

/// The table of packages that differ.
pub fn dependencies(changed: &[ChangedDependency]) -> Table {
    let mut table = Table::new(&[("package", "package"), ("change", "change")]);
    for ChangedDependency { name, change } in changed {
        let whole = ChangedDependency { name: String::new(), change: change.clone() }.to_string();
        table.push(vec![Value::Name(name.clone()).into(), Value::text(whole.trim_start()).into()]);
    }
    table
}

/// What the user can do where the comparison is limited.
#[must_use]
pub fn hints(comparison: &Comparison) -> Vec<String> {
    let mut hints = Vec::new();
    let findings = &comparison.verdicts.findings;
    let machines = findings.iter().filter(|finding| finding.metric.is_none() && finding.across_machines).count();
    if machines > 0 {
        hints.push(format!(
            "{} ran on another machine class (processor, system, rustc or profile): \
             --across-machines compares them all the same",
            if machines == 1 { "1 test".to_owned() } else { format!("{machines} tests") },
        ));
    }
    if comparison.count(Verdict::Undecided) > 0 {
        hints.push(format!(
            "undecided means that the history is too short: run the tests at least {HISTORY_MIN_VALUES} times, \
             or compare N runs with N by `cargo monitor test --repeat`"
        ));
    }
    hints
}
