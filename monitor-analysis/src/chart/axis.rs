//! Scales and ticks.

use super::logarithmic;
use super::model::{Axis, Line};
use crate::quantity::{Quantity, Unit};

/// From values to heights, with ticks at round numbers.
#[derive(Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    /// Of a logarithmic scale, the height of its lowest tick above zero: where there are zeros, a gap is between them.
    pub(super) log: Option<f64>,
    /// Values and texts of the ticks, ascending.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Scale {
    /// A scale with about `count` ticks that holds all values of the axis: logarithmic if they span decades, else from zero.
    pub(super) fn of(axis: &Axis, count: usize) -> Self {
        let values = axis.lines.iter().flat_map(finite);
        let Some(ticks) = logarithmic::ticks(axis.unit, values.clone(), count) else {
            return Self::linear(axis, count);
        };
        let zero = values.clone().any(|value| value == 0.0);
        let gap = if zero { 1.0 / ticks.len() as f64 } else { 0.0 };
        let (low, high) = (ticks[0], ticks[ticks.len() - 1]);
        let zero = zero.then(|| (0.0, ["0", axis.unit.symbol()].join(" ").trim_end().to_owned()));
        let ticks = ticks.into_iter().map(|tick| (tick, logarithmic::text(axis.unit, tick)));
        Self { low, high, log: Some(gap), ticks: zero.into_iter().chain(ticks).collect() }
    }

    /// A linear scale with about `count` ticks that holds zero and all values of the axis.
    pub(super) fn linear(axis: &Axis, count: usize) -> Self {
        let (least, greatest) = range(axis);
        let (unit_size, symbol) = axis.unit.scale(greatest.max(-least));
        let step = round_step((greatest - least) / unit_size / count as f64, &[1.0, 2.0, 2.5, 5.0]) * unit_size;
        let (first, last) = ((least / step).floor(), (greatest / step - 1e-9).ceil());
        Self::with_steps(first, last, step, (unit_size, symbol))
    }

    /// A scale from zero with just so many intervals, `None` for an axis with values below zero.
    pub(super) fn with_intervals(axis: &Axis, intervals: usize) -> Option<Self> {
        let (least, greatest) = range(axis);
        if least < 0.0 || intervals == 0 {
            return None;
        }
        let (unit_size, symbol) = axis.unit.scale(greatest);
        // Less round than where the number of intervals is free: half of the height would stay empty.
        let factors = [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];
        let step = round_step(greatest / unit_size / intervals as f64, &factors) * unit_size;
        Some(Self::with_steps(0.0, intervals as f64, step, (unit_size, symbol)))
    }

    fn with_steps(first: f64, last: f64, step: f64, (unit_size, symbol): (f64, &str)) -> Self {
        let decimals = decimals_of(step / unit_size);
        let ticks = (0..=(last - first) as usize).map(|index| {
            let value = (first + index as f64) * step;
            let number = match decimals {
                0 => Quantity { value: (value / unit_size).round(), unit: Unit::Count }.to_string(),
                _ => format!("{:.decimals$}", value / unit_size),
            };
            (value, if symbol.is_empty() { number } else { format!("{number} {symbol}") })
        });
        Self { low: first * step, high: last * step, log: None, ticks: ticks.collect() }
    }

    /// Where a value is between the lowest (0) and the highest (1) tick.
    pub(super) fn share(&self, value: f64) -> f64 {
        match self.log {
            None => (value - self.low) / (self.high - self.low),
            Some(_) if value <= 0.0 => 0.0,
            Some(gap) => gap + (1.0 - gap) * (value / self.low).ln() / (self.high / self.low).ln(),
        }
    }
}

/// The least and the greatest of zero and the values; never the same.
fn range(axis: &Axis) -> (f64, f64) {
    let values = || axis.lines.iter().flat_map(finite);
    let (least, greatest) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
    (least, if least == greatest { least + empty_height(axis.unit) } else { greatest })
}

fn finite(line: &Line) -> impl Iterator<Item = f64> + Clone {
    line.values.iter().flatten().copied().filter(|value| value.is_finite())
}

/// What an axis without values reaches to.
fn empty_height(unit: Unit) -> f64 {
    match unit {
        Unit::Seconds | Unit::Count | Unit::Ratio => 1.0,
        Unit::Bytes => 1024.0,
    }
}

