//! The verdicts.

use std::collections::BTreeMap;

use monitor_analysis::judge::{Finding as Judged, judge_run};
use monitor_analysis::samples;
use monitor_analysis::thresholds::Thresholds;
use monitor_analysis::verdict::{Judgement, Reason};

use super::model::{Finding, Request, Verdicts};
use super::prepare::{History, Prepared};

/// The verdicts on what was prepared. `compare`, `gate`, `calibrate` and `report` all use it, so that they agree.
#[must_use]
pub fn judge(prepared: &Prepared, request: &Request<'_>) -> Verdicts {
    let histories = &prepared.histories;
    let mut verdicts = if request.sides.are_samples() { by_samples(histories) } else { by_history(histories) };
    for finding in &mut verdicts.findings {
        let limit = finding.metric.and_then(|metric| (request.thresholds)(&finding.test, metric));
        if let Some(limit) = limit {
            finding.judged.judgement = within(finding.judged.judgement, limit);
        }
    }
    verdicts.findings.extend(prepared.findings.iter().cloned());
    verdicts.findings.sort_by(|a, b| (&a.test, a.metric.is_some()).cmp(&(&b.test, b.metric.is_some())));
    verdicts
}

fn by_history(histories: &[History]) -> Verdicts {
    let run = judge_run(&histories.iter().map(History::series).collect::<Vec<_>>());
    let findings = histories.iter().zip(run.findings).map(|(history, judged)| of(history, judged)).collect();
    Verdicts {
        findings,
        factors: run.factors,
        warn_only: run.warn_only,
        score_needed: Some(run.score_needed),
        past_gates: run.past_gates,
    }
}

fn by_samples(histories: &[History]) -> Verdicts {
    let bases: Vec<Vec<f64>> = histories.iter().map(History::base).collect();
    let samples: Vec<_> = histories.iter().zip(&bases).map(|(history, base)| history.samples(base)).collect();
    let compared = samples::compare(&samples);
    let findings = histories.iter().zip(compared);
    let findings = findings.map(|(history, (judged, difference))| Finding { difference, ..of(history, judged) });
    Verdicts { findings: findings.collect(), factors: BTreeMap::new(), ..Verdicts::default() }
}

fn of(history: &History, judged: Judged) -> Finding {
    let History { test, metric, across_machines, .. } = history;
    Finding {
        test: test.clone(),
        metric: Some(*metric),
        judged,
        difference: None,
        across_machines: *across_machines,
        cause: None,
    }
}

/// A change that the user's limit allows is none, whatever rule found it. It takes verdicts away and never makes one.
fn within(judgement: Judgement, limit: Thresholds) -> Judgement {
    let doubtful = judgement.verdict.is_change() || judgement.verdict.is_suspect();
    let Some(change) = judgement.change.filter(|_| doubtful) else { return judgement };
    let reason = if !limit.ratio_passed(change.before, change.after) {
        Reason::BelowRatio { ratio: limit.ratio }
    } else if !limit.floor_passed(change.before, change.after) {
        Reason::BelowFloor { floor: limit.floor }
    } else {
        return judgement;
    };
    Judgement { demoted: judgement.demoted, ..Judgement::on(change, false, reason) }
}
