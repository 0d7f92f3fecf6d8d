//! The values of one metric of one test, and how they become logarithms.

use crate::metric::Metric;
use crate::quantity::Unit;

/// A value of a series before the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Past {
    /// The run that it belongs to: the same number in every series of one run, larger for later runs. Gaps do not matter.
    pub run: u32,
    /// The code that ran: the same number for the same known commit without local changes, and a different number for each run
    /// whose code is not known.
    pub code: u32,
    /// The value, in the metric's unit.
    pub value: f64,
}

/// One metric of one test: its new values and its past, all measured in the same way on one machine class.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// What was measured.
    pub metric: Metric,
    /// Only the test's own thread worked, in all of its runs, so that a countable metric can be exact.
    pub single_threaded: bool,
    /// The test: the same number in the series of all its metrics.
    pub test: u32,
    /// The test binary: the same number for the tests that share a process.
    pub binary: u32,
    /// Comparable values before the run, oldest first.
    pub past: &'a [Past],
    /// The code of the new values, if it is known.
    pub code: Option<u32>,
    /// Other values of that code, from runs that are neither base nor head: they show whether the value is the same in every
    /// run.
    pub witnesses: &'a [f64],
    /// The new values, one for each run of the head: usually one.
    pub new: &'a [f64],
}

impl Series<'_> {
    /// Whether only the code can change it: a countable metric of a test with one thread.
    #[must_use]
    pub fn may_be_exact(&self) -> bool {
        self.metric.is_countable() && self.single_threaded
    }

    /// Whether the newest past value is of the same code, so that a difference is not caused by a change of the code.
    #[must_use]
    pub fn is_same_code(&self) -> bool {
        self.code.is_some() && self.past.last().map(|past| past.code) == self.code
    }
}

/// Values on the scale on which they are compared: logarithms, so that differences are ratios.
///
/// Where a series has zeros or negative values, a symmetric logarithm is used, whose unit is the smallest difference in its
/// past.
///
/// ```
/// use monitor_analysis::metric::Metric;
/// use monitor_analysis::series::Scale;
/// assert_eq!(Scale::of(Metric::WallTime, &[2.0], &[1.0]).log(1.0), 0.0);
/// let with_zero = Scale::of(Metric::WallTime, &[0.0, 0.001], &[0.2]);
/// assert!((with_zero.log(0.001) - 2_f64.ln()).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The unit of the symmetric logarithm; `None` where all values are above zero.
    unit: Option<f64>,
    /// The smallest difference between two past values, on this scale.
    pub step: f64,
}

impl Scale {
    /// The scale for a series with these past and new values.
    #[must_use]
    pub fn of(metric: Metric, past: &[f64], new: &[f64]) -> Self {
        let mut sorted = past.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let least_gap = |values: &[f64], least: f64| {
            let gaps = values.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > least);
            gaps.min_by(f64::total_cmp)
        };
        let last = sorted.last().copied().unwrap_or(0.0);
        let apart = resolution(metric, last);
        let unit = if past.iter().chain(new).all(|value| *value > 0.0) {
            None
        } else {
            Some(least_gap(&sorted, 0.0).unwrap_or(apart))
        };
        let scale = Self { unit, step: 0.0 };
        let logs: Vec<f64> = sorted.iter().map(|value| scale.log(*value)).collect();
        let step = least_gap(&logs, 1e-9).unwrap_or_else(|| {
            let told = (scale.log(last + apart) - scale.log(last)).abs();
            // A clock of few digits shows the same value for long, then twice as much at most.
            let one_tick = new.iter().map(|value| (scale.log(*value) - scale.log(last)).abs()).fold(0.0, f64::max);
            let is_clock = matches!(metric.unit(), Unit::Seconds | Unit::Ratio) && one_tick <= 2_f64.ln() + 1e-9;
            if is_clock { told.max(one_tick) } else { told }
        });
        Self { step, ..scale }
    }

    /// A value on this scale: finite, also where there is no such number.
    #[must_use]
    pub fn log(self, value: f64) -> f64 {
        match self.unit {
            None => value.min(f64::MAX).ln(),
            Some(unit) => (value.abs() / unit).min(f64::MAX).ln_1p().copysign(value),
        }
    }

    /// The value for a position on this scale: the inverse of [`Scale::log`].
    #[must_use]
    pub fn value(self, log: f64) -> f64 {
        match self.unit {
            None => log.exp(),
            Some(unit) => (unit * log.abs().exp_m1()).copysign(log),
        }
    }
}

/// What a series that always had this value can tell apart: one of what is counted; of a time, the unit that it is a
/// whole number of.
fn resolution(metric: Metric, value: f64) -> f64 {
    match metric.unit() {
        Unit::Bytes | Unit::Count => 1.0,
        Unit::Ratio => 0.01,
        Unit::Seconds => {
            let is_whole = |unit: &f64| ((value / unit).round() - value / unit).abs() < 1e-6;
            [1e-3, 1e-6].into_iter().find(is_whole).unwrap_or(1e-9)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scale_goes_back() {
        for values in [[1e-9, 2.0, 3e12], [-4096.0, 0.0, 512.0], [0.0, 0.0, 0.0]] {
            let scale = Scale::of(Metric::HeapRetained, &values, &[]);
            for value in values {
                assert!((scale.value(scale.log(value)) - value).abs() <= 1e-9 * value.abs(), "{value}");
            }
        }
    }

    #[test]
    fn what_is_no_number_has_a_place_on_every_scale() {
        for values in [[5e-324, f64::MAX, 1.0], [-f64::MAX, 5e-324, f64::MAX], [f64::INFINITY, f64::INFINITY, 0.0]] {
            let scale = Scale::of(Metric::WallTime, &values, &[]);
            assert!(scale.step.is_finite() && values.iter().all(|value| scale.log(*value).is_finite()), "{values:?}");
        }
    }

    #[test]
    fn a_constant_series_tells_what_its_digits_tell() {
        let step = |value: f64| Scale::of(Metric::WallTime, &[value; 9], &[9.0]).step;
        assert!((Scale::of(Metric::WallTime, &[0.5; 9], &[0.6]).step - 1.2_f64.ln()).abs() < 1e-9, "one tick");
        assert!((step(0.002) - 1.5_f64.ln()).abs() < 1e-9, "whole milliseconds");
        assert!(step(0.002_001) < 0.001 && step(0.000_000_123_4) < 0.01);
        assert!((step(0.0) - 2_f64.ln()).abs() < 1e-9);
        assert!((Scale::of(Metric::Allocations, &[7.0; 3], &[8.0]).step - (8_f64 / 7.0).ln()).abs() < 1e-9);
    }
}
