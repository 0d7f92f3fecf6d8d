//! What a tree's threads have consumed and allocated so far.

use super::ledger::Allocated;
use crate::sys::Usage;

/// Sums over the threads of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    pub usage: Usage,
    /// The part of `usage` that is not the test's.
    pub aside: Usage,
    pub allocated: Allocated,
    pub threads: u64,
}

impl Totals {
    pub(crate) const ZERO: Self =
        Self { usage: Usage::ZERO, aside: Usage::ZERO, allocated: Allocated { bytes: 0, calls: 0 }, threads: 0 };

    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            usage: self.usage.plus(&other.usage),
            aside: self.aside.plus(&other.aside),
            allocated: Allocated {
                bytes: self.allocated.bytes.wrapping_add(other.allocated.bytes),
                calls: self.allocated.calls.wrapping_add(other.allocated.calls),
            },
            threads: self.threads + other.threads,
        }
    }

    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            usage: self.usage.since(&earlier.usage),
            aside: self.aside.since(&earlier.aside),
            allocated: Allocated {
                bytes: self.allocated.bytes.wrapping_sub(earlier.allocated.bytes),
                calls: self.allocated.calls.wrapping_sub(earlier.allocated.calls),
            },
            threads: self.threads.saturating_sub(earlier.threads),
        }
    }
}
