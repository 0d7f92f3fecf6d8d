//! Exact metrics: the same in every run of the same code, so that one extra allocation shows.

use crate::constants::EXACT_MIN_VALUES;
use crate::verdict::{Change, Judgement, Reason};

/// What a series of a countable metric of a single-threaded test has shown so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exactness {
    /// Its last values are identical, and enough of them.
    Proven {
        /// Their value.
        value: f64,
        /// How many there are.
        values: usize,
    },
    /// Its last values are identical, but too few to build on.
    Unproven,
    /// It left a value and did not settle on another: noise, not changes of the code.
    Demoted,
}

/// Judges the series, oldest value first.
///
/// A change of the code moves the series from one constant to another. Values between two changes that are fewer than
/// [`EXACT_MIN_VALUES`] are noise, and so is everything in a series that has them. The first values may be the rest
/// of a longer run, the last ones the beginning of one: they prove nothing against it.
///
/// ```
/// use monitor_analysis::exact::{Exactness, exactness};
/// assert_eq!(exactness(&[7.0; 5]), Exactness::Proven { value: 7.0, values: 5 });
/// assert_eq!(exactness(&[7.0, 7.0, 7.0, 7.0, 7.0, 8.0]), Exactness::Unproven);
/// assert_eq!(exactness(&[7.0, 7.0, 7.0, 7.0, 7.0, 8.0, 7.0]), Exactness::Demoted);
/// ```
#[must_use]
pub fn exactness(past: &[f64]) -> Exactness {
    let runs: Vec<&[f64]> = past.chunk_by(|a, b| a == b).collect();
    let Some((last, earlier)) = runs.split_last() else {
        return Exactness::Unproven;
    };
    if earlier.iter().skip(1).any(|run| run.len() < EXACT_MIN_VALUES) {
        Exactness::Demoted
    } else if last.len() >= EXACT_MIN_VALUES {
        Exactness::Proven { value: last[0], values: last.len() }
    } else {
        Exactness::Unproven
    }
}

/// Judges a value after a proven series: every difference is real.
#[must_use]
pub fn judge(before: f64, values: usize, after: f64) -> Judgement {
    let differs = before != after;
    let reason = if differs { Reason::ExactlyDifferent { values } } else { Reason::ExactlyEqual { values } };
    Judgement::on(Change { before, after }, differs, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn a_change_of_the_code_does_not_demote() {
        let mut past = vec![100.0; 8];
        past.extend([101.0; 5]);
        assert_eq!(exactness(&past), Exactness::Proven { value: 101.0, values: 5 });
        past.push(102.0);
        assert_eq!(exactness(&past), Exactness::Unproven);
    }

    #[test]
    fn a_short_visit_demotes_for_as_long_as_it_is_seen() {
        let mut past = vec![100.0; 6];
        past.extend([101.0; 4]);
        past.extend([100.0; 30]);
        assert_eq!(exactness(&past), Exactness::Demoted);
        assert_eq!(exactness(&past[7..]), Exactness::Proven { value: 100.0, values: 30 });
    }

    #[test]
    fn few_values_prove_nothing() {
        assert_eq!(exactness(&[]), Exactness::Unproven);
        assert_eq!(exactness(&[1.0; 4]), Exactness::Unproven);
    }

    #[test]
    fn one_byte_counts() {
        assert_eq!(judge(1e9, 5, 1e9 + 1.0).verdict, Verdict::Regressed);
        assert_eq!(judge(1e9, 5, 1e9 - 1.0).verdict, Verdict::Improved);
        assert_eq!(judge(1e9, 5, 1e9).verdict, Verdict::Unchanged);
    }
}
