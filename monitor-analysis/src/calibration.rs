//! How good the gate is on a project's own history: what it would have reported in the past, and what it would have
//! found.

use crate::change_points::change_points;
use crate::constants::CHANGE_MIN_SEGMENT;
use crate::metric::{Metric, Thresholds};
use crate::run::{Finding, Past, RunFindings, Series, judge_run};
use crate::verdict::Verdict;

/// All that is known of one metric of one test.
#[derive(Clone, Copy, Debug)]
pub struct KnownSeries<'a> {
    /// What was measured.
    pub metric: Metric,
    /// As [`Series::single_threaded`].
    pub single_threaded: bool,
    /// As [`Series::thresholds`].
    pub thresholds: Thresholds,
    /// Its comparable values, oldest first.
    pub values: &'a [Past],
}

/// The gate, tried on the past.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// Runs that were judged by what was before them.
    pub runs: usize,
    /// Verdicts in them.
    pub verdicts: usize,
    /// Changes reported that lasted: the level of the series changed there for good.
    pub lasting: usize,
    /// Changes reported that did not.
    pub false_alarms: usize,
    /// Runs with at least one of those.
    pub runs_with_false_alarm: usize,
    /// For each factor asked for: how often it was tried, and how often found.
    pub detection: Vec<Detection>,
}

/// How often a slower test was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// What the value of one test was multiplied by.
    pub factor: f64,
    /// Runs in which that was tried.
    pub tried: usize,
    /// Runs in which the test was reported as regressed.
    pub found: usize,
}

impl Calibration {
    /// Judges the last runs of the history, at most `runs` of them, each by what was before it; then each again for every
    /// factor, with the value of one test multiplied by it, another test in each run.
    ///
    /// The very last runs are left out: whether a change lasts takes [`CHANGE_MIN_SEGMENT`] values to say.
    #[must_use]
    pub fn of(series: &[KnownSeries<'_>], runs: usize, factors: &[f64]) -> Self {
        let lasting: Vec<Vec<bool>> = series.iter().map(lasting_changes).collect();
        let detection = factors.iter().map(|&factor| Detection { factor, tried: 0, found: 0 }).collect();
        let mut calibration = Self { detection, ..Self::default() };
        for (turn, run) in judged_runs(series, runs).into_iter().enumerate() {
            let present: Vec<(usize, usize)> = positions(series, run);
            let findings = judged(series, &present, None);
            calibration.count(&findings, &present, &lasting);
            let Some(changed) = (!present.is_empty()).then(|| turn % present.len()) else { continue };
            for detection in &mut calibration.detection {
                let findings = judged(series, &present, Some((changed, detection.factor))).findings;
                detection.tried += 1;
                detection.found += usize::from(findings[changed].judgement.verdict == Verdict::Regressed);
            }
        }
        calibration
    }

    fn count(&mut self, run: &RunFindings, present: &[(usize, usize)], lasting: &[Vec<bool>]) {
        let reported = |finding: &Finding| finding.judgement.verdict.is_change();
        let reported = run.findings.iter().zip(present).filter(|(finding, _)| reported(finding));
        let (lasting, brief): (Vec<_>, Vec<_>) = reported.partition(|(_, (series, at))| lasting[*series][*at]);
        self.runs += 1;
        self.verdicts += run.findings.len();
        self.lasting += lasting.len();
        self.false_alarms += brief.len();
        self.runs_with_false_alarm += usize::from(!brief.is_empty());
    }
}

/// For each value of a series, whether a change reported there is one that lasts: near a change of level, and for an
/// exact metric at the first of values that stay.
fn lasting_changes(series: &KnownSeries<'_>) -> Vec<bool> {
    let values: Vec<f64> = series.values.iter().map(|past| past.value).collect();
    if series.metric.is_countable() && series.single_threaded {
        let stays = |at: usize| values[at..].iter().take(CHANGE_MIN_SEGMENT).all(|value| *value == values[at]);
        return (0..values.len()).map(|at| at > 0 && values[at - 1] != values[at] && stays(at)).collect();
    }
    let changes = change_points(series.metric, &values);
    let near = |at: usize| changes.iter().any(|change| change.index.abs_diff(at) < CHANGE_MIN_SEGMENT);
    (0..values.len()).map(near).collect()
}

/// The runs to judge, oldest first.
fn judged_runs(series: &[KnownSeries<'_>], most: usize) -> Vec<u32> {
    let mut runs: Vec<u32> = series.iter().flat_map(|series| series.values.iter().map(|past| past.run)).collect();
    runs.sort_unstable();
    runs.dedup();
    runs.truncate(runs.len().saturating_sub(CHANGE_MIN_SEGMENT));
    runs.split_off(runs.len().saturating_sub(most))
}

/// The series that have a value of the run with something before it, and where it is.
fn positions(series: &[KnownSeries<'_>], run: u32) -> Vec<(usize, usize)> {
    let position = |series: &KnownSeries<'_>| series.values.iter().position(|past| past.run == run);
    let positions = series.iter().enumerate().filter_map(|(index, series)| Some((index, position(series)?)));
    positions.filter(|(_, at)| *at > 0).collect()
}

/// The verdicts on a run, with one of its values multiplied.
fn judged(series: &[KnownSeries<'_>], present: &[(usize, usize)], changed: Option<(usize, f64)>) -> RunFindings {
    let new = present.iter().enumerate().map(|(turn, &(index, at))| {
        let KnownSeries { metric, single_threaded, thresholds, values } = series[index];
        let factor = changed.filter(|(changed, _)| *changed == turn).map_or(1.0, |(_, factor)| factor);
        Series { metric, single_threaded, thresholds, past: &values[..at], value: values[at].value * factor }
    });
    judge_run(&new.collect::<Vec<_>>())
}
