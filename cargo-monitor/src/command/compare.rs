//! `cargo monitor compare`: what changed between two sessions, commits or branches.

use clap::Args;
use monitor_analysis::dependencies::ChangedDependency;
use monitor_analysis::metric::Metric;
use monitor_analysis::quantity::ratio_text;
use monitor_analysis::verdict::Verdict;
use monitor_store::Session;

use crate::app::App;
use crate::comparison::{Comparison, DEFAULT_METRICS, Finding, Request, Sides};
use crate::exit::Exit;
use crate::measure::{self, MetricArgument};
use crate::output::{self, Cell, Column, Document, Table, Tone, Value, short};
use crate::select;

/// What to compare.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor compare latest~1
  cargo monitor compare main tag:branch=faster
  cargo monitor compare last:20 --metric heap-peak --format markdown

A session stands for itself; a commit, branch, tag or date for all its sessions. Where each side has at least four sessions
of one commit they are compared N against N; else the head is compared with the history that ends with the base.")]
pub struct Arguments {
    /// What to compare with: a session, commit, branch, tag:KEY=VALUE, date or last:N
    #[arg(add = select::session_completer())]
    base: String,
    /// What to compare
    #[arg(default_value = "latest", add = select::session_completer())]
    head: String,
    #[command(flatten)]
    scope: Scope,
    /// Show what did not change too
    #[arg(short, long)]
    all: bool,
}

/// Which figures are compared.
#[derive(Clone, Debug, Args)]
pub struct Scope {
    /// Only these metrics (repeatable) [default: wall-time cpu-time memory heap-peak heap-retained allocations]
    #[arg(short, long = "metric", value_name = "METRIC")]
    metrics: Vec<MetricArgument>,
    /// Compare figures of different machine classes too; they are marked
    #[arg(long)]
    pub(crate) across_machines: bool,
}

impl Scope {
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        if self.metrics.is_empty() {
            return DEFAULT_METRICS.to_vec();
        }
        self.metrics.iter().map(|metric| metric.0).collect()
    }
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    let monitor = app.monitor()?;
    let request = Request {
        sides: Sides::find(&monitor, &arguments.base, &arguments.head)?,
        metrics: &arguments.scope.metrics(),
        across_machines: arguments.scope.across_machines,
        thresholds: &|_, _| None,
    };
    let comparison = Comparison::new(&monitor, request)?;
    app.print(&document(&comparison, arguments.all))?;
    for hint in hints(&comparison) {
        output::note(&hint);
    }
    Ok(Exit::Success)
}

/// The tables of a comparison; what did not change only if `all`.
#[must_use]
pub fn document(comparison: &Comparison, all: bool) -> Document {
    let mut document = Document::default().with_facts("comparison", "", facts(comparison));
    let changes = [Verdict::Regressed, Verdict::Improved].into_iter().flat_map(|verdict| comparison.of(verdict));
    document = document.with_table("changes", "Changes", findings(changes));
    for (key, title, verdict) in [
        ("new", "New tests", Verdict::New),
        ("gone", "Tests that are gone", Verdict::Gone),
        ("not_comparable", "Not comparable", Verdict::NotComparable),
        ("no_baseline", "Without a baseline", Verdict::NoBaseline),
    ] {
        let found = comparison.of(verdict);
        if !found.is_empty() {
            document = document.with_table(key, title, findings(found.into_iter()));
        }
    }
    if let Some(changed) = comparison.dependencies.as_ref().filter(|changed| !changed.is_empty()) {
        document = document.with_table("dependencies", "Changed dependencies", dependencies(changed));
    }
    if all {
        let unchanged = comparison.of(Verdict::Unchanged);
        document = document.with_table("unchanged", "Unchanged", findings(unchanged.into_iter()));
    }
    document
}

pub(crate) fn facts(comparison: &Comparison) -> Vec<(Column, Cell)> {
    let count = |verdict| comparison.count(verdict) as u64;
    let toned = |count: u64, tone| if count > 0 { Value::count(count).toned(tone) } else { Value::count(count).into() };
    let mut facts = vec![
        (Column::new("base", "base"), Value::Text(side(&comparison.sides.base)).into()),
        (Column::new("head", "head"), Value::Text(side(&comparison.sides.head)).into()),
        (Column::new("regressed", "regressed"), toned(count(Verdict::Regressed), Tone::Bad)),
        (Column::new("improved", "improved"), toned(count(Verdict::Improved), Tone::Good)),
        (Column::new("unchanged", "unchanged"), Value::count(count(Verdict::Unchanged)).into()),
    ];
    for (metric, column, title) in COMMON_FACTORS {
        if let Some(factor) = comparison.common_factors.get(&metric) {
            facts.push((Column::new(column, title), Value::Change(*factor).into()));
        }
    }
    facts
}

