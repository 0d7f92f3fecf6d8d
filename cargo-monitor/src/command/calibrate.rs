//! `cargo monitor calibrate`: how far the gate can be trusted on one's own history.

use clap::Args;
use monitor_analysis::calibration::{Calibration, KnownSeries};
use monitor_analysis::constants::HISTORY_SEARCH;
use monitor_analysis::metric::Metric;
use monitor_analysis::run::Past;

use super::compare::Scope;
use crate::app::App;
use crate::comparison::{HistorySeries, Request, Sides, history_series};
use crate::exit::Exit;
use crate::output::{self, Cell, Column, Document, Progress, Table, Value};
use crate::select::{self, SelectError};

/// Factors by which values are raised.
const FACTORS: [f64; 5] = [1.05, 1.10, 1.20, 1.50, 2.00];

/// What to try.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor calibrate
  cargo monitor calibrate --runs 100 --metric wall-time

Each of the newest sessions of the machine class is gated by those before it; a change that did not last was a false
alarm. Then each is gated again with the value of one test raised, to see what would be found.")]
pub struct Arguments {
    /// So many of the newest sessions are gated
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 50)]
    runs: u16,
    #[command(flatten)]
    scope: Scope,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    let monitor = app.monitor()?;
    let head = select::session(&monitor, "latest")?;
    let Some(sides) = Sides::with_history(&monitor, &head, usize::from(arguments.runs) + HISTORY_SEARCH)? else {
        return Err(SelectError::NoBase { text: "the history".to_owned() }.into());
    };
    let metrics = arguments.scope.metrics();
    let request = Request {
        sides,
        metrics: &metrics,
        across_machines: arguments.scope.across_machines,
        thresholds: &|_, _| None,
    };
    let spinner = Progress::spinner("gating the history".to_owned());
    let series = history_series(&monitor, &request)?;
    let calibrations = calibrations(&series, &metrics, usize::from(arguments.runs));
    drop(spinner);
    app.print(&document(&calibrations))?;
    if calibrations.iter().all(|(_, calibration)| calibration.runs == 0) {
        output::note(&"the history is too short: nothing could be gated");
    }
    Ok(Exit::Success)
}

/// The gate on all metrics together, then on each.
fn calibrations(series: &[HistorySeries], metrics: &[Metric], runs: usize) -> Vec<(Option<Metric>, Calibration)> {
    let values: Vec<Vec<Past>> = series
        .iter()
        .map(|series| series.past.iter().copied().chain([Past { run: u32::MAX, value: series.value }]).collect())
        .collect();
    let of = |metric: Option<Metric>| {
        let wanted =
            series.iter().zip(&values).filter(|(series, _)| metric.is_none_or(|metric| series.metric == metric));
        let known: Vec<KnownSeries<'_>> = wanted
            .map(|(series, values)| KnownSeries {
                metric: series.metric,
                single_threaded: series.single_threaded,
                thresholds: series.thresholds,
                values,
            })
            .collect();
        Calibration::of(&known, runs, &FACTORS)
    };
    [None].into_iter().chain(metrics.iter().copied().map(Some)).map(|metric| (metric, of(metric))).collect()
}

fn document(calibrations: &[(Option<Metric>, Calibration)]) -> Document {
    let mut document = Document::default();
    let mut table = Table::new(&[
        ("metric", "metric"),
        ("verdicts", "verdicts"),
        ("lasting", "lasting changes"),
        ("false_alarms", "false alarms"),
        ("found_at_5_percent", "+5 % found"),
        ("found_at_10_percent", "+10 %"),
        ("found_at_20_percent", "+20 %"),
        ("found_at_50_percent", "+50 %"),
        ("found_at_100_percent", "x2"),
    ]);
    for (metric, calibration) in calibrations {
        if metric.is_none() {
            document = document.with_facts("calibration", "", facts(calibration));
        }
        if calibration.verdicts > 0 {
            table.push(row(metric.map_or("all", Metric::title), calibration));
        }
    }
    document.with_table("metrics", "", table)
}

fn facts(all: &Calibration) -> Vec<(Column, Cell)> {
    let count = |count: usize| Cell::from(Value::count(count as u64));
    vec![
        (Column::new("runs", "sessions gated"), count(all.runs)),
        (Column::new("runs_with_false_alarm", "with a false alarm"), count(all.runs_with_false_alarm)),
    ]
}

fn row(metric: &str, calibration: &Calibration) -> Vec<Cell> {
    let count = |count: usize| Cell::from(Value::count(count as u64));
    let mut row = vec![
        Value::text(metric).into(),
        count(calibration.verdicts),
        count(calibration.lasting),
        count(calibration.false_alarms),
    ];
    row.extend(calibration.detection.iter().map(|detection| {
        let share = (detection.tried > 0).then(|| detection.found as f64 / detection.tried as f64);
        Cell::from(Value::or_missing(share, |share| Value::Text(format!("{:.0} %", share * 100.0))))
    }));
    row
}
