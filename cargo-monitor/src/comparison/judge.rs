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

/// A series that waits for the verdicts on the run as a whole.
struct Waiting {
    test: TestId,
    metric: Metric,
    thresholds: Thresholds,
    single_threaded: bool,
    past: Vec<Past>,
    value: f64,
    across_machines: bool,
}

pub(super) fn judge(observed: &Observed, request: &Request<'_>) -> (Vec<Finding>, BTreeMap<Metric, f64>) {
    let mut findings = Vec::new();
    let mut waiting = Vec::new();
    let mut left_out = 0;
    for (id, observation) in &observed.tests {
        if let Some(reason) = whole_test(observation) {
            findings.push(finding(id, None, Judgement::without_comparison(reason), false));
            continue;
        }
        let across_machines = !same_machine(observation);
        if across_machines && !request.across_machines {
            findings.push(finding(id, None, Judgement::without_comparison(Reason::OtherMachineClass), true));
            continue;
        }
        for &metric in request.metrics {
            if metric == Metric::Memory && has_heap(observation) {
                // The heap's peak says it, exactly.
                continue;
            }
            let thresholds = (request.thresholds)(id, metric);
            match observation.past.is_some() {
                true => match series(id, observation, metric, thresholds, request.across_machines) {
                    Ok(Some(series)) => waiting.push(Waiting { across_machines, ..series }),
                    Ok(None) => {}
                    Err(reason) => {
                        let judgement = Judgement::without_comparison(reason);
                        findings.push(finding(id, Some(metric), judgement, across_machines));
                    }
                },
                false if request.sides.are_samples() => {
                    findings.extend(sampled(id, observation, metric, thresholds, across_machines));
                }
                false => {
                    left_out += 1;
                    findings.extend(too_close(id, observation, metric, thresholds, across_machines));
                }
            }
        }
    }
    let series: Vec<Series<'_>> = waiting
        .iter()
        .map(|Waiting { metric, thresholds, single_threaded, past, value, .. }| Series {
            metric: *metric,
            single_threaded: *single_threaded,
            thresholds: *thresholds,
            past,
            value: *value,
        })
        .collect();
    let run = judge_screened_run(&series, left_out);
    for (series, mut judged) in waiting.iter().zip(run.findings) {
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
    observation.head.iter().all(|after| before.clone().any(|before| machine(before) == machine(after)))
        || before.next().is_none()
}

fn machine(test: &Test) -> Option<&str> {
    test.class_h.as_deref().or_else(|| test.metric.as_ref().map(|metric| metric.env_h.as_str()))
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
) -> Result<Option<Waiting>, Reason> {
    let value = median(&values(&observation.head, metric));
    let runs = observation.past.iter().flatten();
    let comparable = runs.filter(|(_, test)| {
        let head = &observation.head[0];
        measure::passed(test)
            && (across_machines || machine(test) == machine(head))
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
    Ok(Some(Waiting {
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
