//! A comparison, with the user's rules applied.

use monitor_analysis::judge::RunFactor;
use monitor_analysis::metric::Metric;

use crate::comparison::{Comparison, Finding};

/// A comparison, and which of its findings count.
#[derive(Debug)]
pub struct Checked {
    /// The comparison.
    pub comparison: Comparison,
    /// Why nothing could be judged, if nothing could.
    pub ungrounded: Option<String>,
    /// Regressions that no waiver covers.
    pub regressed: Vec<Finding>,
    /// Metrics with a common slowdown that is large enough to fail the gate and that no waiver for all tests covers.
    pub slower: Vec<(Metric, RunFactor)>,
    /// The head has only a part of the baseline's tests, and that was not allowed.
    pub is_partial: bool,
    /// Findings that a second measurement did not confirm.
    pub cleared: Vec<Finding>,
    /// Regressions that a waiver covers.
    pub waived: Vec<Finding>,
    /// Waivers that would have covered something, but have expired.
    pub expired: Vec<String>,
    /// Waivers that covered nothing.
    pub unused: Vec<String>,
}
