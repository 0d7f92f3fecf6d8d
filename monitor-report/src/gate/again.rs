//! A second measurement of what is in doubt: N runs of the base against N of the head, in turns.

use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::Verdict;
use monitor_store::{Session, TestId};

use super::checked::Checked;
use crate::comparison::{Finding, Limits, Request, Rows, Sides, judge, prepare};
use crate::error::ReportError;
use crate::source::Source;

/// The sessions of the second measurement.
#[derive(Debug)]
pub struct Pairs {
    /// Of the base, newest first.
    pub base: Vec<Session>,
    /// Of the head, newest first.
    pub head: Vec<Session>,
}

/// The figures of a test that are in doubt.
pub type Doubt = (TestId, Metric);

/// The findings of the second measurement for the figures in doubt. Tests that did not run on both sides are left out.
///
/// # Errors
///
/// If the rows cannot be read.
pub fn again(
    source: &dyn Source,
    pairs: Pairs,
    doubts: &[Doubt],
    thresholds: &Limits<'_>,
) -> Result<Vec<Finding>, ReportError> {
    let mut metrics: Vec<Metric> = Vec::new();
    for (_, metric) in doubts {
        if !metrics.contains(metric) {
            metrics.push(*metric);
        }
    }
    let sides = Sides::repeated(pairs.base, pairs.head);
    let mut request = Request { sides, metrics: &metrics, across_machines: false, thresholds, is_over: None };
    let mut rows = Rows::new(source, &metrics);
    let mut prepared = prepare(&mut rows, &mut request)?;
    // The promise on false discoveries is about those that were asked for, whatever else ran beside them.
    prepared.histories.retain(|history| doubts.contains(&(history.test.clone(), history.metric)));
    prepared.findings.clear();
    Ok(judge(&prepared, &request).findings)
}

/// The figures that some findings are about.
pub fn doubts<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Doubt> {
    findings.filter_map(|finding| Some((finding.test.clone(), finding.metric?))).collect()
}

impl Checked {
    /// The figures that a second measurement could decide: suspects, and regressions that no waiver covers.
    #[must_use]
    pub fn doubts(&self) -> Vec<Doubt> {
        doubts(self.comparison.of(Verdict::Suspect).into_iter().chain(&self.regressed))
    }

    /// With the verdicts of the second measurement in the place of the first ones.
    pub(super) fn decide(&mut self, again: &[Finding], is_waived: &dyn Fn(&Finding) -> bool) {
        let second = |finding: &Finding| {
            let is_it = |other: &&Finding| other.test == finding.test && other.metric == finding.metric;
            again.iter().find(is_it)
        };
        let decided: Vec<Finding> = self
            .doubts()
            .iter()
            .filter_map(|(test, metric)| {
                again.iter().find(|finding| finding.test == *test && finding.metric == Some(*metric)).cloned()
            })
            .collect();
        self.regressed.retain(|finding| second(finding).is_none());
        let (confirmed, cleared): (Vec<Finding>, Vec<Finding>) =
            decided.into_iter().partition(|finding| finding.verdict() == Verdict::Regressed);
        for finding in &mut self.comparison.verdicts.findings {
            if let Some(second) = second(finding) {
                *finding = second.clone();
            }
        }
        let (waived, confirmed): (Vec<Finding>, Vec<Finding>) = confirmed.into_iter().partition(is_waived);
        self.waived.extend(waived);
        self.regressed.extend(confirmed);
        self.cleared = cleared;
    }
}
