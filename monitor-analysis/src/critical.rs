//! Critical values of the change points: greatest standardised rank sums of series without a change, simulated.
//!
//! The statistics know ranks only, so that one table serves every kind of noise.

/// Of one cut with five values at least on each side: length, then what 2 % and .5 % of series exceed.
const CUT: [(f64, f64, f64); 13] = [
    (10.0, 2.1934, 2.6112),
    (11.0, 2.3735, 2.7386),
    (12.0, 2.5172, 2.842),
    (14.0, 2.6, 2.8749),
    (16.0, 2.6623, 3.0021),
    (20.0, 2.7969, 3.0993),
    (25.0, 2.8844, 3.2092),
    (30.0, 2.948, 3.2854),
    (40.0, 3.0312, 3.3846),
    (60.0, 3.1294, 3.457),
    (100.0, 3.2218, 3.589),
    (200.0, 3.3043, 3.6554),
    (400.0, 3.4064, 3.7832),
];

/// Of one interval against the rest, five values at least in each part: length, then what .5 % and .2 % exceed.
const INTERVAL: [(f64, f64, f64); 9] = [
    (15.0, 2.6944, 2.8169),
    (20.0, 3.186, 3.3049),
    (25.0, 3.3968, 3.5536),
    (30.0, 3.5505, 3.7021),
    (40.0, 3.7517, 3.9535),
    (60.0, 3.9259, 4.093),
    (100.0, 4.1605, 4.336),
    (200.0, 4.3957, 4.4825),
    (400.0, 4.531, 4.6665),
];

/// How much less than a value of the tables, which have four digits, reaches it.
const ROUNDING: f64 = 1e-4;

/// What one cut of a series of this length must reach; more for the parts of a series than for the `whole`.
pub(crate) fn cut(length: usize, whole: bool) -> f64 {
    at(&CUT, length, whole)
}

/// The same of one interval against the rest.
pub(crate) fn interval(length: usize, whole: bool) -> f64 {
    at(&INTERVAL, length, whole)
}

/// Between two rows by the logarithm of the length; beyond the last, as it went on before.
fn at(table: &[(f64, f64, f64)], length: usize, whole: bool) -> f64 {
    let length = length as f64;
    let upper = table.iter().position(|row| row.0 >= length).unwrap_or(table.len() - 1).max(1);
    let (low, high) = (table[upper - 1], table[upper]);
    let share = ((length / low.0).ln() / (high.0 / low.0).ln()).max(0.0);
    let of = |row: (f64, f64, f64)| if whole { row.1 } else { row.2 };
    of(low) + share * (of(high) - of(low)) - ROUNDING
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_what_lies_between_them() {
        assert!((cut(100, true) - 3.2218).abs() < 2e-4 && (cut(100, false) - 3.589).abs() < 2e-4);
        assert!(cut(150, true) > cut(100, true) && cut(150, true) < cut(200, true));
        assert!(cut(1_000, true) > cut(400, true) && cut(10, true) < 2.2);
        assert!((interval(60, true) - 3.9259).abs() < 2e-4);
    }
}
