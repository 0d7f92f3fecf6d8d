//! Whether a change may pass: a comparison with the user's thresholds and waivers.

mod accepted;
mod again;
mod checked;
mod pattern;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use monitor_analysis::judge::RunFactor;
use monitor_analysis::metric::Metric;
use monitor_analysis::thresholds::Thresholds;
use monitor_analysis::verdict::{Reason, Verdict};
use monitor_store::{TestId, Timestamp};

pub use accepted::{Accepted, Levels};
pub use again::{Again, Doubt, Pairs, ROUNDS, again};
pub use checked::Checked;
pub use pattern::Pattern;
pub use rule::{RuleError, ThresholdRule, Waiver};

use crate::comparison::{Comparison, DEFAULT_METRICS, Finding, Request, Sides};
use crate::error::ReportError;
use crate::select::SelectError;
use crate::source::Records;

/// What a gate checks. [`Gate::new`] has the defaults.
///
/// ```no_run
/// use monitor_report::gate::{Decision, Gate};
/// use monitor_report::{NoRepository, Records};
/// use monitor_store::{Monitor, Timestamp};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let monitor = Monitor::open(".pymon".as_ref())?;
/// let records = Records { source: &monitor, repository: &NoRepository };
/// let mut gate = Gate::new("main", "latest");
/// gate.thresholds.push("wall-time=20%+5ms in test_prime*".parse()?);
/// let outcome = gate.check(records, Timestamp::now())?;
/// assert_eq!(outcome.decision(), Decision::Passed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Gate {
    /// The sessions of the baseline, as a user names them: see [`select`](crate::select).
    pub baseline: String,
    /// The session that is checked.
    pub head: String,
    /// The metrics that count.
    pub metrics: Vec<Metric>,
    /// Compare figures of different machine classes too.
    pub across_machines: bool,
    /// A head that has only a part of the baseline's tests may pass.
    pub allow_partial: bool,
    /// Limits. If several fit a test, the last one counts.
    pub thresholds: Vec<ThresholdRule>,
    /// Regressions that are accepted until a date.
    pub waivers: Vec<Waiver>,
    /// Changes that were accepted for good.
    pub accepted: Vec<Accepted>,
}

/// What a gate found.
#[derive(Debug)]
pub enum Outcome {
    /// Both sides were compared.
    Compared(Box<Checked>),
    /// The baseline has no session: not a pass.
    NoBaseline {
        /// Why.
        reason: String,
    },
}

/// How a gate ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing stands in the way.
    Passed,
    /// A test, or the whole run, costs more than it may.
    Regressed,
    /// There is nothing to compare with, or too little to judge by.
    NoBaseline,
    /// Only a part of the baseline's tests ran.
    Partial,
}

impl Outcome {
    /// How the gate ends.
    #[must_use]
    pub fn decision(&self) -> Decision {
        match self {
            Self::NoBaseline { .. } => Decision::NoBaseline,
            Self::Compared(checked) if !checked.regressed.is_empty() || !checked.slower.is_empty() => {
                Decision::Regressed
            }
            Self::Compared(checked) if checked.ungrounded.is_some() => Decision::NoBaseline,
            Self::Compared(checked) if checked.is_partial => Decision::Partial,
            Self::Compared(_) => Decision::Passed,
        }
    }
}

impl Gate {
    /// A gate on the default metrics, without limits, waivers and accepted changes, on one machine class, which wants a
    /// complete head. Both sides are given as a user names them.
    #[must_use]
    pub fn new(baseline: impl Into<String>, head: impl Into<String>) -> Self {
        Self {
            baseline: baseline.into(),
            head: head.into(),
            metrics: DEFAULT_METRICS.to_vec(),
            across_machines: false,
            allow_partial: false,
            thresholds: Vec::new(),
            waivers: Vec::new(),
            accepted: Vec::new(),
        }
    }

    /// Compares and applies the rules. `now` decides which waivers have expired.
    ///
    /// # Errors
    ///
    /// If the head is not there or the file cannot be read.
    pub fn check(&self, records: Records<'_>, now: Timestamp) -> Result<Outcome, ReportError> {
        // That the head is missing is an error; only of the baseline it is an outcome.
        crate::select::group(records, &self.head)?;
        let sides = match Sides::find(records, &self.baseline, &self.head) {
            Ok(sides) => sides,
            Err(ReportError::Session(
                error @ (SelectError::Ambiguous { .. } | SelectError::NoCount { .. } | SelectError::Nameless),
            )) => {
                return Err(error.into());
            }
            // A name that nobody knows is a slip; one that the repository knows has lost its sessions.
            Err(ReportError::Session(SelectError::Unknown { text, near })) if !near.0.is_empty() => {
                return Err(SelectError::Unknown { text, near }.into());
            }
            Err(ReportError::Session(error)) => return Ok(Outcome::NoBaseline { reason: error.to_string() }),
            Err(error) => return Err(error),
        };
        let threshold = |test: &TestId, metric: Metric| self.threshold(test, metric);
        let levels = Levels::of(&self.accepted, &sides.base, records.repository);
        let request = Request {
            sides,
            metrics: &self.metrics,
            across_machines: self.across_machines,
            thresholds: &threshold,
            levels: &levels,
        };
        let comparison = Comparison::new(records.source, request)?;
        Ok(Outcome::Compared(Box::new(self.weigh(comparison, now))))
    }

