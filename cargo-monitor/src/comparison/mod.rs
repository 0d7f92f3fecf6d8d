//! What changed between two sides: the data of `compare`, `gate` and the summary of a run.
//!
//! `sides` finds the sessions, `observe` their tests and the past of each, `judge` asks `monitor-analysis`.

mod judge;
mod observe;
mod past;
mod sides;

use std::collections::BTreeMap;

use monitor_analysis::dependencies::{self, ChangedDependency};
use monitor_analysis::metric::{Metric, Thresholds};
use monitor_analysis::samples::Difference;
use monitor_analysis::verdict::{Judgement, Verdict};
use monitor_store::{Monitor, Session, TestId};

pub use judge::HistorySeries;
pub use sides::Sides;

/// What to compare, and how.
pub struct Request<'a> {
    /// Which sessions.
    pub sides: Sides,
    /// Which metrics.
    pub metrics: &'a [Metric],
    /// Compare figures of different machine classes too.
    pub across_machines: bool,
    /// The least change of a metric of a test that is reported; `None` is the method's own.
    pub thresholds: &'a dyn Fn(&TestId, Metric) -> Option<Thresholds>,
}

/// The metrics that are compared if the user names none: what each resource costs, once.
pub const DEFAULT_METRICS: &[Metric] =
    &[Metric::WallTime, Metric::CpuTime, Metric::Memory, Metric::HeapPeak, Metric::HeapRetained, Metric::Allocations];

/// What changed.
#[derive(Debug)]
pub struct Comparison {
    /// The sessions of both sides.
    pub sides: Sides,
    /// A finding for each metric of each test; one for a test that is new, gone or not comparable.
    pub findings: Vec<Finding>,
    /// How much slower than usual the machine was by all tests alike, by metric.
    pub common_factors: BTreeMap<Metric, f64>,
    /// The packages that differ between the two sides' lockfiles; `None` if a lockfile is missing.
    pub dependencies: Option<Vec<ChangedDependency>>,
}

/// The series that a comparison judges by their history.
///
/// # Errors
///
/// If the file cannot be read.
pub fn history_series(monitor: &Monitor, request: &Request<'_>) -> anyhow::Result<Vec<HistorySeries>> {
    Ok(judge::sort(&observe::observe(monitor, request)?, request).series)
}

/// A verdict on a test.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which test.
    pub test: TestId,
    /// What was compared; `None` where the test as a whole could not be.
    pub metric: Option<Metric>,
    /// The verdict.
    pub judgement: Judgement,
    /// Factor of the run divided out before it was judged.
    pub common_factor: Option<f64>,
    /// The figures of N runs against N.
    pub difference: Option<Difference>,
    /// The two sides ran on different machine classes.
    pub across_machines: bool,
}

impl Comparison {
    /// Compares.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn new(monitor: &Monitor, request: Request<'_>) -> anyhow::Result<Self> {
        let observed = observe::observe(monitor, &request)?;
        let (findings, common_factors) = judge::judge(&observed, &request);
        let dependencies = changed_dependencies(monitor, &request.sides)?;
        Ok(Self { sides: request.sides, findings, common_factors, dependencies })
    }

    /// The findings with this verdict, the greatest changes first.
    pub fn of(&self, verdict: Verdict) -> Vec<&Finding> {
        let mut findings: Vec<_> =
            self.findings.iter().filter(|finding| finding.judgement.verdict == verdict).collect();
        let size = |finding: &Finding| finding.judgement.change.map_or(0.0, |change| change.ratio().ln().abs());
        findings.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| a.test.cmp(&b.test)));
        findings
    }

    /// How many findings have this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.judgement.verdict == verdict).count()
    }

    /// Whether anything was compared with anything.
    #[must_use]
    pub fn is_grounded(&self) -> bool {
        let compared = |verdict| matches!(verdict, Verdict::Regressed | Verdict::Improved | Verdict::Unchanged);
        self.findings.iter().any(|finding| compared(finding.judgement.verdict))
    }
}

fn changed_dependencies(monitor: &Monitor, sides: &Sides) -> anyhow::Result<Option<Vec<ChangedDependency>>> {
    let lockfile = |session: &Session| monitor.lockfile(&session.session_h);
    let (Some(before), Some(after)) = (lockfile(&sides.base[0])?, lockfile(&sides.head[0])?) else { return Ok(None) };
    // A lockfile of a newer Cargo that can't be read takes no comparison down.
    Ok(dependencies::diff(&before, &after).ok())
}
