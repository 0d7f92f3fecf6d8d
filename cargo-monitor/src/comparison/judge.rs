//! The verdicts.

use std::collections::BTreeMap;

use monitor_analysis::metric::{Metric, Thresholds};
use monitor_analysis::run::{Past, Series, judge_screened_run};
use monitor_analysis::samples::{self, Rule};
use monitor_analysis::summary::median;
use monitor_analysis::verdict::{Change, Judgement, Reason};
use monitor_store::{Attribution, Test, TestId};

use super::observe::{Observation, Observed, is_exact};
use super::past::since_last_change;
use super::{Finding, Request};
use crate::measure;

/// A metric of a test with its history, to be judged together with the rest of the run.
#[derive(Clone, Debug)]
pub struct HistorySeries {
    /// Which test.
    pub test: TestId,
    /// What was measured.
    pub metric: Metric,
    /// The least change that is reported.
    pub thresholds: Thresholds,
    /// All values are of single-threaded runs.
    pub single_threaded: bool,
    /// The values before, oldest first.
    pub past: Vec<Past>,
    /// The new value.
    pub value: f64,
    /// Some of the values before are of another machine class.
    pub across_machines: bool,
}

impl HistorySeries {
    /// The series as the analysis takes it.
    #[must_use]
    pub fn series(&self) -> Series<'_> {
        let Self { metric, thresholds, single_threaded, ref past, value, .. } = *self;
        Series { metric, single_threaded, thresholds, past, value }
    }
}

/// What was observed, by how it is to be judged.
#[derive(Default)]
pub(super) struct Sorted {
    /// Verdicts that need no history.
    pub findings: Vec<Finding>,
    /// Series that are judged by their history.
    pub series: Vec<HistorySeries>,
    /// Series that nothing can be the matter with.
    pub left_out: usize,
}

pub(super) fn judge(observed: &Observed, request: &Request<'_>) -> (Vec<Finding>, BTreeMap<Metric, f64>) {
    let Sorted { mut findings, series, left_out } = sort(observed, request);
    let run = judge_screened_run(&series.iter().map(HistorySeries::series).collect::<Vec<_>>(), left_out);
    for (series, mut judged) in series.iter().zip(run.findings) {
        if let Some(limit) = (request.thresholds)(&series.test, series.metric) {
            judged.judgement = within(judged.judgement, limit);
        }
        findings.push(Finding {
            common_factor: judged.common_factor,
            ..finding(&series.test, Some(series.metric), judged.judgement, series.across_machines)
        });
    }
    (findings, run.common_factors)
}

pub(super) fn sort(observed: &Observed, request: &Request<'_>) -> Sorted {
    let mut sorted = Sorted::default();
    for (id, observation) in &observed.tests {
        let across_machines = !same_machine(observation);
        let reason = whole_test(observation)
            .or((across_machines && !request.across_machines).then_some(Reason::OtherMachineClass));
        match reason {
            Some(reason) => {
                sorted.findings.push(finding(id, None, Judgement::without_comparison(reason), across_machines));
            }
            None => sort_metrics(id, observation, across_machines, request, &mut sorted),
        }
    }
    sorted
}

fn sort_metrics(
    id: &TestId,
    observation: &Observation,
    across_machines: bool,
    request: &Request<'_>,
    sorted: &mut Sorted,
) {
    // The heap's peak says what the memory was, exactly.
    let is_said = |metric: Metric| metric == Metric::Memory && has_heap(observation);
    for &metric in request.metrics.iter().filter(|metric| !is_said(**metric)) {
        let thresholds = (request.thresholds)(id, metric);
        if observation.past.is_some() {
            match series(id, observation, metric, thresholds, request.across_machines) {
                Ok(series) => sorted.series.extend(series.map(|series| HistorySeries { across_machines, ..series })),
                Err(reason) => {
                    let judgement = Judgement::without_comparison(reason);
                    sorted.findings.push(finding(id, Some(metric), judgement, across_machines));
                }
            }
        } else if request.sides.are_samples() {
            sorted.findings.extend(sampled(id, observation, metric, thresholds, across_machines));
        } else {
            sorted.left_out += 1;
            sorted.findings.extend(too_close(id, observation, metric, thresholds, across_machines));
        }
    }
}

/// Why a test as a whole cannot be compared.
fn whole_test(observation: &Observation) -> Option<Reason> {
    let before = !observation.base.is_empty() || observation.past.as_ref().is_some_and(|past| !past.is_empty());
    match (before, observation.head.is_empty()) {
        (false, _) => Some(Reason::OnlyInHead),
        (true, true) => Some(Reason::OnlyInBase),
        (true, false) if !observation.head.iter().any(measure::passed) => Some(Reason::DidNotPass),
        (true, false) => None,
    }
}

/// Whether the test ran on one machine class on both sides. Where the class is unknown, as in files of pytest-monitor,
/// the context must be the same.
fn same_machine(observation: &Observation) -> bool {
    let past = observation.past.iter().flatten().map(|(_, test)| test);
    let mut before = observation.base.iter().chain(past);
    observation
        .head
        .iter()
        .all(|after| before.clone().any(|before| measure::machine(before) == measure::machine(after)))
        || before.next().is_none()
}