    /// Replaces verdicts by those of a second measurement.
    pub fn decide(&self, checked: &mut Checked, again: &[Finding], now: Timestamp) {
        let is_waived = |finding: &Finding| {
            let mut valid = self.waivers.iter().filter(|waiver| !waiver.has_expired(now));
            valid.any(|waiver| waiver.covers(&finding.test, finding.metric))
        };
        checked.decide(again, &is_waived);
    }

    /// The limit of a metric of a test, if the user has set one.
    #[must_use]
    pub fn threshold(&self, test: &TestId, metric: Metric) -> Option<Thresholds> {
        self.thresholds.iter().rev().find_map(|rule| rule.limit(test, metric))
    }

    fn weigh(&self, comparison: Comparison, now: Timestamp) -> Checked {
        let (expired, valid): (Vec<&Waiver>, Vec<&Waiver>) =
            self.waivers.iter().partition(|waiver| waiver.has_expired(now));
        let regressions: Vec<Finding> = comparison.of(Verdict::Regressed).into_iter().cloned().collect();
        let covers = |waiver: &Waiver, finding: &Finding| waiver.covers(&finding.test, finding.metric);
        let (waived, regressed): (Vec<_>, Vec<_>) =
            regressions.into_iter().partition(|finding| valid.iter().any(|waiver| covers(waiver, finding)));
        let texts = |waivers: Vec<&Waiver>| waivers.into_iter().map(|waiver| waiver.text.clone()).collect();
        let covering = |waivers: Vec<_>, found: &[Finding], wanted| -> Vec<_> {
            let is = |waiver: &&Waiver| found.iter().any(|finding| covers(waiver, finding)) == wanted;
            waivers.into_iter().filter(is).collect()
        };
        let slower = self.slower(&comparison, &valid);
        let expired = texts(covering(expired, &regressed, true));
        let unused = texts(covering(valid, &waived, false));
        let is_partial = comparison.is_partial() && !self.allow_partial;
        let ungrounded = (!comparison.is_grounded()).then(|| ungrounded(&comparison));
        Checked { comparison, ungrounded, regressed, slower, is_partial, cleared: Vec::new(), waived, expired, unused }
    }

    /// What the whole run has more of, as far as limits and waivers for all tests let it count.
    fn slower(&self, comparison: &Comparison, waivers: &[&Waiver]) -> Vec<(Metric, RunFactor)> {
        let every =
            TestId { package: String::new(), binary: String::new(), path: String::new(), variant: String::new() };
        let counts = |(metric, factor): &(&Metric, &RunFactor)| {
            let limit = self.threshold(&every, **metric);
            factor.judgement.verdict == Verdict::Regressed
                && limit.is_none_or(|limit| limit.ratio_passed(1.0, factor.ratio))
                && !waivers.iter().any(|waiver| waiver.covers(&every, Some(**metric)))
        };
        let factors = comparison.verdicts.factors.iter().filter(counts);
        factors.map(|(metric, factor)| (*metric, *factor)).collect()
    }
}

/// Why nothing could be judged.
fn ungrounded(comparison: &Comparison) -> String {
    let values = comparison.verdicts.findings.iter().filter_map(|finding| match finding.judged.judgement.reason {
        Reason::TooShort { values } => Some(values),
        _ => finding.judged.figures.map(|figures| figures.values),
    });
    match values.max() {
        Some(values) => format!(
            "the history is too short to judge anything: {values} {} before, {} needed",
            if values == 1 { "run" } else { "runs" },
            monitor_analysis::constants::HISTORY_MIN_VALUES
        ),
        None => format!("no test of the session can be compared with the baseline: {}", obstacles(comparison)),
    }
}

/// Why tests can't be compared, what most of them have first: `another machine class (5 tests), not in the baseline (1 test)`.
fn obstacles(comparison: &Comparison) -> String {
    let mut tests: BTreeMap<String, BTreeSet<&TestId>> = BTreeMap::new();
    for finding in comparison.verdicts.findings.iter() {
        let reason = finding.judged.judgement.reason.text(finding.metric.unwrap_or(Metric::WallTime));
        tests.entry(reason).or_default().insert(&finding.test);
    }
    let mut counted: Vec<(String, usize)> = tests.into_iter().map(|(reason, tests)| (reason, tests.len())).collect();
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let texts = counted
        .iter()
        .map(|(reason, count)| format!("{reason} ({count} {})", if *count == 1 { "test" } else { "tests" }));
    texts.collect::<Vec<_>>().join(", ")
}
