//! The metrics of a test: names and units.

use crate::quantity::{Quantity, Unit};

/// A measured figure of a test. Values are in the base unit of [`Metric::unit`].
///
/// The metrics that a method or a report uses by name are constants here. There are more: what is recorded decides that, not
/// this list.
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
    /// CPU time divided by wall time: 1.0 is one core busy all the time.
    CpuUsage => "cpu-usage", "CPU usage", Ratio, false;
    /// `MEM_USAGE`, bytes: the heap peak, or the growth of the resident peak where no allocator counts.
    Memory => "memory", "memory", Bytes, false;
    /// Most heap held at once, bytes.
    HeapPeak => "heap-peak", "heap peak", Bytes, true;
    /// Allocation calls.
    Allocations => "allocations", "allocations", Count, true;
    /// Instructions, counted by callgrind.
    Instructions => "instructions", "instructions", Count, true;
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

    /// Whether its values grow when the machine is slow: true for times.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct() {
        let names: std::collections::BTreeSet<_> = CONSTANTS.iter().map(|metric| metric.name()).collect();
        assert_eq!(names.len(), CONSTANTS.len());
    }
}
