//! What is asked of a comparison, and what it answers.

use std::collections::BTreeMap;

use monitor_analysis::judge::{Finding as Judged, RunFactor};
use monitor_analysis::metric::Metric;
use monitor_analysis::samples::Difference;
use monitor_analysis::thresholds::Thresholds;
use monitor_analysis::verdict::Verdict;
use monitor_store::TestId;

use super::sides::Sides;

/// What to compare, and how.
pub struct Request<'a> {
    /// Which sessions.
    pub sides: Sides,
    /// Which metrics.
    pub metrics: &'a [Metric],
    /// Compare figures of different machine classes too.
    pub across_machines: bool,
    /// The least change of a metric of a test that is reported; `None` for any.
    pub thresholds: &'a Limits<'a>,
    /// Whether a session, by identifier, tells nothing of a metric of a test any more; `None` where all do.
    pub is_over: Option<&'a IsOver<'a>>,
}

impl Request<'_> {
    /// A comparison by the default metrics, on one machine class, of all that the judge finds.
    #[must_use]
    pub fn new(sides: Sides) -> Self {
        Self { sides, metrics: DEFAULT_METRICS, across_machines: false, thresholds: &|_, _| None, is_over: None }
    }
}

/// Of a test's metric: the least change that is reported.
pub type Limits<'a> = dyn Fn(&TestId, Metric) -> Option<Thresholds> + 'a;

/// Of a test's metric and a session: whether a new level has begun since.
pub type IsOver<'a> = dyn Fn(&TestId, Metric, &str) -> bool + 'a;

/// The metrics that are compared if the user names none: what each resource costs, once.
///
/// Of a test whose instructions were counted there is no time, of all others no count.
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
    /// How much slower than usual the machine was by all tests alike, by metric.
    pub factors: BTreeMap<Metric, RunFactor>,
    /// Metrics that scatter too much to decide, with their median scale.
    pub warn_only: BTreeMap<Metric, f64>,
    /// The score -ln p from which on a value fails a gate; `None` of N against N.
    pub score_needed: Option<f64>,
    /// Past runs that it was learned from.
    pub past_gates: usize,
}

/// A verdict on a test.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which test.
    pub test: TestId,
    /// What was compared; `None` where the test as a whole could not be.
    pub metric: Option<Metric>,
    /// The verdict, and what it rests on.
    pub judged: Judged,
    /// The figures of N runs against N.
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
