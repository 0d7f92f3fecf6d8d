//! What a comparison is asked, and what it answers.

use std::collections::BTreeMap;

use monitor_analysis::judge::{Finding as Judged, RunFactor};
use monitor_analysis::metric::Metric;
use monitor_analysis::samples::Difference;
use monitor_analysis::thresholds::Thresholds;
use monitor_analysis::verdict::Verdict;
use monitor_store::TestId;

use super::sides::Sides;
use crate::gate::Levels;

/// What to compare, and how. [`Request::new`] has the defaults.
pub struct Request<'a> {
    /// The sessions of both sides.
    pub sides: Sides,
    /// The metrics to compare.
    pub metrics: &'a [Metric],
    /// Compare figures of different machine classes too.
    pub across_machines: bool,
    /// The smallest change of a metric of a test that is reported; `None` for every change that is found.
    pub thresholds: &'a Limits<'a>,
    /// The changes that were accepted: what is from before one is not compared with.
    pub levels: &'a Levels,
}

impl Request<'_> {
    /// A comparison of the [`DEFAULT_METRICS`], on one machine class, that reports every change that is found.
    #[must_use]
    pub fn new(sides: Sides) -> Self {
        Self { sides, metrics: DEFAULT_METRICS, across_machines: false, thresholds: &|_, _| None, levels: Levels::NONE }
    }
}

/// The smallest change of a metric of a test that is reported.
pub type Limits<'a> = dyn Fn(&TestId, Metric) -> Option<Thresholds> + Sync + 'a;

/// The metrics that are compared if the user names none.
///
/// A test whose instructions were counted has no times; all others have no instructions.
pub const DEFAULT_METRICS: &[Metric] = &[
    Metric::WallTime,
    Metric::CpuTime,
    Metric::Instructions,
    Metric::Memory,
    Metric::HeapPeak,
    Metric::HeapRetained,
    Metric::Allocations,
];

/// What was found about a run.
#[derive(Debug, Default)]
pub struct Verdicts {
    /// A finding for each metric of each test; one for a test that is new, gone or not comparable.
    pub findings: Vec<Finding>,
    /// The common slowdown of the run, by metric.
    pub factors: BTreeMap<Metric, RunFactor>,
    /// Metrics that scatter too much to fail a gate, with their median scale.
    pub warn_only: BTreeMap<Metric, f64>,
}

/// A verdict on a test.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which test.
    pub test: TestId,
    /// The metric that was compared; `None` where the whole test could not be compared.
    pub metric: Option<Metric>,
    /// The verdict and the numbers behind it.
    pub judged: Judged,
    /// The ratio with its confidence interval; only for N runs against N.
    pub difference: Option<Difference>,
    /// The two sides ran on different machine classes.
    pub across_machines: bool,
    /// The function whose cost changed most, in words, where that is known.
    pub cause: Option<String>,
}

impl Finding {
    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.judged.judgement.verdict
    }
}
