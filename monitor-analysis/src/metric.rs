//! The metrics of a test: names, units, floors.

use crate::constants::{
    COARSE_SIZE_BYTES, COARSE_SIZE_RATIO, COARSE_TIME_RATIO, COARSE_TIME_SECONDS, COUNT_FLOOR, RATIO_FLOOR,
    SIZE_FLOOR_BYTES, TIME_FLOOR_SECONDS, USAGE_FLOOR,
};
use crate::quantity::{Quantity, Unit};

/// A measured figure of a test. Values are in the base unit of [`Metric::unit`].
///
/// Those that a method or a report asks for by name are constants here. Others are as good: which there are is decided by
/// what is recorded, not by this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metric {
    name: &'static str,
    title: &'static str,
    unit: Unit,
    is_countable: bool,
}

macro_rules! metrics {
    ($($(#[$meta:meta])* $constant:ident => $name:literal, $title:literal, $unit:ident, $exact:literal;)+) => {
        #[allow(non_upper_case_globals, reason = "they are matched like the variants of an enumeration")]
        impl Metric {
            $($(#[$meta])* pub const $constant: Self = Self::new($name, $title, Unit::$unit, $exact);)+
        }

        #[cfg(test)]
        const CONSTANTS: &[Metric] = &[$(Metric::$constant,)+];
    };
}

metrics! {
    /// Time from start to end of the body, seconds.
    WallTime => "wall-time", "wall time", Seconds, false;
    /// User and kernel CPU time together, seconds.
    CpuTime => "cpu-time", "CPU time", Seconds, false;
    /// CPU time in user space, seconds.
    UserTime => "user-time", "user time", Seconds, false;
    /// CPU time in the kernel, seconds.
    KernelTime => "kernel-time", "kernel time", Seconds, false;
    /// CPU time over wall time: cores busy.
    CpuUsage => "cpu-usage", "CPU usage", Ratio, false;
    /// `MEM_USAGE` in bytes: heap peak, or growth of the resident peak where no allocator counts.
    Memory => "memory", "memory", Bytes, false;
    /// Most heap held at once, bytes.
    HeapPeak => "heap-peak", "heap peak", Bytes, true;
    /// Allocation calls.
    Allocations => "allocations", "allocations", Count, true;
    /// Heap still held at the end, bytes.
    HeapRetained => "heap-retained", "heap retained", Bytes, true;
}

impl Metric {
    /// A metric by its name in flags and JSON (`heap-peak`), its title for people (`heap peak`), its unit, and whether it
    /// is the same in every run of the same single-threaded code.
    #[must_use]
    pub const fn new(name: &'static str, title: &'static str, unit: Unit, is_countable: bool) -> Self {
        Self { name, title, unit, is_countable }
    }

    /// The name in flags and JSON, `wall-time`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The name for people, `wall time`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.title
    }

    /// The unit of its values.
    #[must_use]
    pub const fn unit(self) -> Unit {
        self.unit
    }

    /// Whether it is the same in every run of the same single-threaded code.
    #[must_use]
    pub const fn is_countable(self) -> bool {
        self.is_countable
    }

    /// A value of this metric with its unit.
    #[must_use]
    pub const fn quantity(self, value: f64) -> Quantity {
        Quantity { value, unit: self.unit() }
    }

    /// Whether a common factor of the run (a slow machine) can be in its values.
    #[must_use]
    pub const fn depends_on_machine_speed(self) -> bool {
        matches!(self.unit(), Unit::Seconds)
    }
}

impl std::fmt::Display for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.title())
    }
}

/// How large a change of a noisy metric must be to be reported: both conditions must hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Least ratio of the larger to the smaller value, over 1.
    pub ratio: f64,
    /// Least difference in the metric's unit.
    pub floor: f64,
}

impl Thresholds {
    /// The rule for one run against at least [`HISTORY_MIN_VALUES`](crate::constants::HISTORY_MIN_VALUES) values.
    #[must_use]
    pub const fn fine(metric: Metric) -> Self {
        let floor = match metric.unit() {
            Unit::Seconds => TIME_FLOOR_SECONDS,
            Unit::Bytes => SIZE_FLOOR_BYTES,
            Unit::Count => COUNT_FLOOR,
            Unit::Ratio => USAGE_FLOOR,
        };
        Self { ratio: RATIO_FLOOR, floor }
    }

    /// The rule for shorter histories. Counts and ratios have none: they say too little of what a run costs.
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
    fn names_are_distinct() {
        let names: std::collections::BTreeSet<_> = CONSTANTS.iter().map(|metric| metric.name()).collect();
        assert_eq!(names.len(), CONSTANTS.len());
    }

    #[test]
    fn thresholds_work_in_both_directions() {
        let fine = Thresholds::fine(Metric::WallTime);
        assert!(fine.ratio_passed(1.0, 1.06) && fine.ratio_passed(1.06, 1.0));
        assert!(!fine.ratio_passed(1.0, 1.05) && !fine.ratio_passed(1.04, 1.0));
        assert!(fine.ratio_passed(0.0, 0.1) && fine.ratio_passed(-5.0, 1.0), "from nothing every ratio is passed");
        assert!(!fine.ratio_passed(0.0, 0.0));
        assert!(fine.floor_passed(0.1, 0.1011) && fine.floor_passed(0.1011, 0.1));
        assert!(!fine.floor_passed(0.1, 0.1009));
    }
}
