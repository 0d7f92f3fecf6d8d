//! N runs of one version of the code against N runs of another, taken in turns on one machine.

use std::collections::BTreeMap;

use crate::constants::{
    EXACT_MIN_VALUES, LEAST_RATIO, SAMPLES_CONFIDENCE, SAMPLES_DISCOVERY_RATE, SAMPLES_PRIOR_MOST, SCALE_STEP,
};
use crate::judge::Finding;
use crate::metric::Metric;
use crate::series::Scale;
use crate::significance::discovery_threshold;
use crate::summary::median;
use crate::tail::{student_quantile, student_upper};
use crate::verdict::{Change, Figures, Judgement, Reason};

/// One metric of one test on both sides.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// What was measured.
    pub metric: Metric,
    /// Only the test's own thread worked, in all of its runs.
    pub single_threaded: bool,
    /// Values of the base.
    pub base: &'a [f64],
    /// Values of the head.
    pub head: &'a [f64],
}

/// How the means of two samples differ, as ratios.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Geometric mean of the head over that of the base.
    pub ratio: f64,
    /// Lower end of its confidence interval.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
}

/// A sample pair on its way.
struct Prepared {
    change: Change,
    shift: f64,
    variance: f64,
    least_variance: f64,
    /// 1/n + 1/m.
    share: f64,
    freedom: f64,
}

/// Compares every metric of every test, in the order of `samples`; the false discovery rate holds over all of them together
/// (Benjamini and Hochberg, 1995).
///
/// Variances are pooled over both sides and moved towards the variance that the tests of a metric have in common (Smyth, 2004).
/// Samples with an empty side get no [`Difference`].
///
/// ```
/// use monitor_analysis::metric::Metric;
/// use monitor_analysis::samples::{Samples, compare};
/// use monitor_analysis::verdict::Verdict;
///
/// let (base, head) = ([1.00, 1.02, 0.99, 1.01, 1.03], [1.20, 1.23, 1.21, 1.19, 1.22]);
/// let samples = Samples { metric: Metric::WallTime, single_threaded: false, base: &base, head: &head };
/// assert_eq!(compare(&[samples])[0].0.judgement.verdict, Verdict::Regressed);
/// ```
#[must_use]
pub fn compare(samples: &[Samples<'_>]) -> Vec<(Finding, Option<Difference>)> {
    let mut prepared: Vec<Option<Prepared>> = samples.iter().map(Prepared::of).collect();
    shrink(samples, &mut prepared);
    let p_values: Vec<f64> = prepared.iter().flatten().map(Prepared::p).collect();
    let p_needed = discovery_threshold(&p_values, SAMPLES_DISCOVERY_RATE);
    samples.iter().zip(prepared).map(|(samples, prepared)| finding(samples, prepared, p_needed)).collect()
}

fn finding(samples: &Samples<'_>, prepared: Option<Prepared>, p_needed: f64) -> (Finding, Option<Difference>) {
    let Some(prepared) = prepared else { return (without_statistics(samples), None) };
    let (low, high) = prepared.interval();
    let difference = Difference { ratio: prepared.shift.exp(), low, high };
    let p = prepared.p();
    let found = p <= p_needed && prepared.shift.abs() > LEAST_RATIO.ln();
    let judgement = Judgement {
        demoted: samples.metric.is_countable() && samples.single_threaded,
        ..Judgement::on(prepared.change, found, Reason::Interval { low, high })
    };
    let (values, scale) = (samples.base.len(), prepared.variance.sqrt());
    let figures = Figures { z: prepared.t(), p, p_needed, values, scale, factor: 1.0 };
    (Finding { judgement, figures: Some(figures) }, Some(difference))
}

/// An exact metric that is constant on both sides, or an empty side.
fn without_statistics(samples: &Samples<'_>) -> Finding {
    let judgement = match (median(samples.base), median(samples.head)) {
        (Some(before), Some(after)) => {
            let values = samples.base.len();
            let reason =
                if before == after { Reason::ExactlyEqual { values } } else { Reason::ExactlyDifferent { values } };
            Judgement::on(Change { before, after }, before != after, reason)
        }
        (None, Some(_)) => Judgement::without_comparison(Reason::NoComparableValue),
        _ => Judgement::without_comparison(Reason::NotMeasured),
    };
    Finding { judgement, figures: None }
}

impl Prepared {
    /// `None` where there is nothing to be unsure of.
    fn of(samples: &Samples<'_>) -> Option<Self> {
        let Samples { metric, single_threaded, base, head } = *samples;
        let (before, after) = (median(base)?, median(head)?);
        let constant = |values: &[f64]| values.iter().all(|value| *value == values[0]);
        let exact = metric.is_countable() && single_threaded && base.len() >= EXACT_MIN_VALUES.min(head.len());
        if exact && constant(base) && constant(head) {
            return None;
        }
        let scale = Scale::of(metric, base, head);
        let side = |values: &[f64]| {
            let logs: Vec<f64> = values.iter().map(|value| scale.log(*value)).collect();
            let mean = logs.iter().sum::<f64>() / logs.len() as f64;
            (mean, logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>())
        };
        let ((base_mean, base_squares), (head_mean, head_squares)) = (side(base), side(head));
        let freedom = (base.len() + head.len()).saturating_sub(2).max(1) as f64;
        let least = (SCALE_STEP * scale.step).max(0.002);
        Some(Self {
            change: Change { before, after },
            shift: head_mean - base_mean,
            variance: (base_squares + head_squares) / freedom,
            least_variance: least * least,
            share: 1.0 / base.len() as f64 + 1.0 / head.len() as f64,
            freedom,
        })
    }

    fn deviation(&self) -> f64 {
        (self.variance.max(self.least_variance) * self.share).sqrt()
    }

    fn t(&self) -> f64 {
        self.shift / self.deviation()
    }

    /// Two-sided.
    fn p(&self) -> f64 {
        2.0 * student_upper(self.t().abs(), self.freedom)
    }

    fn interval(&self) -> (f64, f64) {
        let half = student_quantile((1.0 - SAMPLES_CONFIDENCE) / 2.0, self.freedom) * self.deviation();
        ((self.shift - half).exp(), (self.shift + half).exp())
    }
}

/// Draws the variances of each metric towards their common one, as far as they are alike.
fn shrink(samples: &[Samples<'_>], prepared: &mut [Option<Prepared>]) {
    let mut by_metric: BTreeMap<Metric, Vec<&mut Prepared>> = BTreeMap::new();
    for (samples, prepared) in samples.iter().zip(prepared.iter_mut()) {
        if let Some(prepared) = prepared {
            by_metric.entry(samples.metric).or_default().push(prepared);
        }
    }
    for tests in by_metric.into_values().filter(|tests| tests.len() >= 3) {
        // Logarithms of variances, less what their few degrees of freedom make of them.
        let log = |test: &Prepared| {
            let half = test.freedom / 2.0;
            test.variance.max(test.least_variance).ln() - digamma(half) + half.ln()
        };
        let logs: Vec<f64> = tests.iter().map(|test| log(test)).collect();
        let count = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / count;
        let spread = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let expected = tests.iter().map(|test| trigamma(test.freedom / 2.0)).sum::<f64>() / count;
        let prior = if spread > expected { 2.0 * inverse_trigamma(spread - expected) } else { f64::INFINITY };
        for test in tests {
            let prior = prior.min(SAMPLES_PRIOR_MOST * test.freedom);
            let common = (mean + digamma(prior / 2.0) - (prior / 2.0).ln()).exp();
            test.variance = (prior * common + test.freedom * test.variance) / (prior + test.freedom);
        }
    }
}

/// The derivative of ln gamma, by recurrence and its asymptotic series (Abramowitz and Stegun, 6.3.18).
fn digamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 8.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    sum + x.ln() - 0.5 / x - square * (1.0 / 12.0 - square * (1.0 / 120.0 - square / 252.0))
}

/// The derivative of that (6.4.12).
fn trigamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 8.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    sum + 1.0 / x + square / 2.0 + square / x * (1.0 / 6.0 - square * (1.0 / 30.0 - square / 42.0))
}

