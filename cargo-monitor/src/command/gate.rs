//! `cargo monitor gate`: should this change pass?

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _};
use monitor_report::gate::{Gate, Outcome, ThresholdRule, Waiver};
use monitor_report::view::gate::document;
use monitor_store::Timestamp;

use super::compare::Scope;
use crate::app::App;
use crate::cli::Cli;
use crate::command::prune::BASELINE;
use crate::complete;
use crate::exit::Exit;
use crate::output::{self, Document, Table, Tone, Value};
use crate::self_test::self_test;

/// Limits of the user, as `;`-separated rules.
const THRESHOLDS: &str = "MONITOR_GATE_THRESHOLDS";
/// Waivers of the user, as `;`-separated rules.
const WAIVERS: &str = "MONITOR_GATE_WAIVERS";

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor gate --baseline last:20
  cargo monitor gate --baseline main --format markdown
  cargo monitor gate --baseline main --threshold 'wall-time=20%+5ms' --threshold 'heap-peak=1MiB in test_prime*'
  cargo monitor gate --baseline main --waive 'wall-time in test_prime* until 2026-12-31'
  cargo monitor gate --self-test

Exit codes: 0 passed, 5 regressed, 6 no baseline, 8 only a part ran, others are errors (cargo monitor --help lists them).
MONITOR_GATE_BASELINE stands for --baseline; MONITOR_GATE_THRESHOLDS and MONITOR_GATE_WAIVERS hold more rules, separated by `;`; the [env] table of
.cargo/config.toml can set them.")]
pub struct Arguments {
    /// What to compare with: last:N runs of each test, a branch, commit, session, tag:KEY=VALUE or date
    #[arg(short, long, add = complete::session_completer())]
    baseline: Option<String>,
    /// What to check
    #[arg(long, value_name = "SESSION", default_value = "latest", add = complete::session_completer())]
    head: String,
    #[command(flatten)]
    scope: Scope,
    /// Let a metric change by so much: METRIC=LIMIT, METRIC=LIMIT in TEST; LIMIT is 20%, 5ms, 20%+5ms or off (repeatable,
    /// the last that fits counts)
    #[arg(long = "threshold", value_name = "RULE")]
    thresholds: Vec<ThresholdRule>,
    /// Put up with a regression for a while: METRIC in TEST until DATE (repeatable)
    #[arg(long = "waive", value_name = "RULE")]
    waivers: Vec<Waiver>,
    /// Let a run pass that has only a part of the baseline's tests
    #[arg(long)]
    allow_partial: bool,
    /// Prove on made-up files that each outcome fires
    #[arg(long)]
    self_test: bool,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    if arguments.self_test {
        return prove(app);
    }
    let rules = [app.rules(THRESHOLDS)?, arguments.thresholds.clone()].concat();
    let gate = Gate {
        baseline: baseline(arguments, app)?,
        head: arguments.head.clone(),
        metrics: arguments.scope.metrics(),
        across_machines: arguments.scope.across_machines,
        allow_partial: arguments.allow_partial,
        thresholds: rules,
        waivers: [app.rules(WAIVERS)?, arguments.waivers.clone()].concat(),
    };
    let outcome = gate.check(app.records(&app.monitor()?), Timestamp::now())?;
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

/// `--baseline`, else `MONITOR_GATE_BASELINE`.
fn baseline(arguments: &Arguments, app: &App) -> anyhow::Result<String> {
    if let Some(baseline) = &arguments.baseline {
        return Ok(baseline.clone());
    }
    match app.variable(BASELINE)? {
        Some(baseline) => Ok(baseline.to_string_lossy().into_owned()),
        None => {
            let message = format!("what to compare with is not said: give --baseline, or set {BASELINE}");
            Err(Cli::command().error(ErrorKind::MissingRequiredArgument, message).into())
        }
    }
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
