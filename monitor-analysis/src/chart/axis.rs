//! Scales and ticks.

use super::{Axis, Line};
use crate::quantity::Unit;

/// From values to heights, with ticks at round numbers.
#[derive(Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    /// Values and texts of the ticks, ascending.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Scale {
    /// A scale with about `count` ticks that holds zero and all values of the axis.
    pub(super) fn of(axis: &Axis, count: usize) -> Self {
        let values = || axis.lines.iter().flat_map(finite);
        let (least, greatest) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
        let greatest = if least == greatest { least + empty_height(axis.unit) } else { greatest };
        let (unit_size, symbol) = axis.unit.scale(greatest.max(-least));
        let step = round_step((greatest - least) / unit_size / count as f64) * unit_size;
        let (first, last) = ((least / step).floor(), (greatest / step - 1e-9).ceil());
        let decimals = decimals_of(step / unit_size);
        let ticks = (0..=(last - first) as usize).map(|index| {
            let value = (first + index as f64) * step;
            let number = format!("{:.decimals$}", value / unit_size);
            (value, if symbol.is_empty() { number } else { format!("{number} {symbol}") })
        });
        Self { low: first * step, high: last * step, ticks: ticks.collect() }
    }

    /// Where a value is between the lowest (0) and the highest (1) tick.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

fn finite(line: &Line) -> impl Iterator<Item = f64> {
    line.values.iter().flatten().copied().filter(|value| value.is_finite())
}

/// What an axis without values reaches to.
fn empty_height(unit: Unit) -> f64 {
    match unit {
        Unit::Seconds | Unit::Count | Unit::Ratio => 1.0,
        Unit::Bytes => 1024.0,
    }
}

/// The least of 1, 2, 2.5, 5 times a power of ten that is not below.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|factor| factor * power >= step * (1.0 - 1e-9)).unwrap_or(10.0);
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
        let line = Line { name: String::new(), values: values.iter().map(|value| Some(*value)).collect() };
        Scale::of(&Axis { unit, lines: vec![line] }, 5).ticks.into_iter().map(|(_, text)| text).collect()
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
    fn negative_and_missing_values_have_a_scale() {
        assert_eq!(texts(Unit::Bytes, &[-100.0, 100.0]), ["-100 B", "-50 B", "0 B", "50 B", "100 B"]);
        assert_eq!(texts(Unit::Count, &[]).first().map(String::as_str), Some("0.0"));
        assert_eq!(texts(Unit::Seconds, &[0.0, f64::NAN]).len(), 6);
    }

    #[test]
    fn every_value_is_between_the_ends() {
        let axis =
            |value| Axis { unit: Unit::Seconds, lines: vec![Line { name: String::new(), values: vec![Some(value)] }] };
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