fn inverse_trigamma(value: f64) -> f64 {
    let (mut low, mut high) = (1e-6, 1e6);
    for _ in 0..100 {
        let middle = f64::sqrt(low * high);
        if trigamma(middle) > value { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn times(base: &[f64], head: &[f64]) -> (Finding, Option<Difference>) {
        compare(&[Samples { metric: Metric::WallTime, single_threaded: false, base, head }])[0]
    }

    #[test]
    fn the_t_test_of_the_textbook() {
        // Logarithms 0, 1, 2 and 3, 4, 5: pooled variance 1, t = 3 / sqrt(2 / 3) with 4 degrees.
        let values = |from: i32| [0, 1, 2].map(|i| f64::from(from + i).exp());
        let (finding, difference) = times(&values(0), &values(3));
        let figures = finding.figures.unwrap();
        assert!((figures.z - 3.674_234_6).abs() < 1e-6 && (figures.p - 0.021_311_6).abs() < 1e-6, "{figures:?}");
        assert!((difference.unwrap().ratio / 3_f64.exp() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_functions_of_the_gamma_family() {
        assert!((digamma(1.0) + 0.577_215_664_9).abs() < 1e-8);
        assert!((trigamma(1.0) - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-7);
        assert!((inverse_trigamma(trigamma(3.3)) - 3.3).abs() < 1e-9);
    }

    #[test]
    fn empty_sides_have_no_figures() {
        assert_eq!(times(&[], &[1.0]).0.judgement.verdict, Verdict::NoBaseline);
        assert_eq!(times(&[1.0], &[]).0.judgement.verdict, Verdict::NotComparable);
    }

    #[test]
    fn exact_metrics_need_constant_sides() {
        let allocations = |head: &[f64]| {
            let metric = Metric::Allocations;
            compare(&[Samples { metric, single_threaded: true, base: &[1000.0; 5], head }])[0].0.judgement
        };
        assert_eq!(allocations(&[1001.0; 5]).verdict, Verdict::Regressed);
        assert_eq!(allocations(&[1000.0; 5]).reason, Reason::ExactlyEqual { values: 5 });
        let noisy = allocations(&[1000.0, 1001.0, 1000.0, 1000.0]);
        assert_eq!((noisy.verdict, noisy.demoted), (Verdict::Unchanged, true));
    }

    #[test]
    fn improvements_are_the_mirror_image() {
        let (base, head) = ([1.0, 1.01, 1.02, 1.03, 1.0], [2.0, 2.02, 2.01, 2.05, 1.99]);
        let ((up, up_by), (down, down_by)) = (times(&base, &head), times(&head, &base));
        assert_eq!((up.judgement.verdict, down.judgement.verdict), (Verdict::Regressed, Verdict::Improved));
        assert!((up_by.unwrap().low * down_by.unwrap().high - 1.0).abs() < 1e-6);
    }
}
