//! Ticks for values that span decades.

use crate::quantity::{Quantity, Unit};

/// Decades from which on a linear axis would press most values onto its end.
const DECADES: f64 = 1.5;

/// Values whose ticks can neither be zero nor infinite.
const DRAWABLE: std::ops::Range<f64> = 1e-200..1e200;

/// Ticks at multiples of a power: `mantissas` times `base` to each `step`th exponent.
struct Grid {
    base: f64,
    step: i32,
    mantissas: &'static [f64],
}

const fn grid(base: f64, step: i32, mantissas: &'static [f64]) -> Grid {
    Grid { base, step, mantissas }
}

/// The finest first. Sizes double, since their units do.
const DECIMAL: [Grid; 6] = [
    grid(10.0, 1, &[1.0, 2.0, 5.0]),
    grid(10.0, 1, &[1.0, 3.0]),
    grid(10.0, 1, &[1.0]),
    grid(10.0, 2, &[1.0]),
    grid(10.0, 3, &[1.0]),
    grid(10.0, 6, &[1.0]),
];
const BINARY: [Grid; 5] =
    [grid(2.0, 1, &[1.0]), grid(2.0, 2, &[1.0]), grid(2.0, 5, &[1.0]), grid(2.0, 10, &[1.0]), grid(2.0, 20, &[1.0])];

/// About `count` ticks around the values above zero, ascending; `None` if a linear axis shows them as well.
pub(super) fn ticks(unit: Unit, values: impl Iterator<Item = f64> + Clone, count: usize) -> Option<Vec<f64>> {
    if values.clone().any(|value| value < 0.0) {
        return None;
    }
    let positive = values.filter(|value| *value > 0.0);
    let (least, greatest) = (positive.clone().reduce(f64::min)?, positive.reduce(f64::max)?);
    if (greatest / least).log10() <= DECADES || !DRAWABLE.contains(&least) || !DRAWABLE.contains(&greatest) {
        return None;
    }
    let grids: &[Grid] = if unit == Unit::Bytes { &BINARY } else { &DECIMAL };
    let around = grids.iter().map(|grid| grid.around(least, greatest));
    around.reduce(|finer, coarser| if finer.len() <= count + 2 { finer } else { coarser })
}

impl Grid {
    /// From the last tick that is not above the least value to the first that is not below the greatest.
    fn around(&self, least: f64, greatest: f64) -> Vec<f64> {
        let first = (least.log(self.base) / f64::from(self.step)).floor() as i32 - 1;
        let powers = (first..).map(|index| self.base.powi(index * self.step));
        let all = powers.flat_map(|power| self.mantissas.iter().map(move |mantissa| mantissa * power));
        let mut ticks = Vec::new();
        for tick in all {
            // A tick is as exact as its power.
            if tick <= least * (1.0 + 1e-9) {
                ticks.clear();
            }
            ticks.push(tick);
            if tick >= greatest * (1.0 - 1e-9) {
                break;
            }
        }
        ticks
    }
}

/// A tick in the unit that suits it: `30 ms`, `1 GiB`, `10,000`.
pub(super) fn text(unit: Unit, value: f64) -> String {
    let (size, symbol) = unit.scale(value);
    let number = value / size;
    if number < 0.9995 || unit == Unit::Ratio {
        return Quantity { value, unit }.to_string();
    }
    let number = Quantity { value: number.round(), unit: Unit::Count };
    if symbol.is_empty() { number.to_string() } else { format!("{number} {symbol}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(unit: Unit, values: &[f64]) -> Vec<String> {
        let ticks = ticks(unit, values.iter().copied(), 5).unwrap_or_default();
        ticks.into_iter().map(|tick| text(unit, tick)).collect()
    }

    #[test]
    fn decades_have_ticks_in_units_that_suit() {
        assert_eq!(texts(Unit::Seconds, &[0.002, 0.1]), ["2 ms", "5 ms", "10 ms", "20 ms", "50 ms", "100 ms"]);
        assert_eq!(
            texts(Unit::Seconds, &[0.002, 364.0]),
            ["1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s", "1,000 s"]
        );
        assert_eq!(texts(Unit::Bytes, &[1e4, 4e9]), ["1 KiB", "32 KiB", "1 MiB", "32 MiB", "1 GiB", "32 GiB"]);
        assert_eq!(texts(Unit::Count, &[0.0, 7.0, 90_000.0]), ["1", "10", "100", "1,000", "10,000", "100,000"]);
    }

    #[test]
    fn what_spans_less_is_linear() {
        assert_eq!(ticks(Unit::Seconds, [1.0, 31.0].into_iter(), 5), None);
        assert_eq!(ticks(Unit::Bytes, [-1.0, 1.0, 1e9].into_iter(), 5), None);
        assert_eq!(ticks(Unit::Bytes, [0.0, 0.0].into_iter(), 5), None);
    }

    #[test]
    fn every_span_has_a_few_ticks_around_it() {
        for exponent in -60..60 {
            for decades in 2..20 {
                let (least, greatest) = (3.3 * 10_f64.powi(exponent), 3.3 * 10_f64.powi(exponent + decades));
                for unit in [Unit::Seconds, Unit::Bytes] {
                    let ticks = ticks(unit, [least, greatest].into_iter(), 3).expect("decades");
                    assert!((2..=5).contains(&ticks.len()) || decades > 15, "{least} to {greatest}: {ticks:?}");
                    assert!(ticks[0] <= least && ticks[ticks.len() - 1] >= greatest && ticks.is_sorted());
                }
            }
        }
    }
}
