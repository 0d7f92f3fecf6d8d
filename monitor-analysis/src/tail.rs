//! How often a score so large comes up when nothing changed, by the series' own past.

use crate::constants::{TAIL_INDEX, TAIL_LEAST_SCORE};

/// Two-sided p-value of a score, from the scores that the series' own values had when they were new.
///
/// Within the past scores it is the share at least as large, the new one counted in (Davison and Hinkley, 1997, 4.2).
/// Beyond the largest, where fifty scores say nothing, it falls as a power of the score: more slowly than any Gaussian.
///
/// ```
/// use monitor_analysis::tail::p_value;
/// let past = [0.5, -1.0, 3.0];
/// assert_eq!(p_value(0.9, &past), 0.75);
/// assert_eq!(p_value(6.0, &past), 0.25 / 16.0);
/// ```
#[must_use]
pub fn p_value(score: f64, past_scores: &[f64]) -> f64 {
    let size = score.abs();
    let count = past_scores.len() as f64 + 1.0;
    let as_large = past_scores.iter().filter(|past| past.abs() >= size).count();
    if as_large > 0 {
        return (as_large as f64 + 1.0) / count;
    }
    let largest = past_scores.iter().fold(TAIL_LEAST_SCORE, |largest, past| largest.max(past.abs()));
    (largest / size).powf(TAIL_INDEX).min(1.0) / count
}
