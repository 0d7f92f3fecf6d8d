//! A whole run against the history of its tests: every series judged, false discoveries held down, and what all
//! tests of the run have in common taken out.

use std::collections::BTreeMap;

use crate::common_factor::CommonFactors;
use crate::constants::{FALSE_DISCOVERY_RATE, HISTORY_MIN_VALUES, HISTORY_WINDOW, Z_THRESHOLD};
use crate::exact::{Exactness, exactness, judge};
use crate::history::{Baseline, log_value};
use crate::metric::{Metric, Thresholds};
use crate::significance::discovery_threshold;
use crate::tail::p_value;
use crate::verdict::{Change, Judgement, Reason};

/// A value of a series before the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Past {
    /// Which run it is of: the same number for every series of one run. Runs need not be numbered without gaps.
    pub run: u32,
    /// The value, in the metric's unit.
    pub value: f64,
}

/// One metric of one test: its new value and its past.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// What was measured.
    pub metric: Metric,
    /// All its values are of a single-threaded test, so that a countable metric is exact.
    pub single_threaded: bool,
    /// Least change to report; [`Thresholds::fine`] of the metric unless the user asks otherwise.
    pub thresholds: Thresholds,
    /// Comparable values before the run, oldest first: of passed runs, of the machine class, since the last accepted
    /// change.
    pub past: &'a [Past],
    /// The new value, in the metric's unit.
    pub value: f64,
}

/// What the new value of a series is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// The verdict.
    pub judgement: Judgement,
    /// Factor of the run that was divided out of the value before it was judged, if that made the series quieter.
    pub common_factor: Option<f64>,
}

/// A run's verdicts.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFindings {
    /// One for each series, in their order.
    pub findings: Vec<Finding>,
    /// For each metric that depends on the machine's speed: the factor of this run common to all tests, 1.1 when the
    /// machine was 10 % slower than usual. To be shown: it can hide a change that hits the whole suite.
    pub common_factors: BTreeMap<Metric, f64>,
}

