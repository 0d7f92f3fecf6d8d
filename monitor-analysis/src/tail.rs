//! How often a score so large comes up when nothing changed: p-values from the series' own past, not from a Gaussian.
//!
//! By the exchangeability of n past scores and a new one, the new one is the largest with probability 1 / (n + 1),
//! whatever the distribution. How far a record lies above the next largest, fifty scores of one series cannot say, but
//! the records of all series of the run can. Where values spike now and then, in any test, no single spike is
//! news; in a calm suite, what is far out is.

use crate::constants::{TAIL_LEAST_SCORE, TAIL_PRIOR_INDEX, TAIL_PRIOR_SERIES};

/// How scores beyond the largest past one become rarer, in the series of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// The power by which they do.
    pub index: f64,
}

impl Tail {
    /// From the past scores of every series of the run.
    ///
    /// In a tail that falls as a power, the logarithm of the ratio of the two largest is exponential with that power as
    /// its rate (Hill, 1975, with one order statistic a series). A prior of a heavy tail stands in where series are few.
    #[must_use]
    pub fn of<'a>(series: impl IntoIterator<Item = &'a [f64]>) -> Self {
        let logs: Vec<f64> = series.into_iter().filter_map(log_record_ratio).collect();
        let (count, sum) = (logs.len() as f64, logs.iter().sum::<f64>());
        Self { index: (count + TAIL_PRIOR_SERIES) / (sum + TAIL_PRIOR_SERIES / TAIL_PRIOR_INDEX) }
    }

    /// Two-sided p-value of a new score of the series with these past scores: the share at least as large, the new one
    /// counted in (Davison and Hinkley, 1997, 4.2), and beyond the largest the tail.
    ///
    /// ```
    /// use monitor_analysis::tail::Tail;
    /// let tail = Tail { index: 4.0 };
    /// let past = [0.5, -1.0, 3.0];
    /// assert_eq!(tail.p_value(0.9, &past), 0.75);
    /// assert_eq!(tail.p_value(6.0, &past), 0.25 / 16.0);
    /// ```
    #[must_use]
    pub fn p_value(&self, score: f64, past_scores: &[f64]) -> f64 {
        let size = score.abs();
        let count = past_scores.len() as f64 + 1.0;
        let as_large = past_scores.iter().filter(|past| past.abs() >= size).count();
        if as_large > 0 {
            return (as_large as f64 + 1.0) / count;
        }
        let largest = past_scores.iter().fold(TAIL_LEAST_SCORE, |largest, past| largest.max(past.abs()));
        (largest / size.max(largest)).powf(self.index) / count
    }
}

/// Logarithm of the ratio of the two largest past scores, if both tell something.
fn log_record_ratio(past_scores: &[f64]) -> Option<f64> {
    let mut sizes: Vec<f64> = past_scores.iter().map(|past| past.abs()).collect();
    sizes.sort_unstable_by(|a, b| b.total_cmp(a));
    match sizes[..] {
        [largest, second, ..] if second > 0.0 => Some((largest / second).ln()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_that_of_the_tail() {
        // Two largest of Pareto samples with index 3 have ratios whose logarithms average 1 / 3.
        let series: Vec<[f64; 3]> = (0..2000)
            .map(|i| {
                let quantile = (f64::from(i) + 0.5) / 2000.0;
                [1.0, 2.0 * quantile.powf(-1.0 / 3.0), -2.0]
            })
            .collect();
        let tail = Tail::of(series.iter().map(|scores| &scores[..]));
        assert!((tail.index - 3.0).abs() < 0.05, "{}", tail.index);
    }

    #[test]
    fn the_prior_stands_in_for_few_series() {
        assert_eq!(Tail::of([]).index, 4.0);
        assert_eq!(Tail::of([&[0.0; 9][..]]).index, 4.0);
    }

    #[test]
    fn p_values_fall_with_the_score() {
        let past: Vec<f64> = (0..40).map(|i| f64::from(i % 7) - 3.0).collect();
        let tail = Tail { index: 5.0 };
        let p_values: Vec<f64> = (0..60).map(|i| tail.p_value(f64::from(i) / 4.0, &past)).collect();
        assert!(p_values.windows(2).all(|pair| pair[0] >= pair[1]));
        assert_eq!(tail.p_value(-7.0, &past), tail.p_value(7.0, &past));
    }
}
