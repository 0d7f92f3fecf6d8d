//! A whole run against the history of its tests: every series judged, false discoveries held down, and what all
//! tests of the run have in common taken out.

use std::collections::BTreeMap;
use std::iter::repeat_n;

use crate::common_factor::CommonFactors;
use crate::constants::{CENTRE_WINDOW, FALSE_DISCOVERY_RATE, HISTORY_MIN_VALUES, Z_THRESHOLD};
use crate::exact::{Exactness, judge};
use crate::history::{Baseline, log_value};
use crate::metric::{Metric, Thresholds};
use crate::significance::discovery_threshold;
use crate::summary::median;
use crate::tail::Tail;
use crate::verdict::{Change, Judgement, Reason};
use crate::window::{Window, last};

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
    /// change. The last [`HISTORY_SEARCH`](crate::constants::HISTORY_SEARCH) are looked at.
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
    judge_screened_run(series, 0)
}

/// As [`judge_run`], where so many more series of the run were left out because their new value is too close to the old
/// one to be reported: they count among the tests that could have been false discoveries.
///
/// What is left out must not be all that is unchanged, or the common factor is that of the changed ones.
#[must_use]
pub fn judge_screened_run(series: &[Series<'_>], left_out: usize) -> RunFindings {
    let windows: Vec<Window<'_>> = series.iter().map(Window::of).collect();
    let factors = CommonFactors::of(series, &windows);
    let stages: Vec<Stage> =
        (0..series.len()).map(|index| stage(index, &series[index], &windows[index], &factors)).collect();
    let tail = Tail::of(stages.iter().filter_map(Stage::past_scores));
    let p_values: Vec<Option<f64>> = stages.iter().map(|stage| stage.p_value(&tail)).collect();
    let unremarkable = repeat_n(1.0, left_out);
    let chances: Vec<f64> = p_values.iter().flatten().copied().chain(unremarkable).collect();
    let p_needed = discovery_threshold(&chances, FALSE_DISCOVERY_RATE);
    RunFindings {
        findings: stages.into_iter().zip(p_values).map(|(stage, p)| stage.finding(p, p_needed)).collect(),
        common_factors: factors.of_new_run(),
    }
}

/// A series on its way: judged alone, or waiting for the rest of the run.
enum Stage {
    Judged(Judgement),
    Waiting(FineScore),
}

/// A value seen against at least [`HISTORY_MIN_VALUES`] values.
struct FineScore {
    z: f64,
    past_scores: Vec<f64>,
    thresholds: Thresholds,
    demoted: bool,
    /// As measured.
    change: Change,
    /// As judged: without the common factor.
    judged: Change,
    common_factor: Option<f64>,
}

fn stage(index: usize, series: &Series<'_>, window: &Window<'_>, factors: &CommonFactors) -> Stage {
    if let Exactness::Proven { value, values } = window.exactness {
        return Stage::Judged(judge(value, values, series.value));
    }
    let demoted = window.exactness == Exactness::Demoted;
    let Some(baseline) = Baseline::of(&window.logs) else {
        return Stage::Judged(Judgement::without_comparison(Reason::NoComparableValue));
    };
    let recent: Vec<f64> = last(window.past, CENTRE_WINDOW).iter().map(|past| past.value).collect();
    let change = Change { before: median(&recent).unwrap_or_default(), after: series.value };
    if baseline.values < HISTORY_MIN_VALUES {
        return Stage::Judged(Judgement { demoted, ..coarse(series, change, baseline.values) });
    }
    Stage::Waiting(FineScore { demoted, ..fine_score(index, series, change, baseline, window, factors) })
}

fn coarse(series: &Series<'_>, change: Change, values: usize) -> Judgement {
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
    change: Change,
    baseline: Baseline,
    window: &Window<'_>,
    factors: &CommonFactors,
) -> FineScore {
    let new = log_value(series.metric, series.value);
    let quieter = factors.removed_from(index, window).and_then(|(adjusted, factor)| {
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
    let (past_scores, thresholds) = (judged_by.past_scores, series.thresholds);
    FineScore { z, past_scores, thresholds, demoted: false, change, judged, common_factor }
}

impl Stage {
    fn past_scores(&self) -> Option<&[f64]> {
        match self {
            Self::Judged(_) => None,
            Self::Waiting(score) => Some(&score.past_scores),
        }
    }

    fn p_value(&self, tail: &Tail) -> Option<f64> {
        match self {
            Self::Judged(_) => None,
            Self::Waiting(score) => Some(tail.p_value(score.z, &score.past_scores)),
        }
    }

    /// The verdict, now that the p-value is known and how small it has to be.
    fn finding(self, p: Option<f64>, p_needed: f64) -> Finding {
        match (self, p) {
            (Self::Waiting(score), Some(p)) => score.finding(p, p_needed),
            (Self::Waiting(score), None) => score.finding(1.0, p_needed),
            (Self::Judged(judgement), _) => Finding { judgement, common_factor: None },
        }
    }
}

impl FineScore {
    fn finding(self, p: f64, p_needed: f64) -> Finding {
        let Self { z, thresholds, demoted, change, judged, common_factor, .. } = self;
        let reason = if z.abs() <= Z_THRESHOLD {
            Reason::WithinNoise { z }
        } else if !thresholds.ratio_passed(judged.before, judged.after) {
            Reason::BelowRatio { ratio: thresholds.ratio }
        } else if !thresholds.floor_passed(judged.before, judged.after) {
            Reason::BelowFloor { floor: thresholds.floor }
        } else if p > p_needed {
            Reason::NotSignificant { z, p, p_needed }
        } else {
            Reason::OutsideNoise { z, p }
        };
        let judgement = Judgement::on(judged, matches!(reason, Reason::OutsideNoise { .. }), reason);
        Finding { judgement: Judgement { demoted, change: Some(change), ..judgement }, common_factor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_left_out_count_among_the_chances() {
        let metric = Metric::WallTime;
        let past: Vec<Past> = (0..40).map(|run| Past { run, value: 1.0 + f64::from(run % 7) / 100.0 }).collect();
        let thresholds = Thresholds::fine(metric);
        let series = Series { metric, single_threaded: false, thresholds, past: &past, value: 1.3 };
        let verdict = |left_out| judge_screened_run(&[series], left_out).findings[0].judgement;
        assert!(matches!(verdict(0).reason, Reason::OutsideNoise { .. }), "{:?}", verdict(0));
        assert!(matches!(verdict(1_000_000).reason, Reason::NotSignificant { .. }), "{:?}", verdict(1_000_000));
    }
}