/// Judges every series of a run.
///
/// ```
/// use monitor_analysis::metric::{Metric, Thresholds};
/// use monitor_analysis::run::{Past, Series, judge_run};
/// use monitor_analysis::verdict::Verdict;
///
/// let past: Vec<Past> = (0..6).map(|run| Past { run, value: 1000.0 }).collect();
/// let metric = Metric::Allocations;
/// let series = Series { metric, single_threaded: true, thresholds: Thresholds::fine(metric), past: &past, value: 1001.0 };
/// assert_eq!(judge_run(&[series]).findings[0].judgement.verdict, Verdict::Regressed);
/// ```
#[must_use]
pub fn judge_run(series: &[Series<'_>]) -> RunFindings {
    let factors = CommonFactors::of(series);
    let stages: Vec<Stage> = series.iter().enumerate().map(|(index, series)| stage(index, series, &factors)).collect();
    let p_values: Vec<f64> = stages.iter().filter_map(Stage::p_value).collect();
    let p_needed = discovery_threshold(&p_values, FALSE_DISCOVERY_RATE);
    RunFindings {
        findings: stages.into_iter().map(|stage| stage.finding(p_needed)).collect(),
        common_factors: factors.of_new_run(),
    }
}

/// A series on its way: judged alone, or waiting for the run's other p-values.
enum Stage {
    Judged(Judgement),
    Waiting { score: FineScore, thresholds: Thresholds, demoted: bool },
}

/// A value seen against at least [`HISTORY_MIN_VALUES`] values.
struct FineScore {
    z: f64,
    p: f64,
    /// As measured.
    change: Change,
    /// As judged: without the common factor.
    judged: Change,
    common_factor: Option<f64>,
}

fn stage(index: usize, series: &Series<'_>, factors: &CommonFactors) -> Stage {
    let window = &series.past[series.past.len().saturating_sub(HISTORY_WINDOW)..];
    let mut demoted = false;
    if series.metric.is_countable() && series.single_threaded {
        let values: Vec<f64> = window.iter().map(|past| past.value).collect();
        match exactness(&values) {
            Exactness::Proven { value, values } => return Stage::Judged(judge(value, values, series.value)),
            Exactness::Demoted => demoted = true,
            Exactness::Unproven => {}
        }
    }
    let logs: Vec<f64> = window.iter().map(|past| log_value(series.metric, past.value)).collect();
    let Some(baseline) = Baseline::of(&logs) else {
        return Stage::Judged(Judgement::without_comparison(Reason::NoComparableValue));
    };
    if baseline.values < HISTORY_MIN_VALUES {
        return Stage::Judged(Judgement { demoted, ..coarse(series, &baseline) });
    }
    let score = fine_score(index, series, baseline, &logs, factors);
    Stage::Waiting { score, thresholds: series.thresholds, demoted }
}

fn coarse(series: &Series<'_>, baseline: &Baseline) -> Judgement {
    let values = baseline.values;
    let change = Change { before: baseline.centre.exp(), after: series.value };
    let judgement = match Thresholds::coarse(series.metric) {
        None => Judgement::on(change, false, Reason::NoCoarseRule { values }),
        Some(rule) => {
            let beyond =
                rule.ratio_passed(change.before, change.after) && rule.floor_passed(change.before, change.after);
            let reason = if beyond { Reason::BeyondCoarse { values } } else { Reason::WithinCoarse { values } };
            Judgement::on(change, beyond, reason)
        }
    };
    Judgement { coarse: true, ..judgement }
}

fn fine_score(
    index: usize,
    series: &Series<'_>,
    baseline: Baseline,
    logs: &[f64],
    factors: &CommonFactors,
) -> FineScore {
    let new = log_value(series.metric, series.value);
    let change = Change { before: baseline.centre.exp(), after: series.value };
    let quieter = factors.removed_from(index, logs).and_then(|(adjusted, factor)| {
        let adjusted = Baseline::of(&adjusted)?;
        (adjusted.sigma < baseline.sigma).then_some((adjusted, factor))
    });
    let (judged_by, factor) = match quieter {
        Some((adjusted, factor)) => (adjusted, Some(factor)),
        None => (baseline, None),
    };
    let z = judged_by.score(new - factor.unwrap_or(0.0));
    let common_factor = factor.map(f64::exp);
    let judged = Change { before: judged_by.centre.exp(), after: series.value / common_factor.unwrap_or(1.0) };
    FineScore { z, p: p_value(z, &judged_by.past_scores), change, judged, common_factor }
}

impl Stage {
    fn p_value(&self) -> Option<f64> {
        match self {
            Self::Judged(_) => None,
            Self::Waiting { score, .. } => Some(score.p),
        }
    }

    fn finding(self, p_needed: f64) -> Finding {
        match self {
            Self::Judged(judgement) => Finding { judgement, common_factor: None },
            Self::Waiting { score, thresholds, demoted } => {
                let FineScore { z, p, change, judged, common_factor } = score;
                let (before, after) = (judged.before, judged.after);
                let reason = if z.abs() <= Z_THRESHOLD {
                    Reason::WithinNoise { z }
                } else if !thresholds.ratio_passed(before, after) {
                    Reason::BelowRatio { ratio: thresholds.ratio }
                } else if !thresholds.floor_passed(before, after) {
                    Reason::BelowFloor { floor: thresholds.floor }
                } else if p > p_needed {
                    Reason::NotSignificant { z, p, p_needed }
                } else {
                    Reason::OutsideNoise { z, p }
                };
                let mut judgement = Judgement::on(judged, matches!(reason, Reason::OutsideNoise { .. }), reason);
                judgement.change = Some(change);
                judgement.demoted = demoted;
                Finding { judgement, common_factor }
            }
        }
    }
}
