//! Where a series stands and how much it scatters: the centre of its last values, the errors of past centres, their scale.

use crate::constants::{
    CENTRE_CLIP, CENTRE_HALF_LIFE, CENTRE_MEDIAN, CENTRE_WINDOW, HISTORY_SETTLED, INNER_RMS, MAD_SCALE, SCALE_LEAST,
    SCALE_PRIOR, SCALE_ROBUST, SCALE_SHRUNK, SPREAD_FLOOR, STEP_LATER, STEP_SCALES,
};
use crate::median::median_of_few;
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

/// How much larger an error is for the centre of so few values than for that of five.
pub(crate) fn room(before: usize) -> f64 {
    ((1.0 + 1.0 / before.min(5) as f64) / 1.2).sqrt()
}

/// The errors of a series; where it moved to another level for good, those of its first values there are left out.
pub(crate) fn errors(values: &[f64]) -> Errors {
    let whole = errors_from(values, f64::INFINITY);
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

/// The errors, with a new level wherever one is beyond `limit` and the values after it stay there.
fn errors_from(values: &[f64], limit: f64) -> Errors {
    let first = if values.len() < HISTORY_SETTLED { 2 } else { 5 };
    let mut errors = Errors::default();
    for at in first..values.len() {
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
    for at in runs + 4..values.len() {
        let first = at + 1 - runs;
        let level = median_of_few(values[first..=at].iter().copied());
        errors.values.push((level - centre(&values[..first])) / room(first));
        errors.at.push(at as u32);
    }
    errors
}

/// The scale of errors; `None` of fewer than three.
pub(crate) fn scale(errors: &[f64]) -> Option<f64> {
    let count = errors.len();
    if count < 3 {
        return None;
    }
    let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
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
