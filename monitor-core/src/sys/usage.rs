//! What a thread or process has consumed so far.

/// Which end of a bracket a reading is for: the CPU clock is read next to the bracketed work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    Begin,
    End,
}

/// Consumption since the thread or process began. A field is `None` where it can't be had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and kernel time, ns, at the clock's resolution.
    pub cpu_ns: Option<u64>,
    /// User time as the scheduler's ticks tell it, ns: only its ratio to `kernel_ticks_ns` is used.
    pub user_ticks_ns: u64,
    /// Kernel time as the scheduler's ticks tell it, ns.
    pub kernel_ticks_ns: u64,
    pub minor_faults: Option<u64>,
    pub major_faults: Option<u64>,
    pub voluntary_switches: Option<u64>,
    pub involuntary_switches: Option<u64>,
    /// Bytes read from storage (not from the page cache).
    pub read_bytes: Option<u64>,
    /// Bytes sent to storage.
    pub write_bytes: Option<u64>,
}

/// What child processes consumed that ended and were waited for, since this process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ChildUsage {
    pub user_ns: u64,
    pub kernel_ns: u64,
    /// Minor page faults, of which no process has none.
    pub minor_faults: u64,
    /// Resident peak of the largest of them, their own children included.
    pub largest_peak_bytes: u64,
}

/// So far may two readings of one process's resident memory lie apart: the kernel counts it per processor.
const RESIDENT_SLACK_BYTES: u64 = 1 << 20;

impl ChildUsage {
    /// Resident peak of the largest child that ended since `earlier`, where this process itself had `own_peak_bytes` at
    /// most; 0 if there was none.
    ///
    /// `None` where it cannot be told: the kernel keeps the largest of all children so far, and counts for a child what
    /// it shares with its parent until it runs another program.
    pub(crate) fn largest_peak_since(&self, earlier: &Self, own_peak_bytes: Option<u64>) -> Option<u64> {
        if self.minor_faults == earlier.minor_faults {
            return Some(0);
        }
        let least = earlier.largest_peak_bytes.max(own_peak_bytes?.saturating_add(RESIDENT_SLACK_BYTES));
        (self.largest_peak_bytes > least).then_some(self.largest_peak_bytes)
    }
}

impl Usage {
    /// Nothing consumed, everything known: the start of a sum.
    pub(crate) const ZERO: Self = Self {
        cpu_ns: Some(0),
        user_ticks_ns: 0,
        kernel_ticks_ns: 0,
        minor_faults: Some(0),
        major_faults: Some(0),
        voluntary_switches: Some(0),
        involuntary_switches: Some(0),
        read_bytes: Some(0),
        write_bytes: Some(0),
    };

    /// The sum; unknown where one of the two is.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        self.combine(other, u64::saturating_add)
    }

    /// What came on top since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        self.combine(earlier, u64::saturating_sub)
    }

    fn combine(&self, other: &Self, op: fn(u64, u64) -> u64) -> Self {
        let both = |a: Option<u64>, b: Option<u64>| Some(op(a?, b?));
        Self {
            cpu_ns: both(self.cpu_ns, other.cpu_ns),
            user_ticks_ns: op(self.user_ticks_ns, other.user_ticks_ns),
            kernel_ticks_ns: op(self.kernel_ticks_ns, other.kernel_ticks_ns),
            minor_faults: both(self.minor_faults, other.minor_faults),
            major_faults: both(self.major_faults, other.major_faults),
            voluntary_switches: both(self.voluntary_switches, other.voluntary_switches),
            involuntary_switches: both(self.involuntary_switches, other.involuntary_switches),
            read_bytes: both(self.read_bytes, other.read_bytes),
            write_bytes: both(self.write_bytes, other.write_bytes),
        }
    }

    /// User and kernel time, ns: the clock's total, split as the ticks are (all user while there are none).
    pub(crate) fn split_ns(&self) -> Option<(u64, u64)> {
        let total = self.cpu_ns?;
        let ticks = u128::from(self.user_ticks_ns) + u128::from(self.kernel_ticks_ns);
        if ticks == 0 {
            return Some((total, 0));
        }
        let kernel = u128::from(total) * u128::from(self.kernel_ticks_ns) / ticks;
        let kernel = u64::try_from(kernel).unwrap_or(total);
        Some((total - kernel, kernel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_keeps_the_clocks_total() {
        let usage = Usage { cpu_ns: Some(1_001), user_ticks_ns: 30, kernel_ticks_ns: 10, ..Usage::ZERO };
        assert_eq!(usage.split_ns(), Some((751, 250)));
        let fresh = Usage { cpu_ns: Some(500), ..Usage::ZERO };
        assert_eq!(fresh.split_ns(), Some((500, 0)));
        assert_eq!(Usage::default().split_ns(), None);
    }

    #[test]
    fn the_largest_child_is_known_if_it_is_larger_than_all_before_and_than_its_parent() {
        const MIB: u64 = 1 << 20;
        let children =
            |minor_faults, mib| ChildUsage { minor_faults, largest_peak_bytes: mib * MIB, ..ChildUsage::default() };
        let peak = |before, after: ChildUsage, own| after.largest_peak_since(&before, Some(own * MIB));
        assert_eq!(peak(children(0, 0), children(0, 0), 9), Some(0), "no child");
        assert_eq!(peak(children(7, 50), children(7, 50), 9), Some(0), "none in this test");
        assert_eq!(peak(children(7, 50), children(8, 200), 9), Some(200 * MIB));
        assert_eq!(peak(children(7, 50), children(8, 50), 9), None, "one that is smaller than another before");
        assert_eq!(peak(children(0, 0), children(8, 9), 9), None, "what it had of its parent");
        assert_eq!(children(8, 200).largest_peak_since(&children(0, 0), None), None);
    }

    #[test]
    fn an_unknown_part_makes_the_sum_unknown() {
        let unknown = Usage { minor_faults: None, ..Usage::ZERO };
        let known = Usage { minor_faults: Some(3), cpu_ns: Some(7), ..Usage::ZERO };
        let sum = known.plus(&unknown);
        assert_eq!((sum.minor_faults, sum.cpu_ns), (None, Some(7)));
        assert_eq!(known.since(&Usage::ZERO).minor_faults, Some(3));
    }
}