/// Where the machine's own speed is shown, which can hide a change that hits the whole suite.
const COMMON_FACTORS: [(Metric, &str, &str); 2] = [
    (Metric::WallTime, "common_wall_time_ratio", "wall time of all tests alike"),
    (Metric::CpuTime, "common_cpu_time_ratio", "CPU time of all tests alike"),
];

/// The sessions of a side in words.
fn side(sessions: &[Session]) -> String {
    let newest = &sessions[0];
    let mut words = vec![format!("session {}", short(&newest.session_h))];
    if !newest.scm_id.is_empty() {
        words.push(format!("commit {}", short(&newest.scm_id)));
    }
    words.extend(select::branches(newest).next().map(|branch| format!("on {branch}")));
    if sessions.len() > 1 {
        words.push(format!("and {} before it", sessions.len() - 1));
    }
    words.join(", ")
}

/// The table of some findings.
pub(crate) fn findings<'a>(findings: impl Iterator<Item = &'a Finding>) -> Table {
    let mut table = Table::new(&[
        ("test", "test"),
        ("package", ""),
        ("binary", ""),
        ("metric", ""),
        ("metric_title", "metric"),
        ("before", "before"),
        ("after", "after"),
        ("ratio", "change"),
        ("ratio_low", ""),
        ("ratio_high", ""),
        ("verdict", "verdict"),
        ("coarse", ""),
        ("across_machines", ""),
        ("reason", "reason"),
    ]);
    for finding in findings {
        table.push(row(finding));
    }
    table
}

fn row(finding: &Finding) -> Vec<Cell> {
    let Finding { test, metric, judgement, difference, across_machines, .. } = finding;
    let tone = match judgement.verdict {
        Verdict::Regressed => Tone::Bad,
        Verdict::Improved => Tone::Good,
        Verdict::NoBaseline | Verdict::NotComparable => Tone::Doubtful,
        _ => Tone::Plain,
    };
    let quantity = |value: fn(&monitor_analysis::verdict::Change) -> f64| {
        let value = judgement.change.as_ref().map(value);
        Value::or_missing(value.zip(*metric), |(value, metric)| Value::Quantity(metric.quantity(value))).into()
    };
    // The interval's centre is the better estimate, where there is one.
    let ratio = difference.map(|difference| difference.ratio).or(judgement.change.map(|change| change.ratio()));
    let ratio = ratio.filter(|_| judgement.change.is_some());
    vec![
        Value::Name(measure::full_name(test)).into(),
        Value::text(&test.package).into(),
        Value::text(&test.binary).into(),
        Value::text(metric.map_or("", Metric::name)).into(),
        Value::text(metric.map_or("", Metric::title)).into(),
        quantity(|change| change.before),
        quantity(|change| change.after),
        Value::or_missing(ratio, Value::Change).toned(tone),
        Value::or_missing(difference.map(|difference| difference.low), Value::Change).into(),
        Value::or_missing(difference.map(|difference| difference.high), Value::Change).into(),
        Value::text(judgement.verdict.as_str()).toned(tone),
        Value::Flag(judgement.coarse).into(),
        Value::Flag(*across_machines).into(),
        Value::text(&reason(finding)).into(),
    ]
}

/// Why the verdict is what it is, with all that may be doubted about it.
pub(crate) fn reason(finding: &Finding) -> String {
    let mut words = finding.judgement.reason.text(finding.metric.unwrap_or(Metric::WallTime));
    if let Some(factor) = finding.common_factor {
        words.push_str(&format!(", {} of all tests taken out", ratio_text(factor)));
    }
    if finding.judgement.demoted {
        words.push_str(", no longer the same in every run");
    }
    if finding.across_machines && finding.metric.is_some() {
        words.push_str(", across machine classes");
    }
    words
}

pub(crate) fn dependencies(changed: &[ChangedDependency]) -> Table {
    let mut table = Table::new(&[("package", "package"), ("change", "change")]);
    for ChangedDependency { name, change } in changed {
        let whole = ChangedDependency { name: String::new(), change: change.clone() }.to_string();
        table.push(vec![Value::Name(name.clone()).into(), Value::text(whole.trim_start()).into()]);
    }
    table
}

/// What the user could do about what limits the comparison.
fn hints(comparison: &Comparison) -> Vec<String> {
    let mut hints = Vec::new();
    let machines = comparison.findings.iter().filter(|finding| finding.metric.is_none() && finding.across_machines);
    let machines = machines.count();
    if machines > 0 {
        hints.push(format!(
            "{machines} tests ran on another machine class (processor, system, rustc or profile): \
             --across-machines compares them all the same"
        ));
    }
    if comparison.findings.iter().any(|finding| finding.judgement.coarse && !finding.judgement.verdict.is_change()) {
        hints.push(
            "the history is short, so only coarse changes are found (2x and 50 ms, 1.2x and 1 MiB): \
             run the tests at least 10 times, or compare N runs with N by `cargo monitor test --repeat`"
                .to_owned(),
        );
    }
    hints
}
