//! N runs against N runs, interleaved on one machine.

use crate::constants::{EXACT_MIN_VALUES, SAMPLES_CONFIDENCE, SAMPLES_MIN, SAMPLES_RATIO_FLOOR};
use crate::exact;
use crate::history::log_value;
use crate::metric::Metric;
use crate::ranks::{doubled_ranks, moses_cut, two_sided_p};
use crate::summary::{median, quantile_of_sorted, sorted};
use crate::verdict::{Change, Judgement, Reason};

/// When the difference of two samples is a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Confidence of the ratio's interval.
    pub confidence: f64,
    /// Ratio that the whole interval must be beyond, over 1; in the other direction its reciprocal.
    pub ratio: f64,
}

impl Default for Rule {
    fn default() -> Self {
        Self { confidence: SAMPLES_CONFIDENCE, ratio: SAMPLES_RATIO_FLOOR }
    }
}

/// How two samples differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Hodges and Lehmann's estimate of the ratio head / base: the median of all pairwise ratios.
    pub ratio: f64,
    /// Low end of Moses' interval of that ratio; 0 if the samples are too few for the confidence.
    pub low: f64,
    /// High end; infinite if the samples are too few.
    pub high: f64,
    /// Two-sided p of the exact Mann-Whitney test, ties counted as such.
    pub p: f64,
    /// Cliff's delta: the share of pairs where head is larger, less the share where it is smaller.
    pub delta: f64,
}

/// Verdict and figures of N against N.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleFinding {
    /// The verdict.
    pub judgement: Judgement,
    /// The figures; `None` of an empty side.
    pub difference: Option<Difference>,
}

/// Compares two samples of a metric.
///
/// An exact metric (countable, of a single-threaded test) with at least [`EXACT_MIN_VALUES`] identical values in the
/// base is compared as such if the head's values are identical too.
///
/// ```
/// use monitor_analysis::metric::Metric;
/// use monitor_analysis::samples::{Rule, compare};
/// use monitor_analysis::verdict::Verdict;
///
/// let base = [1.00, 1.02, 0.99, 1.01, 1.03];
/// let head = [1.20, 1.23, 1.21, 1.19, 1.22];
/// let finding = compare(Metric::WallTime, false, &base, &head, Rule::default());
/// assert_eq!(finding.judgement.verdict, Verdict::Regressed);
/// assert!((finding.difference.unwrap().p - 2.0 / 252.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn compare(metric: Metric, single_threaded: bool, base: &[f64], head: &[f64], rule: Rule) -> SampleFinding {
    let (Some(before), Some(after)) = (median(base), median(head)) else {
        let reason = if head.is_empty() { Reason::NotMeasured } else { Reason::NoComparableValue };
        return SampleFinding { judgement: Judgement::without_comparison(reason), difference: None };
    };
    let figures = difference(metric, base, head, rule.confidence);
    let finding = |judgement| SampleFinding { judgement, difference: Some(figures) };

    let countable = metric.is_countable() && single_threaded && base.len() >= EXACT_MIN_VALUES;
    let constant = |values: &[f64]| values.iter().all(|value| *value == values[0]);
    if countable && constant(base) && constant(head) {
        return finding(exact::judge(before, base.len(), after));
    }
    let demoted = countable;
    let change = Change { before, after };
    if base.len().min(head.len()) < SAMPLES_MIN {
        let reason = Reason::TooFewSamples { base: base.len(), head: head.len(), needed: SAMPLES_MIN };
        return finding(Judgement { demoted, ..Judgement::on(change, false, reason) });
    }
    let Difference { low, high, .. } = figures;
    let found = low > rule.ratio || high < 1.0 / rule.ratio;
    finding(Judgement { demoted, ..Judgement::on(change, found, Reason::Interval { low, high }) })
}

/// The figures of two samples that are not empty.
fn difference(metric: Metric, base: &[f64], head: &[f64], confidence: f64) -> Difference {
    let logs = |values: &[f64]| values.iter().map(|value| log_value(metric, *value)).collect::<Vec<_>>();
    let (base, head) = (logs(base), logs(head));
    let pairs: Vec<f64> = head.iter().flat_map(|head| base.iter().map(move |base| head - base)).collect();
    let pairs = sorted(&pairs);
    let larger = pairs.iter().filter(|difference| **difference > 0.0).count();
    let smaller = pairs.iter().filter(|difference| **difference < 0.0).count();
    let cut = moses_cut(base.len(), head.len(), confidence);
    let (low, high) = match cut.checked_sub(1) {
        Some(skipped) => (pairs[skipped].exp(), pairs[pairs.len() - 1 - skipped].exp()),
        None => (0.0, f64::INFINITY),
    };
    Difference {
        ratio: quantile_of_sorted(&pairs, 0.5).map_or(f64::NAN, f64::exp),
        low,
        high,
        p: two_sided_p(&doubled_ranks(&base, &head), head.len()),
        delta: (larger as f64 - smaller as f64) / pairs.len() as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn times(base: &[f64], head: &[f64]) -> SampleFinding {
        compare(Metric::WallTime, false, base, head, Rule::default())
    }

    #[test]
    fn the_least_p_of_four_against_four() {
        let finding = times(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0]);
        assert!((finding.difference.unwrap().p - 2.0 / 70.0).abs() < 1e-12);
        assert_eq!(finding.difference.unwrap().delta, 1.0);
    }

    #[test]
    fn three_a_side_are_too_few() {
        let finding = times(&[1.0, 1.0, 1.0], &[9.0, 9.0, 9.0]);
        assert_eq!(finding.judgement.verdict, Verdict::Unchanged);
        assert_eq!(finding.judgement.reason, Reason::TooFewSamples { base: 3, head: 3, needed: 4 });
        assert_eq!(finding.difference.unwrap().high, f64::INFINITY);
    }

    #[test]
    fn empty_sides_have_no_figures() {
        assert_eq!(times(&[], &[1.0]).judgement.verdict, Verdict::NoBaseline);
        assert_eq!(times(&[1.0], &[]).judgement.verdict, Verdict::NotComparable);
    }

    #[test]
    fn exact_metrics_need_constant_sides() {
        let allocations =
            |head: &[f64]| compare(Metric::Allocations, true, &[1000.0; 5], head, Rule::default()).judgement;
        assert_eq!(allocations(&[1001.0]).verdict, Verdict::Regressed);
        assert_eq!(allocations(&[1000.0; 3]).reason, Reason::ExactlyEqual { values: 5 });
        let noisy = allocations(&[1000.0, 1001.0, 1000.0, 1000.0]);
        assert_eq!((noisy.verdict, noisy.demoted), (Verdict::Unchanged, true));
    }

    #[test]
    fn improvements_are_the_mirror_image() {
        let (base, head) = ([1.0, 1.01, 1.02, 1.03, 1.0], [2.0, 2.02, 2.01, 2.05, 1.99]);
        let (up, down) = (times(&base, &head), times(&head, &base));
        assert_eq!((up.judgement.verdict, down.judgement.verdict), (Verdict::Regressed, Verdict::Improved));
        let (up, down) = (up.difference.unwrap(), down.difference.unwrap());
        assert!((up.low * down.high - 1.0).abs() < 1e-12 && (up.ratio * down.ratio - 1.0).abs() < 1e-12);
        assert_eq!((up.p, up.delta), (down.p, -down.delta));
    }
}
