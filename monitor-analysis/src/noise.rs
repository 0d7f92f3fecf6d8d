//! Where a series stands and how much it scatters: the centre of its last values, the errors of past centres, their scale.

use crate::constants::{
    CENTRE_CLIP, CENTRE_HALF_LIFE, CENTRE_MEDIAN, CENTRE_WINDOW, HISTORY_SETTLED, INNER_RMS, MAD_SCALE, SCALE_LEAST,
    SCALE_PRIOR, SCALE_ROBUST, SCALE_SHRUNK, SPREAD_FLOOR, STEP_LATER, STEP_SCALES,
};
use crate::median::{LANES, Lanes, median_of_few, medians_of_four, medians_of_sixteen, windows};
use crate::summary::median;

/// How far values were from the centre of those before them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors {
    /// Oldest first.
    pub values: Vec<f64>,
    /// The index of each one's value.
    pub at: Vec<u32>,
    /// The first value of the level that the series ends with.
    pub level_from: usize,
}

/// The centre of values that end here: a mean of the last ones, newer ones weighing more, cut off around their median.
pub(crate) fn centre(before: &[f64]) -> f64 {
    let count = before.len();
    let near = median_of_few(before[count - count.min(CENTRE_MEDIAN)..].iter().copied());
    let window = &before[count - count.min(CENTRE_WINDOW)..];
    let spread = MAD_SCALE * median_of_few(window.iter().map(|value| (value - near).abs())) + SPREAD_FLOOR;
    let (mut weight, mut sum, mut all) = (1.0, 0.0, 0.0);
    let decay = (-std::f64::consts::LN_2 / CENTRE_HALF_LIFE).exp();
    for value in window.iter().rev() {
        sum += weight * (value - near).clamp(-CENTRE_CLIP * spread, CENTRE_CLIP * spread);
        all += weight;
        weight *= decay;
    }
    near + sum / all
}

/// For each place from `from` on the centre of the values before it.
fn centres(values: &[f64], from: usize, mut each: impl FnMut(usize, f64)) {
    let mut at = from;
    while at < values.len() {
        match at.checked_sub(CENTRE_WINDOW).filter(|_| at + LANES <= values.len()) {
            Some(first) => {
                (at..).zip(centres_of(&values[first..])).for_each(|(at, centre)| each(at, centre));
                at += LANES;
            }
            None => {
                each(at, centre(&values[..at]));
                at += 1;
            }
        }
    }
}

/// The centres of the windows that begin at the first values.
fn centres_of(values: &[f64]) -> Lanes {
    let window: [Lanes; CENTRE_WINDOW] = windows(values);
    let near = medians_of_four(windows(&values[CENTRE_WINDOW - CENTRE_MEDIAN..]));
    let distances = window.map(|values| std::array::from_fn(|lane| (values[lane] - near[lane]).abs()));
    let high = medians_of_sixteen(distances).map(|median| CENTRE_CLIP * (MAD_SCALE * median + SPREAD_FLOOR));
    let (mut weight, mut sum, mut all) = (1.0, [0.0; LANES], 0.0);
    let decay = (-std::f64::consts::LN_2 / CENTRE_HALF_LIFE).exp();
    for values in window.iter().rev() {
        for lane in 0..LANES {
            let distance = values[lane] - near[lane];
            let distance = if distance < -high[lane] { -high[lane] } else { distance };
            sum[lane] += weight * if distance > high[lane] { high[lane] } else { distance };
        }
        all += weight;
        weight *= decay;
    }
    std::array::from_fn(|lane| near[lane] + sum[lane] / all)
}

/// How much larger an error is for the centre of so few values than for that of five.
pub(crate) fn room(before: usize) -> f64 {
    ((1.0 + 1.0 / before.min(5) as f64) / 1.2).sqrt()
}

/// The errors of a series; where it moved to another level for good, those of its first values there are left out.
pub(crate) fn errors(values: &[f64]) -> Errors {
    let whole = errors_of_one_level(values);
    let limit = STEP_SCALES * scale(&whole.values).unwrap_or(f64::INFINITY).max(SCALE_LEAST);
    let begins_a_level = |(error, at): (&f64, &u32)| {
        let at = *at as usize;
        error.abs() > limit && {
            let centre = centre(&values[..at]);
            stays(&values[at + 1..], centre, values[at] - centre)
        }
    };
    if whole.values.iter().zip(&whole.at).any(begins_a_level) { errors_from(values, limit) } else { whole }
}

/// The first value that has an error.
fn first_of(values: &[f64]) -> usize {
    if values.len() < HISTORY_SETTLED { 2 } else { 5 }
}

/// The errors, as if the series were on one level.
fn errors_of_one_level(values: &[f64]) -> Errors {
    let first = first_of(values);
    let count = values.len().saturating_sub(first);
    let mut errors = Errors { values: Vec::with_capacity(count), at: Vec::with_capacity(count), level_from: 0 };
    centres(values, first, |at, centre| {
        errors.values.push((values[at] - centre) / room(at));
        errors.at.push(at as u32);
    });
    errors
}

/// The errors, with a new level wherever one is beyond `limit` and the values after it stay there.
fn errors_from(values: &[f64], limit: f64) -> Errors {
    let mut errors = Errors::default();
    for at in first_of(values)..values.len() {
        let before = &values[errors.level_from..at];
        if errors.level_from > 0 && before.len() < STEP_LATER {
            continue;
        }
        let centre = centre(before);
        let error = (values[at] - centre) / room(before.len());
        if error.abs() > limit && stays(&values[at + 1..], centre, values[at] - centre) {
            errors.level_from = at;
        } else {
            errors.values.push(error);
            errors.at.push(at as u32);
        }
    }
    errors
}