/// The least of the factors, which ascend from 1, times a power of ten that is not below.
fn round_step(step: f64, factors: &[f64]) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factor = factors.iter().copied().find(|factor| factor * power >= step * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

/// Decimals that a multiple of the step needs.
fn decimals_of(step: f64) -> usize {
    (0..9).find(|decimals| ((step * 10_f64.powi(*decimals)).fract() - 0.5).abs() > 0.499).unwrap_or(9) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(unit: Unit, values: &[f64]) -> Vec<String> {
        let line = Line { name: String::new(), values: values.iter().map(|value| vec![*value]).collect() };
        Scale::linear(&Axis { unit, lines: vec![line] }, 5).ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_in_the_unit_that_suits() {
        assert_eq!(texts(Unit::Seconds, &[60.0, 360.0]), ["0 s", "100 s", "200 s", "300 s", "400 s"]);
        assert_eq!(
            texts(Unit::Seconds, &[0.0012, 0.0021]),
            ["0.0 ms", "0.5 ms", "1.0 ms", "1.5 ms", "2.0 ms", "2.5 ms"]
        );
        assert_eq!(texts(Unit::Bytes, &[3e9]), ["0 GiB", "1 GiB", "2 GiB", "3 GiB"]);
        assert_eq!(texts(Unit::Count, &[3.0, 10.0]), ["0", "2", "4", "6", "8", "10"]);
    }

    #[test]
    fn a_second_axis_has_as_many_intervals_as_the_first() {
        let axis = |unit, value| Axis { unit, lines: vec![Line { name: String::new(), values: vec![vec![value]] }] };
        let scale = Scale::with_intervals(&axis(Unit::Bytes, 468.0 * 1_048_576.0), 4).unwrap();
        let texts: Vec<&str> = scale.ticks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["0 MiB", "125 MiB", "250 MiB", "375 MiB", "500 MiB"]);
        for exponent in -9..6 {
            for digit in 1..100 {
                let value = f64::from(digit) / 10.0 * 10_f64.powi(exponent);
                let scale = Scale::with_intervals(&axis(Unit::Seconds, value), 5).unwrap();
                assert!((0.5..=1.0 + 1e-9).contains(&scale.share(value)), "{value}");
                assert_eq!(scale.ticks.len(), 6);
            }
        }
        assert_eq!(Scale::with_intervals(&axis(Unit::Bytes, -1.0), 4), None, "its zero is not at the bottom");
    }

    #[test]
    fn negative_and_missing_values_have_a_scale() {
        assert_eq!(texts(Unit::Bytes, &[-100.0, 100.0]), ["-100 B", "-50 B", "0 B", "50 B", "100 B"]);
        assert_eq!(texts(Unit::Count, &[]).first().map(String::as_str), Some("0.0"));
        assert_eq!(texts(Unit::Seconds, &[0.0, f64::NAN]).len(), 6);
    }

    #[test]
    fn zero_is_below_a_logarithmic_scale() {
        let line =
            |values: &[f64]| Line { name: String::new(), values: values.iter().map(|value| vec![*value]).collect() };
        let scale = Scale::of(&Axis { unit: Unit::Bytes, lines: vec![line(&[0.0, 1024.0, 1_048_576.0])] }, 5);
        let shares: Vec<f64> = scale.ticks.iter().map(|(tick, _)| scale.share(*tick)).collect();
        assert_eq!((scale.ticks[0].1.as_str(), scale.ticks[1].1.as_str()), ("0 B", "1 KiB"));
        let gaps: Vec<f64> = shares.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(shares[0] == 0.0 && gaps.iter().all(|gap| (gap - gaps[0]).abs() < 1e-9), "{shares:?}");
    }

    #[test]
    fn every_value_is_between_the_ends() {
        let axis =
            |value| Axis { unit: Unit::Seconds, lines: vec![Line { name: String::new(), values: vec![vec![value]] }] };
        for exponent in -9..6 {
            for digit in 1..100 {
                let value = f64::from(digit) / 10.0 * 10_f64.powi(exponent);
                let scale = Scale::of(&axis(value), 5);
                assert!((0.0..=1.0 + 1e-9).contains(&scale.share(value)), "{value}");
                assert!((2..=8).contains(&scale.ticks.len()), "{value}: {:?}", scale.ticks);
            }
        }
    }
}
