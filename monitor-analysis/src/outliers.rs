//! Past values that were far out by themselves, in the metric's own unit: a machine that has taken 20 ms from one short test takes as
//! much from another, whose time is then a thousand times what it was.

use crate::constants::{OUTLIER_BEYOND, OUTLIER_RATIO};
use crate::look::Look;

/// The outliers of a metric in the past of all tests.
pub(crate) struct Outliers(Vec<Outlier>);

struct Outlier {
    /// What the test has otherwise.
    usual: f64,
    /// The most that it or a test of less had more than usual.
    excess: f64,
}

impl Outliers {
    pub(crate) fn of(looks: &[Look]) -> Self {
        let of_look = |look: &Look| {
            let usual = look.before;
            let far = look.past_rises().filter(|rise| *rise >= OUTLIER_RATIO.ln());
            far.map(move |rise| Outlier { usual, excess: usual * rise.exp_m1() }).collect::<Vec<_>>()
        };
        let mut outliers: Vec<Outlier> = looks.iter().flat_map(of_look).collect();
        outliers.sort_unstable_by(|a, b| a.usual.total_cmp(&b.usual));
        let mut most = 0.0_f64;
        for outlier in &mut outliers {
            most = most.max(outlier.excess);
            outlier.excess = most;
        }
        Self(outliers)
    }

    /// Whether a new value is no more above the usual one than what has come before, in a test for which that was as far out.
    pub(crate) fn explain(&self, look: &Look) -> bool {
        let excess = look.after - look.before;
        let smaller = self.0.partition_point(|outlier| outlier.usual <= excess);
        smaller > 0 && excess <= OUTLIER_BEYOND * self.0[smaller - 1].excess
    }
}
