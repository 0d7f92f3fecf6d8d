//! `cargo monitor calibrate`: how far the gate can be trusted on one's own history.

use std::collections::BTreeMap;

use clap::Args;
use monitor_analysis::constants::HISTORY_WINDOW;
use monitor_analysis::metric::Metric;
use monitor_analysis::summary::median;
use monitor_analysis::verdict::Verdict;
use monitor_store::{Session, Sessions};

use super::compare::Scope;
use crate::app::App;
use crate::output::{self, Cell, Column, Document, Progress, Table, Value};
use monitor_report::comparison::{Finding, History, Prepared, Request, Rows, Sides, Verdicts, judge_raised, prepare};
use monitor_report::select::SelectError;

/// Factors by which values are raised.
const FACTORS: [f64; 5] = [1.05, 1.10, 1.20, 1.50, 2.00];

/// Later runs that say whether a change lasted, and how many of them it takes.
const LATER: (usize, usize) = (5, 3);

/// What to try.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor calibrate
  cargo monitor calibrate --runs 100 --metric wall-time

Each of the newest sessions is gated like `gate --baseline last:N`; a change that did not last in at least three later runs counts as a false alarm. Then \
each is gated again with one value of each metric raised, to see which changes would be found.")]
pub struct Arguments {
    /// Number of sessions to gate, the newest
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 50)]
    runs: usize,
    /// Number of earlier values of each test to compare with
    #[arg(long, value_name = "N", default_value_t = HISTORY_WINDOW)]
    last: usize,
    #[command(flatten)]
    scope: Scope,
}

/// What the gates of the past said.
#[derive(Debug, Default)]
struct Calibration {
    gates: usize,
    failed: usize,
    failed_for_nothing: usize,
    metrics: BTreeMap<Metric, Counts>,
}

/// Of one metric.
#[derive(Debug, Default)]
struct Counts {
    verdicts: usize,
    lasting: usize,
    false_alarms: usize,
    suspects: usize,
    /// How often a raised value was found, and how often at least suspect, by factor.
    found: [usize; FACTORS.len()],
    suspected: [usize; FACTORS.len()],
    tried: usize,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let monitor = app.monitor()?;
    let sessions = monitor.sessions(&Sessions::all().newest_first())?;
    if sessions.is_empty() {
        return Err(SelectError::Empty.into());
    }
    let metrics = arguments.scope.metrics();
    let mut rows = Rows::new(&monitor, &metrics);
    let newest = sessions.len().min(arguments.runs);
    let levels = app.levels(&monitor)?;
    let progress = Progress::of(newest, "gating the history");
    let mut calibration = Calibration::default();
    for at in (0..newest).rev() {
        if let Some(sides) = Sides::before(&monitor, vec![sessions[at].clone()], arguments.last)? {
            let across_machines = arguments.scope.across_machines;
            let mut request = Request { metrics: &metrics, across_machines, levels: &levels, ..Request::new(sides) };
            let prepared = prepare(&mut rows, &mut request)?;
            let later = &sessions[at.saturating_sub(LATER.0)..at];
            calibration.gate(&prepared, &request, &mut rows, later)?;
        }
        progress.advance();
    }
    drop(progress);
    app.print(&document(&calibration))?;
    if calibration.gates == 0 {
        output::note(&"the history is too short: nothing could be gated");
    }
    Ok(())
}

impl Calibration {
    fn gate(
        &mut self,
        prepared: &Prepared,
        request: &Request<'_>,
        rows: &mut Rows<'_>,
        later: &[Session],
    ) -> anyhow::Result<()> {
        let raised = self.to_raise(prepared);
        let (verdicts, found) = judge_raised(prepared, request, &raised, &FACTORS);
        let judged = |finding: &&Finding| {
            !matches!(finding.verdict(), Verdict::New | Verdict::Gone | Verdict::NotComparable | Verdict::NoBaseline)
        };
        if !verdicts.findings.iter().any(|finding| judged(&finding) && finding.verdict() != Verdict::Undecided) {
            return Ok(());
        }
        let mut for_something = false;
        for finding in verdicts.findings.iter().filter(judged) {
            let Some(metric) = finding.metric else { continue };
            let counts = self.metrics.entry(metric).or_default();
            counts.verdicts += 1;
            match finding.verdict() {
                Verdict::Suspect => counts.suspects += 1,
                Verdict::Regressed => match lasts(finding, metric, rows, later)? {
                    Some(true) => {
                        counts.lasting += 1;
                        for_something = true;
                    }
                    Some(false) => counts.false_alarms += 1,
                    // It may last: the next runs will show it.
                    None => for_something = true,
                },
                _ => {}
            }
        }
        let failed = fails(&verdicts);
        self.gates += 1;
        self.failed += usize::from(failed);
        self.failed_for_nothing += usize::from(failed && !for_something);
        for (at, place) in raised.iter().enumerate() {
            let counts = self.metrics.entry(prepared.histories[*place].metric).or_default();
            counts.tried += 1;
            for (number, verdicts) in found.iter().enumerate() {
                counts.found[number] += usize::from(verdicts[at] == Verdict::Regressed);
                counts.suspected[number] += usize::from(matches!(verdicts[at], Verdict::Regressed | Verdict::Suspect));
            }
        }
        Ok(())
    }

