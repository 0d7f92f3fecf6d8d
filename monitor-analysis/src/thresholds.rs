//! Limits below which a change is not reported.

use crate::constants::{COARSE_SIZE_BYTES, COARSE_SIZE_RATIO, COARSE_TIME_RATIO, COARSE_TIME_SECONDS};
use crate::metric::Metric;
use crate::quantity::Unit;

/// How large a change must be to be reported: larger than `ratio` and than `floor`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Smallest ratio of the larger value to the smaller one, above 1.
    pub ratio: f64,
    /// Smallest difference, in the metric's unit.
    pub floor: f64,
}

impl Thresholds {
    /// The limits for a change between two neighbours, in a history that is too short for change points. `None` for counts and
    /// ratios, which say too little about cost.
    #[must_use]
    pub const fn coarse(metric: Metric) -> Option<Self> {
        match metric.unit() {
            Unit::Seconds => Some(Self { ratio: COARSE_TIME_RATIO, floor: COARSE_TIME_SECONDS }),
            Unit::Bytes => Some(Self { ratio: COARSE_SIZE_RATIO, floor: COARSE_SIZE_BYTES }),
            Unit::Count | Unit::Ratio => None,
        }
    }

    /// Whether the change passes the ratio, in either direction.
    #[must_use]
    pub fn ratio_passed(&self, before: f64, after: f64) -> bool {
        let (small, large) = (before.min(after), before.max(after));
        large > small.max(0.0) * self.ratio
    }

    /// Whether the change passes the floor, in either direction.
    #[must_use]
    pub fn floor_passed(&self, before: f64, after: f64) -> bool {
        (after - before).abs() > self.floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_work_in_both_directions() {
        let limit = Thresholds { ratio: 1.05, floor: 0.001 };
        assert!(limit.ratio_passed(1.0, 1.06) && limit.ratio_passed(1.06, 1.0));
        assert!(!limit.ratio_passed(1.0, 1.05) && !limit.ratio_passed(1.04, 1.0));
        assert!(limit.ratio_passed(0.0, 0.1) && limit.ratio_passed(-5.0, 1.0), "from nothing every ratio is passed");
        assert!(!limit.ratio_passed(0.0, 0.0));
        assert!(limit.floor_passed(0.1, 0.1011) && limit.floor_passed(0.1011, 0.1));
        assert!(!limit.floor_passed(0.1, 0.1009));
    }
}