fn has_heap(observation: &Observation) -> bool {
    observation.head.iter().any(|test| measure::value(test, Metric::HeapPeak).is_some())
}

/// The values of a metric in passed runs.
fn values(tests: &[Test], metric: Metric) -> Vec<f64> {
    tests.iter().filter(|test| measure::passed(test)).filter_map(|test| measure::value(test, metric)).collect()
}

/// The series of one metric; `None` if no side ever measured it.
fn series(
    id: &TestId,
    observation: &Observation,
    metric: Metric,
    thresholds: Option<Thresholds>,
    across_machines: bool,
) -> Result<Option<HistorySeries>, Reason> {
    let value = median(&values(&observation.head, metric));
    let runs = observation.past.iter().flatten();
    let comparable = runs.filter(|(_, test)| {
        let head = &observation.head[0];
        measure::passed(test)
            && (across_machines || measure::machine(test) == measure::machine(head))
            // What a whole process allocates is more than what the test's threads do.
            && (!metric.is_countable() || is_process(test) == is_process(head))
    });
    let past: Vec<Past> =
        comparable.filter_map(|(run, test)| Some(Past { run: *run, value: measure::value(test, metric)? })).collect();
    let Some(value) = value else { return if past.is_empty() { Ok(None) } else { Err(Reason::NotMeasured) } };
    if past.is_empty() {
        let measured = observation.base.iter().any(|test| measure::value(test, metric).is_some());
        return if measured { Err(Reason::NoComparableValue) } else { Err(Reason::NotMeasured) };
    }
    Ok(Some(HistorySeries {
        test: id.clone(),
        metric,
        thresholds: thresholds.unwrap_or(Thresholds::fine(metric)),
        single_threaded: is_exact(metric, observation),
        past: since_last_change(metric, &past).to_vec(),
        value,
        across_machines: false,
    }))
}

fn is_process(test: &Test) -> bool {
    test.profile.as_ref().and_then(|profile| profile.attribution) == Some(Attribution::Process)
}

/// N runs against N.
fn sampled(
    id: &TestId,
    observation: &Observation,
    metric: Metric,
    thresholds: Option<Thresholds>,
    across_machines: bool,
) -> Option<Finding> {
    let (base, head) = (values(&observation.base, metric), values(&observation.head, metric));
    if base.is_empty() && head.is_empty() {
        return None;
    }
    let mut rule = Rule::default();
    if let Some(thresholds) = thresholds {
        rule.ratio = thresholds.ratio;
    }
    let compared = samples::compare(metric, is_exact(metric, observation), &base, &head, rule);
    let mut judgement = compared.judgement;
    // The method knows no floor: a microsecond more is no regression of a test that takes three.
    let exact = matches!(judgement.reason, Reason::ExactlyDifferent { .. });
    if let Some(limit) = thresholds.or_else(|| (!exact).then(|| Thresholds { ratio: 1.0, ..Thresholds::fine(metric) }))
    {
        judgement = within(judgement, limit);
    }
    Some(Finding { difference: compared.difference, ..finding(id, Some(metric), judgement, across_machines) })
}

/// A metric whose two values are so close that no history makes a change of it.
fn too_close(
    id: &TestId,
    observation: &Observation,
    metric: Metric,
    thresholds: Option<Thresholds>,
    across_machines: bool,
) -> Option<Finding> {
    let (before, after) = (median(&values(&observation.base, metric)), median(&values(&observation.head, metric)));
    let judgement = match (before, after) {
        (None, None) => return None,
        (Some(before), Some(after)) => {
            let rule = thresholds.unwrap_or(Thresholds::fine(metric));
            let reason = if is_exact(metric, observation) {
                Reason::ExactlyEqual { values: 1 }
            } else if rule.ratio_passed(before, after) {
                Reason::BelowFloor { floor: rule.floor }
            } else {
                Reason::BelowRatio { ratio: rule.ratio }
            };
            Judgement::on(Change { before, after }, false, reason)
        }
        (None, Some(_)) => Judgement::without_comparison(Reason::NoComparableValue),
        (Some(_), None) => Judgement::without_comparison(Reason::NotMeasured),
    };
    Some(finding(id, Some(metric), judgement, across_machines))
}

/// A change that the user's limit allows is none, whatever rule found it.
fn within(judgement: Judgement, limit: Thresholds) -> Judgement {
    let Some(change) = judgement.change.filter(|_| judgement.verdict.is_change()) else { return judgement };
    let reason = if !limit.ratio_passed(change.before, change.after) {
        Reason::BelowRatio { ratio: limit.ratio }
    } else if !limit.floor_passed(change.before, change.after) {
        Reason::BelowFloor { floor: limit.floor }
    } else {
        return judgement;
    };
    Judgement { coarse: judgement.coarse, demoted: judgement.demoted, ..Judgement::on(change, false, reason) }
}

fn finding(test: &TestId, metric: Option<Metric>, judgement: Judgement, across_machines: bool) -> Finding {
    Finding { test: test.clone(), metric, judgement, common_factor: None, difference: None, across_machines }
}