    /// The places of values to raise: one of each metric, another test's in each session.
    fn to_raise(&self, prepared: &Prepared) -> Vec<usize> {
        let mut places: BTreeMap<Metric, Vec<usize>> = BTreeMap::new();
        // Nothing raised is nothing.
        let raisable = |(_, history): &(usize, &History)| history.new.iter().any(|value| *value != 0.0);
        for (place, history) in prepared.histories.iter().enumerate().filter(raisable) {
            places.entry(history.metric).or_default().push(place);
        }
        places.values().map(|places| places[(self.gates + 1) % places.len()]).collect()
    }
}

/// Whether a gate with these verdicts fails.
fn fails(verdicts: &Verdicts) -> bool {
    verdicts.findings.iter().any(|finding| finding.verdict() == Verdict::Regressed)
        || verdicts.factors.values().any(|factor| factor.judgement.verdict == Verdict::Regressed)
}

/// Whether the later values of the series stayed nearer to the new one than to what was before; `None` while there are too few.
fn lasts(finding: &Finding, metric: Metric, rows: &mut Rows<'_>, later: &[Session]) -> anyhow::Result<Option<bool>> {
    let Some(change) = finding.judged.judgement.change else { return Ok(Some(false)) };
    let mut values = Vec::new();
    for session in later {
        values.extend(rows.value(session, &finding.test, metric)?);
    }
    let level = median(&values).filter(|_| values.len() >= LATER.1);
    Ok(level.map(|level| level - change.before > (change.after - change.before) / 2.0))
}

fn document(calibration: &Calibration) -> Document {
    let mut table = Table::new(&[
        ("metric", "metric"),
        ("verdicts", "verdicts"),
        ("lasting", "lasting changes"),
        ("false_alarms", "false alarms"),
        ("suspects", "suspects"),
        ("found_at_5_percent", "+5 % found"),
        ("found_at_10_percent", "+10 %"),
        ("found_at_20_percent", "+20 %"),
        ("found_at_50_percent", "+50 %"),
        ("found_at_100_percent", "x2"),
        ("suspected_at_100_percent", "x2 suspect"),
    ]);
    for (metric, counts) in &calibration.metrics {
        table.push(row(metric.title(), counts));
    }
    Document::default().with_facts("calibration", "", facts(calibration)).with_table("metrics", "", table)
}

fn facts(calibration: &Calibration) -> Vec<(Column, Cell)> {
    let count = |count: usize| Cell::from(Value::count(count as u64));
    vec![
        (Column::new("gates", "sessions gated"), count(calibration.gates)),
        (Column::new("gates_failed", "gates failed"), count(calibration.failed)),
        (Column::new("gates_failed_for_nothing", "for what did not last"), count(calibration.failed_for_nothing)),
    ]
}

fn row(metric: &str, counts: &Counts) -> Vec<Cell> {
    let count = |count: usize| Cell::from(Value::count(count as u64));
    let share = |found: usize| {
        let share = (counts.tried > 0).then(|| found as f64 / counts.tried as f64);
        Cell::from(Value::or_missing(share, |share| Value::Text(format!("{:.0} %", share * 100.0))))
    };
    let mut row = vec![
        Value::text(metric).into(),
        count(counts.verdicts),
        count(counts.lasting),
        count(counts.false_alarms),
        count(counts.suspects),
    ];
    row.extend(counts.found.map(share));
    row.push(share(counts.suspected[FACTORS.len() - 1]));
    row
}