/// Whether the values after a step are nearer to it than to the centre before.
fn stays(later: &[f64], centre: f64, step: f64) -> bool {
    if later.len() < STEP_LATER {
        return false;
    }
    let level = median(&later[..later.len().min(5)]).unwrap_or(centre);
    (level - centre) / step >= 0.5
}

/// The errors of medians of `runs` values, against the centre of the values before them.
pub(crate) fn errors_of_medians(values: &[f64], runs: usize) -> Errors {
    let mut errors = Errors::default();
    let firsts = values.len().saturating_sub(runs - 1);
    centres(&values[..firsts], 5, |first, centre| {
        let level = median_of_few(values[first..first + runs].iter().copied());
        errors.values.push((level - centre) / room(first));
        errors.at.push((first + runs - 1) as u32);
    });
    errors
}

/// The scale of errors; `None` of fewer than three.
pub(crate) fn scale(errors: &[f64]) -> Option<f64> {
    let count = errors.len();
    if count < 3 {
        return None;
    }
    let sizes = sorted_sizes(errors);
    let robust = MAD_SCALE * f64::midpoint(sizes[(count - 1) / 2], sizes[count / 2]);
    if count < SCALE_ROBUST {
        let cap = 4.0 * robust + 1e-9;
        let squares: f64 = sizes.iter().map(|size| size.min(cap).powi(2)).sum();
        return Some((squares / count as f64).sqrt());
    }
    let inner = &sizes[..count * 9 / 10];
    let rms = (inner.iter().map(|size| size * size).sum::<f64>() / inner.len() as f64).sqrt() / INNER_RMS;
    Some(robust.max(rms) / (1.0 + 1.5 / count as f64))
}

/// How large they are, in ascending order: that of their bits, which a processor compares at once.
fn sorted_sizes(errors: &[f64]) -> Vec<f64> {
    let mut sizes: Vec<u64> = errors.iter().map(|error| error.abs().to_bits()).collect();
    sizes.sort_unstable();
    sizes.into_iter().map(f64::from_bits).collect()
}

/// The scale of a series with so many errors, drawn towards that of the other tests where they are few, and not below
/// what values of this `step` can tell.
pub(crate) fn settled_scale(own: Option<f64>, errors: usize, others: f64, step: f64) -> f64 {
    let scale = match own {
        None => others,
        Some(own) if errors >= SCALE_SHRUNK => own.max(SCALE_LEAST),
        Some(own) => {
            let weight = errors as f64;
            let logs = weight * own.max(SCALE_LEAST).ln() + SCALE_PRIOR * others.ln();
            (logs / (weight + SCALE_PRIOR)).exp()
        }
    };
    scale.max(SCALE_LEAST).max(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: usize) -> Vec<f64> {
        (0..count).map(|i| 0.01 * ((i * 7 % 5) as f64 - 2.0)).collect()
    }

    #[test]
    fn a_spike_moves_the_centre_little_and_cuts_nothing() {
        let mut values = wave(30);
        let usual = centre(&values);
        values[28] += 2.0;
        assert!((centre(&values) - usual).abs() < 0.02, "{}", centre(&values));
        assert_eq!(errors(&values).level_from, 0);
        values[29] += 2.0;
        assert_eq!(errors(&values).level_from, 0, "two runs are no level");
    }

    #[test]
    fn centres_of_several_windows_are_those_of_each() {
        let values: Vec<f64> = (0..61_u32).map(|at| f64::from(at * 7919 % 101).powi(3)).collect();
        centres(&values, 2, |at, found| assert_eq!(found, centre(&values[..at]), "{at}"));
        let mut seen = Vec::new();
        centres(&values, 2, |at, _| seen.push(at));
        assert_eq!(seen, (2..61).collect::<Vec<_>>());
        for runs in [1, 3, 5] {
            let errors = errors_of_medians(&values, runs);
            assert_eq!(errors.at, (runs as u32 + 4..61).collect::<Vec<_>>());
            assert!(errors_of_medians(&values[..runs + 4], runs).values.is_empty());
        }
    }

    #[test]
    fn a_lasting_step_begins_a_level_and_leaves_the_noise_known() {
        let mut values = wave(30);
        values[22..].iter_mut().for_each(|value| *value += 0.3);
        let errors = errors(&values);
        assert_eq!(errors.level_from, 22);
        assert!(errors.values.iter().all(|error| error.abs() < 0.05), "{errors:?}");
        assert!((centre(&values[22..]) - 0.3).abs() < 0.02);
    }

    #[test]
    fn the_scale_is_the_standard_deviation_of_calm_noise() {
        let normal: Vec<f64> = (1..400)
            .map(|i| {
                use statrs::distribution::{ContinuousCDF, Normal};
                0.02 * Normal::standard().inverse_cdf(f64::from(i) / 400.0)
            })
            .collect();
        assert!((scale(&normal).unwrap() / 0.02 - 1.0).abs() < 0.03, "{:?}", scale(&normal));
        assert_eq!(scale(&[0.1, 0.2]), None);
        assert_eq!(settled_scale(None, 0, 0.04, 0.0), 0.04);
        assert_eq!(settled_scale(Some(0.001), 50, 0.04, 0.0), SCALE_LEAST);
        assert_eq!(settled_scale(Some(0.01), 50, 0.04, 0.2), 0.2, "no finer than the series' own steps");
    }
}
