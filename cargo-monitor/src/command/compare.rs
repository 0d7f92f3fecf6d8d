//! `cargo monitor compare`: what changed between two sessions, commits or branches.

use anyhow::Context as _;
use clap::Args;
use monitor_analysis::metric::Metric;
use monitor_report::comparison::{Comparison, DEFAULT_METRICS, Request, Sides};
use monitor_report::select;
use monitor_report::view::compare::{document, hints};

use crate::app::App;
use crate::argument::MetricArgument;
use crate::complete;
use crate::output;

/// What to compare.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor compare
  cargo monitor compare latest~1
  cargo monitor compare main tag:branch=faster
  cargo monitor compare last:20 --metric heap-peak --format markdown

Without arguments the newest session is compared with the last one of another commit on the same kind of machine. \
A session means that session; a commit, branch, tag or date means all its sessions. If each side has at least four sessions \
of one commit, and the commits differ, N runs are compared with N; otherwise the head is compared with the history that ends with \
the base.")]
pub struct Arguments {
    /// What to compare with: a session, commit, branch, tag:KEY=VALUE, date or last:N [default: the last session of another
    /// commit]
    #[arg(add = complete::session_completer())]
    base: Option<String>,
    /// What to compare
    #[arg(default_value = "latest", add = complete::session_completer())]
    head: String,
    #[command(flatten)]
    scope: Scope,
    /// Also show what did not change
    #[arg(short, long)]
    all: bool,
}

/// Which figures are compared.
#[derive(Clone, Debug, Args)]
pub struct Scope {
    /// Only these metrics (repeatable) [default: wall-time cpu-time instructions memory heap-peak heap-retained allocations]
    #[arg(short, long = "metric", value_name = "METRIC")]
    metrics: Vec<MetricArgument>,
    /// Also compare figures of different machine classes; they are marked
    #[arg(long)]
    pub(crate) across_machines: bool,
}

impl Scope {
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.metrics_or(&[])
    }

    /// Those that were asked for, else those of the rules, else the usual.
    pub(crate) fn metrics_or(&self, rules: &[Metric]) -> Vec<Metric> {
        match (self.metrics.as_slice(), rules) {
            ([], []) => DEFAULT_METRICS.to_vec(),
            ([], rules) => rules.to_vec(),
            (asked, _) => asked.iter().map(|metric| metric.0).collect(),
        }
    }
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let monitor = app.monitor()?;
    let records = app.records(&monitor);
    let sides = match &arguments.base {
        Some(base) => Sides::find(records, base, &arguments.head)?,
        None => {
            let newest = select::session(records, &arguments.head)?;
            let sides = Sides::since_last(&monitor, &newest)?.context(
                "there is nothing to compare with yet: no other session on this kind of machine; run the tests again after a change",
            )?;
            let base = &sides.base[0];
            let which = match (newest.scm_id.as_str(), base.scm_id.as_str()) {
                ("", "") => "the one before it; their commits are not known",
                (newest, base) if newest == base => "the one before it; no session of another commit is there",
                _ => "the last one of another commit",
            };
            output::note(&format!("comparing the newest session with {}, {which}", output::short(&base.session_h)));
            sides
        }
    };
    let levels = app.levels(&monitor)?;
    let request = Request {
        metrics: &arguments.scope.metrics(),
        across_machines: arguments.scope.across_machines,
        levels: &levels,
        ..Request::new(sides)
    };
    let comparison = Comparison::new(&monitor, request)?;
    app.print(&document(&comparison, arguments.all))?;
    for hint in hints(&comparison) {
        output::note(&hint);
    }
    Ok(())
}
