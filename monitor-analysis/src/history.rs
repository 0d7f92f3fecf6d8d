//! One new value against the history of its series.

use crate::constants::{CENTRE_WINDOW, DIFFERENCE_CLIP, HISTORY_WINDOW, LEAST_NOISE, MEDIAN_VARIANCE};
use crate::metric::Metric;
use crate::quantity::Unit;
use crate::summary::median;
use crate::window::last;

/// Where values of this metric are compared: their logarithm, so that differences are ratios.
///
/// Values below the metric's resolution (and negative ones, which retained heap can have) count as the resolution:
/// differences down there are of no interest and must not pass for noise of the series.
#[must_use]
pub fn log_value(metric: Metric, value: f64) -> f64 {
    let resolution = match metric.unit() {
        Unit::Seconds => 1e-6,
        Unit::Bytes => 1024.0,
        Unit::Count => 1.0,
        Unit::Ratio => 0.01,
    };
    value.max(resolution).ln()
}

/// Standard deviation of a series, from its successive differences.
///
/// Steps and spikes hardly touch it: differences beyond [`DIFFERENCE_CLIP`] times their root mean square are left out
/// until none is left. 0 of fewer than two values.
///
/// ```
/// use monitor_analysis::history::noise;
/// let flat_with_step = [1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1,
///     1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 9.1, 9.0, 9.1];
/// assert!((noise(&flat_with_step) - 0.1 / 2_f64.sqrt()).abs() < 1e-9);
/// ```
#[must_use]
pub fn noise(values: &[f64]) -> f64 {
    clipped_mean_square(values, 1, DIFFERENCE_CLIP).sqrt() / std::f64::consts::SQRT_2
}

/// Mean square of the differences at this lag, without those beyond `clip` times its root.
pub(crate) fn clipped_mean_square(values: &[f64], lag: usize, clip: f64) -> f64 {
    let mut squares: Vec<f64> = values.iter().zip(values.iter().skip(lag)).map(|(a, b)| (b - a) * (b - a)).collect();
    loop {
        if squares.is_empty() {
            return 0.0;
        }
        let mean = squares.iter().sum::<f64>() / squares.len() as f64;
        let count = squares.len();
        squares.retain(|square| *square <= clip * clip * mean);
        if squares.len() == count {
            return mean;
        }
    }
}

/// What a history says about the next value. All figures are logarithms.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// Median of the last [`CENTRE_WINDOW`] values.
    pub centre: f64,
    /// Noise of one value, at least [`LEAST_NOISE`].
    pub sigma: f64,
    /// Values that it rests on.
    pub values: usize,
    /// Scores that its own values had when they were new, oldest first: what `z` is like when nothing changed.
    pub past_scores: Vec<f64>,
}

impl Baseline {
    /// Of the last [`HISTORY_WINDOW`] of the values, oldest first; `None` of nothing.
    #[must_use]
    pub fn of(log_values: &[f64]) -> Option<Self> {
        let values = last(log_values, HISTORY_WINDOW);
        let sigma = noise(values).max(LEAST_NOISE);
        let centre = median(last(values, CENTRE_WINDOW))?;
        let past_scores = values
            .windows(CENTRE_WINDOW + 1)
            .filter_map(|window| {
                let (new, before) = window.split_last()?;
                Some(score(*new, median(before)?, sigma, CENTRE_WINDOW))
            })
            .collect();
        Some(Self { centre, sigma, values: values.len(), past_scores })
    }

    /// How many standard errors a new value is above the centre.
    #[must_use]
    pub fn score(&self, log_value: f64) -> f64 {
        score(log_value, self.centre, self.sigma, self.values.min(CENTRE_WINDOW))
    }
}

/// z = (y - c) / (s sqrt(1 + 1.57 / n)): the new value has its noise, the median of n values its own.
fn score(value: f64, centre: f64, sigma: f64, centre_values: usize) -> f64 {
    (value - centre) / (sigma * (1.0 + MEDIAN_VARIANCE / centre_values as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_that_of_the_formula() {
        let values: Vec<f64> = (0..20).map(|i| if i % 2 == 0 { 1.0 } else { 1.2 }).collect();
        let baseline = Baseline::of(&values).unwrap();
        assert_eq!((baseline.centre, baseline.values), (1.2, 20), "five of the last nine are 1.2");
        assert!((baseline.sigma - 0.2 / 2_f64.sqrt()).abs() < 1e-12);
        let expected = 0.8 / (baseline.sigma * (1.0 + 1.57 / 9.0_f64).sqrt());
        assert!((baseline.score(2.0) - expected).abs() < 1e-12);
        assert_eq!(baseline.past_scores.len(), 11);
    }

    #[test]
    fn a_constant_series_has_the_least_noise() {
        let baseline = Baseline::of(&[2.0; 12]).unwrap();
        assert_eq!((baseline.sigma, baseline.score(2.0)), (LEAST_NOISE, 0.0));
    }

    #[test]
    fn only_the_window_counts() {
        let mut values = vec![50.0; 30];
        values.extend([1.0; HISTORY_WINDOW]);
        assert_eq!(Baseline::of(&values), Baseline::of(&[1.0; HISTORY_WINDOW]));
        assert_eq!(Baseline::of(&[]), None);
    }

    #[test]
    fn noise_is_the_standard_deviation_of_independent_values() {
        // A fixed sequence of 400 equidistributed values (golden ratio), mapped to a variance of 1 / 12.
        let values: Vec<f64> = (1..=400).map(|i| (f64::from(i * i) * 0.618_033_988_75).fract()).collect();
        assert!((noise(&values) - (1.0_f64 / 12.0).sqrt()).abs() < 0.02);
    }

    #[test]
    fn small_and_negative_values_count_as_the_resolution() {
        assert_eq!(log_value(Metric::HeapRetained, -4096.0), log_value(Metric::HeapRetained, 0.0));
        assert_eq!(log_value(Metric::WallTime, 1.0), 0.0);
    }
}
