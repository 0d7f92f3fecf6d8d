//! Where the level of a long series changed for good.

use crate::constants::{
    CHANGE_CLIP_MAD, CHANGE_CLIP_MAX_SHARE, CHANGE_CLIP_WINDOW, CHANGE_DIFFERENCE_CLIP, CHANGE_MAX_AUTOCORRELATION,
    CHANGE_MIN_RATIO, CHANGE_MIN_SEGMENT, CHANGE_PENALTY, CHANGE_SURROUNDINGS,
};
use crate::history::{clipped_mean_square, log_value};
use crate::metric::Metric;
use crate::pelt::partition;
use crate::summary::{median, sorted};
use crate::verdict::Change;

/// A change of level in a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// Index of the first value of the new level.
    pub index: usize,
    /// Medians of the segments before and after it, in the metric's unit.
    pub levels: Change,
}

/// The changes of level of a series, oldest value first.
///
/// ```
/// use monitor_analysis::change_points::change_points;
/// use monitor_analysis::metric::Metric;
/// let times: Vec<f64> = (0..40).map(|i| if i < 25 { 1.0 } else { 1.3 } + 0.01 * f64::from(i % 3)).collect();
/// let found = change_points(Metric::WallTime, &times);
/// assert_eq!((found.len(), found[0].index), (1, 25));
/// ```
#[must_use]
pub fn change_points(metric: Metric, values: &[f64]) -> Vec<ChangePoint> {
    let changes = changes(metric, values);
    let bounds = bounds(&changes, values.len());
    let levels: Vec<f64> = bounds.windows(2).filter_map(|bound| median(&values[bound[0]..bound[1]])).collect();
    let pairs = levels.windows(2).map(|pair| Change { before: pair[0], after: pair[1] });
    changes.into_iter().zip(pairs).map(|(index, levels)| ChangePoint { index, levels }).collect()
}

/// Where the level that the series ends with began: 0 if it never changed.
#[must_use]
pub fn last_change(metric: Metric, values: &[f64]) -> usize {
    changes(metric, values).last().copied().unwrap_or(0)
}

fn changes(metric: Metric, values: &[f64]) -> Vec<usize> {
    if values.len() < 2 * CHANGE_MIN_SEGMENT {
        return Vec::new();
    }
    let logs: Vec<f64> = values.iter().map(|value| log_value(metric, *value)).collect();
    let clipped = clipped(&logs);
    let noise = Noise::of(&clipped);
    let price = CHANGE_PENALTY * (values.len() as f64).ln();
    let mut changes = partition(&clipped, price * noise.long_run_variance(), CHANGE_MIN_SEGMENT);
    drop_weak(&clipped, &mut changes, price, noise.inflation());
    changes
}

/// The values with outliers moved to the edge of a band around the rolling median, unless there are too many of them
/// to be outliers.
fn clipped(values: &[f64]) -> Vec<f64> {
    let centres = rolling_median(values);
    let distances: Vec<f64> = values.iter().zip(&centres).map(|(value, centre)| (value - centre).abs()).collect();
    // Of values with few digits most are equal, and none is an outlier for being one step away.
    let band = f64::max(CHANGE_CLIP_MAD * median(&distances).unwrap_or(0.0), least_step(values));
    let outliers = distances.iter().filter(|distance| **distance > band).count();
    if outliers as f64 > CHANGE_CLIP_MAX_SHARE * values.len() as f64 {
        return values.to_vec();
    }
    values.iter().zip(&centres).map(|(value, centre)| value.clamp(centre - band, centre + band)).collect()
}

/// The median of the window around each value; at the ends, of the first and of the last window.
fn rolling_median(values: &[f64]) -> Vec<f64> {
    let width = CHANGE_CLIP_WINDOW.min(values.len());
    let window_of = |index: usize| index.saturating_sub(width / 2).min(values.len() - width);
    let medians = (0..values.len()).map(|index| median(&values[window_of(index)..][..width]).unwrap_or(values[index]));
    medians.collect()
}

/// The least difference of two values that differ; 0 if none do.
fn least_step(values: &[f64]) -> f64 {
    let steps =
        sorted(values).windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > 0.0).min_by(f64::total_cmp);
    steps.unwrap_or(0.0)
}

/// The noise of a series whose values may depend on the one before.
struct Noise {
    variance: f64,
    autocorrelation: f64,
}

impl Noise {
    /// From the differences at lags 1 and 2: their ratio is 1 + rho where the noise is AR(1).
    fn of(values: &[f64]) -> Self {
        let (lag1, lag2) = (
            clipped_mean_square(values, 1, CHANGE_DIFFERENCE_CLIP),
            clipped_mean_square(values, 2, CHANGE_DIFFERENCE_CLIP),
        );
        if lag1 == 0.0 {
            return Self { variance: 0.0, autocorrelation: 0.0 };
        }
        let autocorrelation = (lag2 / lag1 - 1.0).clamp(0.0, CHANGE_MAX_AUTOCORRELATION);
        Self { variance: lag1 / (2.0 * (1.0 - autocorrelation)), autocorrelation }
    }

    /// The variance that means of long stretches have, times their length.
    fn long_run_variance(&self) -> f64 {
        self.variance * self.inflation()
    }

    /// How much larger that is for the correlation.
    fn inflation(&self) -> f64 {
        (1.0 + self.autocorrelation) / (1.0 - self.autocorrelation)
    }
}

/// Drops changes that are too small to matter, or that do not pay the penalty in the noise of their own surroundings,
/// which may be louder than the series; the weakest first, since dropping one moves its neighbours' levels.
fn drop_weak(values: &[f64], changes: &mut Vec<usize>, price: f64, inflation: f64) {
    loop {
        let bounds = bounds(changes, values.len());
        let strengths = bounds.windows(3).map(|bound| {
            let left = Level::of(&values[bound[0].max(bound[1].saturating_sub(CHANGE_SURROUNDINGS))..bound[1]]);
            let right = Level::of(&values[bound[1]..bound[2].min(bound[1] + CHANGE_SURROUNDINGS)]);
            left.strength_of_change_to(&right, price, inflation)
        });
        match strengths.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)) {
            Some((index, strength)) if strength < 1.0 => changes.remove(index),
            _ => return,
        };
    }
}

/// Values on one side of a change.
struct Level {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Level {
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        Self { count, mean, squares: values.iter().map(|value| (value - mean).powi(2)).sum() }
    }

    /// How many times the change is as large as it must be.
    ///
    /// `price` is the square that the step must have in units of its variance. That variance is estimated from few
    /// values: Student's t takes the place of z, at the same likelihood ratio.
    fn strength_of_change_to(&self, next: &Self, price: f64, inflation: f64) -> f64 {
        let step = (next.mean - self.mean).abs();
        let freedom = self.count + next.count - 2.0;
        let variance = inflation * (self.squares + next.squares) / freedom * (1.0 / self.count + 1.0 / next.count);
        let needed = (freedom * (price / freedom).exp_m1() * variance).sqrt();
        step / needed.max(CHANGE_MIN_RATIO.ln())
    }
}

fn bounds(changes: &[usize], count: usize) -> Vec<usize> {
    [0].iter().chain(changes).chain([&count]).copied().collect()
}
