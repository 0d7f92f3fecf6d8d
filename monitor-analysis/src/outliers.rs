//! Past values that were far out by themselves, in the metric's own unit: a machine that has taken 20 ms from one short test takes as
//! much from another, whose time is then a thousand times what it was.

use crate::constants::{OUTLIER_BEYOND, OUTLIER_RATIO};

/// The outliers of a metric in the past of all tests.
pub(crate) struct Outliers(Vec<Outlier>);

struct Outlier {
    /// What the test has otherwise.
    usual: f64,
    /// The most that it or a test of less had more than usual.
    excess: f64,
}

impl Outliers {
    /// Those among past values: what is usual for the test, and the logarithm of how many times that it was.
    pub(crate) fn of(rises: impl Iterator<Item = (f64, f64)>) -> Self {
        let far = rises.filter(|(_, rise)| *rise >= OUTLIER_RATIO.ln());
        let mut outliers: Vec<Outlier> =
            far.map(|(usual, rise)| Outlier { usual, excess: usual * rise.exp_m1() }).collect();
        outliers.sort_unstable_by(|a, b| a.usual.total_cmp(&b.usual));
        let mut most = 0.0_f64;
        for outlier in &mut outliers {
            most = most.max(outlier.excess);
            outlier.excess = most;
        }
        Self(outliers)
    }

    /// Whether a value that is so much above the usual one is no more so than what has come before, in a test for which that was
    /// as far out.
    pub(crate) fn explain(&self, excess: f64) -> bool {
        let smaller = self.0.partition_point(|outlier| outlier.usual <= excess);
        smaller > 0 && excess <= OUTLIER_BEYOND * self.0[smaller - 1].excess
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_as_short_explain_an_excess_and_twice_theirs_at_most() {
        let outliers = Outliers::of([(10.0, 3.0_f64.ln()), (0.001, 11.0_f64.ln()), (0.002, 1.5_f64.ln())].into_iter());
        assert!(outliers.explain(0.02), "twice the .01 of the shortest");
        assert!(!outliers.explain(0.03), "what the long test once took tells nothing of that");
        assert!(outliers.explain(20.0) && !outliers.explain(41.0));
        assert!(!outliers.explain(0.000_5), "it would be no outlier in any");
        assert!(!Outliers::of(std::iter::empty()).explain(1.0));
    }
}
