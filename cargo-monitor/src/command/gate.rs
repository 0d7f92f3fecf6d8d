//! `cargo monitor gate`: should this change pass?

use clap::Args;
use monitor_analysis::constants::SAMPLES_MIN;
use std::ffi::OsString;

use monitor_report::gate::{Gate, Outcome, ThresholdRule, Waiver};
use monitor_report::view::gate::document;
use monitor_store::Timestamp;

use super::compare::Scope;
use crate::app::App;
use crate::command::prune::BASELINE;
use crate::complete;
use crate::confirm::{Plan, confirm};
use crate::exit::Exit;
use crate::output::{self, Document, Table, Tone, Value};
use crate::rules_file::{PLACE, Rules};
use crate::self_test::self_test;

/// Limits of the user, as `;`-separated rules.
const THRESHOLDS: &str = "MONITOR_GATE_THRESHOLDS";
/// What a gate compares with where nobody says: as many runs as it takes to know how a suite scatters.
const USUAL_RUNS: usize = 20;
/// Waivers of the user, as `;`-separated rules.
const WAIVERS: &str = "MONITOR_GATE_WAIVERS";

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor gate
  cargo monitor gate --baseline main --format markdown
  cargo monitor gate --baseline main --threshold 'wall-time=20%+5ms'
  cargo monitor gate --baseline main --threshold 'heap-peak=1MiB in prime*'
  cargo monitor gate --waive 'wall-time in prime* until 2026-12-31'
  cargo monitor gate --baseline main --confirm 6 -- --release
  cargo monitor gate --self-test

Exit codes: 0 passed, 5 regressed, 6 no baseline, 8 only a part ran; others are errors (cargo monitor --help lists them). \
Shared rules belong into .config/monitor.toml, or below [workspace.metadata.monitor], as [gate] with baseline, metrics, \
thresholds, waivers and accepted. MONITOR_GATE_BASELINE, MONITOR_GATE_THRESHOLDS and MONITOR_GATE_WAIVERS (separated by `;`) \
come after them, and options last.")]
pub struct Arguments {
    /// What to compare with: last:N runs of each test, a branch, commit, session, tag:KEY=VALUE or date [default: last:20]
    #[arg(short, long, add = complete::session_completer())]
    baseline: Option<String>,
    /// What to check
    #[arg(long, value_name = "SESSION", default_value = "latest", add = complete::session_completer())]
    head: String,
    #[command(flatten)]
    scope: Scope,
    /// Let a metric grow up to a limit: METRIC=LIMIT, METRIC=LIMIT in TEST; LIMIT is 20%, 5ms, 20%+5ms or off (repeatable, the
    /// last one that matches counts)
    #[arg(long = "threshold", value_name = "RULE")]
    thresholds: Vec<ThresholdRule>,
    /// Accept a regression until a date: METRIC in TEST until DATE (repeatable)
    #[arg(long = "waive", value_name = "RULE")]
    waivers: Vec<Waiver>,
    /// Do not fail if only a part of the baseline's tests ran
    #[arg(long)]
    allow_partial: bool,
    /// Measure suspects and regressions again, one test at a time, in N pairs of head and base (where these scatter too much,
    /// in up to three times as many), and decide by the result; the base is built in its own worktree
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(SAMPLES_MIN as i64..))]
    confirm: Option<u32>,
    /// Arguments for `cargo test` with --confirm, such as `--release` [default: the packages of the tests]
    #[arg(last = true, value_name = "ARGUMENTS OF cargo test", requires = "confirm")]
    cargo: Vec<OsString>,
    /// Check the gate itself: run it on generated files, one for each outcome
    #[arg(long)]
    self_test: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    if arguments.self_test {
        return prove(app);
    }
    let rules = Rules::of(&app.workspace()?)?;
    let gate = Gate {
        baseline: baseline(arguments, &rules, app)?,
        head: arguments.head.clone(),
        metrics: arguments.scope.metrics_or(&rules.metrics),
        across_machines: arguments.scope.across_machines,
        allow_partial: arguments.allow_partial,
        // The last that fits counts.
        thresholds: [rules.thresholds, app.rules(THRESHOLDS)?, arguments.thresholds.clone()].concat(),
        waivers: [rules.waivers, app.rules(WAIVERS)?, arguments.waivers.clone()].concat(),
        accepted: rules.accepted,
    };
    let mut outcome = gate.check(app.records(&app.monitor()?), Timestamp::now())?;
    if let (Some(pairs), Outcome::Compared(checked)) = (arguments.confirm, &mut outcome) {
        let plan = Plan { pairs, cargo: &arguments.cargo };
        let again = confirm(app, &checked.comparison.sides, &checked.doubts(), plan, &|test, metric| {
            gate.threshold(test, metric)
        })?;
        gate.decide(checked, &again.decided, Timestamp::now());
    }
    app.print(&document(&outcome))?;
    if let Outcome::Compared(checked) = &outcome {
        for waiver in &checked.expired {
            output::note(&format!("this waiver has expired: {waiver}"));
        }
        for waiver in &checked.unused {
            output::note(&format!("this waiver covers nothing and can go: {waiver}"));
        }
    }
    Ok(outcome.decision().into())
}

/// `--baseline`, else `MONITOR_GATE_BASELINE`, else the rules file, else the runs before.
fn baseline(arguments: &Arguments, rules: &Rules, app: &App) -> anyhow::Result<String> {
    if let Some(baseline) = &arguments.baseline {
        return Ok(baseline.clone());
    }
    Ok(app.text(BASELINE)?.or_else(|| rules.baseline.clone()).unwrap_or_else(|| {
        output::note(&format!(
            "comparing with the last {USUAL_RUNS} runs of each test: no baseline is set by --baseline, {BASELINE} or {PLACE}"
        ));
        format!("last:{USUAL_RUNS}")
    }))
}

fn prove(app: &App) -> anyhow::Result<Exit> {
    let checks = self_test()?;
    let mut table = Table::new(&[("case", "case"), ("expected", "expected"), ("found", "found"), ("right", "right")]);
    for check in &checks {
        let right = check.expected == check.found;
        table.push(vec![
            Value::text(check.case).into(),
            Value::text(&check.expected.to_string()).into(),
            Value::text(&check.found.to_string()).into(),
            Value::Flag(right).toned(if right { Tone::Good } else { Tone::Bad }),
        ]);
    }
    app.print(&Document::table("self_test", table))?;
    Ok(if checks.iter().all(|check| check.expected == check.found) { Exit::Success } else { Exit::Error })
}
