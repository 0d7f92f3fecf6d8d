//! A second measurement of what is in doubt: N runs of the base against N of the head, in turns.

use std::collections::{BTreeSet, HashSet};

use monitor_analysis::constants::LEAST_RATIO;
use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::{Judgement, Reason, Verdict};
use monitor_store::{Session, TestId};

use super::accepted::Levels;
use super::checked::Checked;
use crate::comparison::{Comparison, Finding, History, Limits, Request, Rows, Sides, judge, prepare};
use crate::error::ReportError;
use crate::source::Source;

/// So many times as many pairs as are planned are measured at most, while they do not decide.
pub const ROUNDS: u32 = 3;

/// The sessions of the second measurement.
#[derive(Debug)]
pub struct Pairs {
    /// Of the base, newest first.
    pub base: Vec<Session>,
    /// Of the head, newest first.
    pub head: Vec<Session>,
}

/// A figure of a test that is in doubt.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// The test.
    pub test: TestId,
    /// The figure.
    pub metric: Metric,
    /// The other time of the test, if the figure is one of them and both were compared: it may scatter less.
    pub beside: Option<Metric>,
    /// After divided by before.
    pub ratio: f64,
}

impl Doubt {
    /// What some findings of a comparison are about.
    pub fn all<'a>(comparison: &Comparison, findings: impl Iterator<Item = &'a Finding>) -> Vec<Self> {
        let all = comparison.verdicts.findings.iter();
        let compared: HashSet<_> = all.map(|finding| (&finding.test, finding.metric)).collect();
        let doubt = |finding: &Finding| {
            let (metric, ratio) = (finding.metric?, finding.judged.judgement.change?.ratio());
            let other = match metric {
                Metric::WallTime => Some(Metric::CpuTime),
                Metric::CpuTime => Some(Metric::WallTime),
                _ => None,
            };
            let beside = other.filter(|other| compared.contains(&(&finding.test, Some(*other))));
            Some(Self { test: finding.test.clone(), metric, beside, ratio })
        };
        findings.filter_map(doubt).collect()
    }

    fn is_about(&self, finding: &Finding) -> bool {
        self.test == finding.test && Some(self.metric) == finding.metric
    }

    /// Whether a figure may decide it.
    fn asks_for(&self, test: &TestId, metric: Metric) -> bool {
        self.test == *test && (self.metric == metric || self.beside == Some(metric))
    }

    /// Whether a second measurement neither shows it nor rules it out: what the first one showed may be, or nothing may not.
    fn stays(&self, judgement: &Judgement) -> bool {
        matches!(judgement.reason, Reason::Interval { low, high } if high >= self.ratio || low > LEAST_RATIO)
            && judgement.verdict != Verdict::Regressed
    }
}

/// What a second measurement says. Of tests that did not run on both sides it says nothing.
#[derive(Debug, Default)]
pub struct Again {
    /// What it decides.
    pub decided: Vec<Finding>,
    /// Suspects still: both sides scatter too much.
    pub open: Vec<Finding>,
}

impl Again {
    /// The tests that have to be measured further. Of one that costs more for sure, nobody waits for another figure.
    #[must_use]
    pub fn wanting(&self) -> BTreeSet<TestId> {
        let is_worse = |test: &TestId| {
            self.decided.iter().any(|finding| finding.test == *test && finding.verdict() == Verdict::Regressed)
        };
        self.open.iter().map(|finding| &finding.test).filter(|test| !is_worse(test)).cloned().collect()
    }
}

/// What the second measurement says of the figures in doubt.
///
/// # Errors
///
/// If the rows cannot be read.
pub fn again(
    source: &dyn Source,
    pairs: Pairs,
    doubts: &[Doubt],
    thresholds: &Limits<'_>,
) -> Result<Again, ReportError> {
    let metrics: BTreeSet<Metric> =
        doubts.iter().flat_map(|doubt| [doubt.metric].into_iter().chain(doubt.beside)).collect();
    let metrics: Vec<Metric> = metrics.into_iter().collect();
    let sides = Sides::repeated(pairs.base, pairs.head);
    let mut request = Request { sides, metrics: &metrics, across_machines: false, thresholds, levels: Levels::NONE };
    let mut rows = Rows::new(source, &metrics);
    let mut prepared = prepare(&mut rows, &mut request)?;
    // The promise on false discoveries is about those that were asked for, whatever else ran beside them.
    let asked = |history: &History| doubts.iter().any(|doubt| doubt.asks_for(&history.test, history.metric));
    prepared.histories.retain(asked);
    prepared.findings.clear();
    let doubt = |finding: &Finding| doubts.iter().find(|doubt| doubt.is_about(finding));
    let mut findings = judge(&prepared, &request).findings;
    // Of a time that was not in doubt it counts that it is longer, not that it is not.
    findings.retain(|finding| finding.verdict() == Verdict::Regressed || doubt(finding).is_some());
    let stays = |finding: &Finding| doubt(finding).is_some_and(|doubt| doubt.stays(&finding.judged.judgement));
    let (mut open, decided): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(stays);
    for finding in &mut open {
        finding.judged.judgement.verdict = Verdict::Suspect;
    }
    Ok(Again { decided, open })
}

impl Checked {
    /// The figures that a second measurement could decide: suspects, and regressions that no waiver covers.
    #[must_use]
    pub fn doubts(&self) -> Vec<Doubt> {
        Doubt::all(&self.comparison, self.comparison.of(Verdict::Suspect).into_iter().chain(&self.regressed))
    }

    /// With the verdicts of the second measurement in the place of the first ones.
    pub(super) fn decide(&mut self, again: &[Finding], is_waived: &dyn Fn(&Finding) -> bool) {
        let second = |finding: &Finding| {
            let is_it = |other: &&Finding| other.test == finding.test && other.metric == finding.metric;
            again.iter().find(is_it)
        };
        self.regressed.retain(|finding| second(finding).is_none());
        let (confirmed, cleared): (Vec<Finding>, Vec<Finding>) =
            again.iter().cloned().partition(|finding| finding.verdict() == Verdict::Regressed);
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
