//! Which commit of a line changed a cost, asked of as few of them as can be.

use std::cmp::Reverse;

/// The next commit that is asked is away from a silent one by this part of what is left, if there is such a one.
const APART: usize = 10;

/// A search among commits `0..count`, oldest first: the last one has the changed cost, and the commit before the first has not.
///
/// The number of commits that are asked grows with the logarithm of `count`.
///
/// ```
/// use monitor_analysis::bisection::{Bisection, Next};
///
/// let mut search = Bisection::new(64);
/// let mut asked = 0;
/// while let Next::Ask(commit) = search.next() {
///     asked += 1;
///     search.answer(commit, Some(commit >= 40)); // commit 40 brought the change
/// }
/// assert_eq!(search.next(), Next::Found { changed: 40, perhaps: vec![] });
/// assert_eq!(asked, 6);
/// ```
#[derive(Clone, Debug)]
pub struct Bisection {
    /// The oldest commit that is known to have the change.
    changed: usize,
    /// The newest before it that is known not to have it, plus one; 0 if only what was before the first is.
    unchanged: usize,
    /// Commits that give no answer.
    silent: Vec<usize>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask this commit.
    Ask(usize),
    /// It is this one, or one of those directly before it that gave no answer.
    Found {
        /// The commit.
        changed: usize,
        /// Commits before it that gave no answer.
        perhaps: Vec<usize>,
    },
}

impl Bisection {
    /// A search among `count` commits. With 0 or 1 nothing is asked.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { changed: count.saturating_sub(1), unchanged: 0, silent: Vec::new() }
    }

    /// The next step.
    #[must_use]
    pub fn next(&self) -> Next {
        let open = (self.unchanged..self.changed).filter(|at| !self.silent.contains(at));
        let width = self.changed - self.unchanged;
        // What stands beside a commit that does not build often does not build either.
        let is_beside = |at: usize| self.silent.iter().any(|silent| APART * silent.abs_diff(at) < width);
        let from_middle = |at: usize| (2 * at + 1).abs_diff(self.unchanged + self.changed);
        match open.min_by_key(|at| (is_beside(*at), from_middle(*at), Reverse(*at))) {
            Some(at) => Next::Ask(at),
            None => Next::Found { changed: self.changed, perhaps: (self.unchanged..self.changed).collect() },
        }
    }

    /// The commit has, or has not, the change; `None` if it gives no answer.
    pub fn answer(&mut self, commit: usize, has_changed: Option<bool>) {
        match has_changed {
            Some(true) => self.changed = self.changed.min(commit),
            Some(false) => self.unchanged = self.unchanged.max(commit + 1),
            None => self.silent.push(commit),
        }
    }
}

/// The value that tells a changed commit from an unchanged one: the geometric mean of the metric's values at both ends, since
/// costs scatter by factors; the arithmetic mean where one of them is not positive.
#[must_use]
pub fn limit(good: f64, bad: f64) -> f64 {
    if good > 0.0 && bad > 0.0 { (good * bad).sqrt() } else { f64::midpoint(good, bad) }
}

/// The probability that the median of `runs` runs is on the wrong side of the limit, if a single run is with probability
/// `wrong`.
///
/// The upper tail of the binomial distribution.
#[must_use]
pub fn majority_error(runs: u32, wrong: f64) -> f64 {
    let needed = runs / 2 + 1;
    let mut probability = (1.0 - wrong).powi(runs.cast_signed());
    let mut tail = if needed == 0 { probability } else { 0.0 };
    for wrong_ones in 1..=runs {
        let ratio = f64::from(runs - wrong_ones + 1) / f64::from(wrong_ones) * wrong / (1.0 - wrong);
        probability *= ratio;
        if wrong_ones >= needed {
            tail += probability;
        }
    }
    tail
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commit `culprit` and those after it have the change.
    fn search(count: usize, culprit: usize, silent: &[usize]) -> (Next, usize) {
        let mut bisection = Bisection::new(count);
        let mut asked = 0;
        loop {
            match bisection.next() {
                Next::Ask(commit) => {
                    asked += 1;
                    let answer = (!silent.contains(&commit)).then_some(commit >= culprit);
                    bisection.answer(commit, answer);
                }
                found => return (found, asked),
            }
        }
    }

    #[test]
    fn each_commit_is_found_in_as_many_steps_as_the_logarithm_says() {
        for culprit in 0..64 {
            let (found, asked) = search(64, culprit, &[]);
            assert_eq!(found, Next::Found { changed: culprit, perhaps: Vec::new() });
            assert!(asked <= 6, "{asked} for {culprit}");
        }
    }

    #[test]
    fn commits_that_do_not_build_are_passed_by() {
        let silent = [3, 17, 31, 32, 45, 60];
        for culprit in (0..64).filter(|culprit| !silent.contains(culprit)) {
            let (found, asked) = search(64, culprit, &silent);
            let Next::Found { changed, perhaps } = found else { panic!("it is found") };
            assert_eq!(changed, culprit);
            assert!(perhaps.iter().all(|commit| silent.contains(commit)), "{perhaps:?}");
            assert!(asked <= 8, "{asked} for {culprit}");
        }
    }

    #[test]
    fn six_of_64_that_do_not_build_cost_two_questions_at_most_nearly_always() {
        let mut seed = 1_u64;
        let mut below = |bound: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % bound
        };
        let (mut few, searches) = (0, 1_000);
        for _ in 0..searches {
            let culprit = 1 + below(62);
            let mut silent: Vec<usize> = Vec::new();
            while silent.len() < 6 {
                let at = below(62);
                // Between two that build, the change is found for certain.
                if ![culprit, culprit - 1].contains(&at) && !silent.contains(&at) {
                    silent.push(at);
                }
            }
            let (found, asked) = search(63, culprit, &silent);
            assert_eq!(found, Next::Found { changed: culprit, perhaps: Vec::new() });
            few += u32::from(asked <= 8);
        }
        assert!(few >= 970, "{few} of {searches}");
    }

    #[test]
    fn the_error_of_a_majority_is_the_binomial_tail() {
        // Of three, two or three wrong: 3 p^2 (1 - p) + p^3.
        assert!((majority_error(3, 0.1) - 0.028).abs() < 1e-12);
        assert!((majority_error(1, 0.25) - 0.25).abs() < 1e-12);
        assert!(majority_error(7, 0.0) < 1e-12);
    }

    #[test]
    fn the_limit_is_between_the_ends() {
        assert!((limit(1.0, 4.0) - 2.0).abs() < 1e-12);
        assert!((limit(0.0, 4.0) - 2.0).abs() < 1e-12);
    }
}
