//! A comparison, weighed.

use monitor_analysis::judge::RunFactor;
use monitor_analysis::metric::Metric;

use crate::comparison::{Comparison, Finding};

/// A comparison with what counts of it.
#[derive(Debug)]
pub struct Checked {
    /// The comparison.
    pub comparison: Comparison,
    /// Regressions that no waiver covers.
    pub regressed: Vec<Finding>,
    /// Metrics in which the run as a whole is so much slower that this fails the gate, no waiver of all tests covering it.
    pub slower: Vec<(Metric, RunFactor)>,
    /// The head has only a part of the baseline's tests, and that was not allowed.
    pub is_partial: bool,
    /// What was in doubt, and is none by a second measurement.
    pub cleared: Vec<Finding>,
    /// Regressions that a waiver covers.
    pub waived: Vec<Finding>,
    /// Waivers whose last day is over, of those that would have covered something.
    pub expired: Vec<String>,
    /// Waivers that covered nothing.
    pub unused: Vec<String>,
}
