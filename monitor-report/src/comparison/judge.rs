//! The verdicts.

use monitor_analysis::judge::{Finding as Judged, Judge};
use monitor_analysis::samples;
use monitor_analysis::thresholds::Thresholds;
use monitor_analysis::verdict::{Judgement, Reason, Verdict};

use super::model::{Finding, Request, Verdicts};
use super::prepare::{History, Prepared};

/// The verdicts on what was prepared. `compare`, `gate`, `calibrate` and `report` all use it, so that they agree.
#[must_use]
pub fn judge(prepared: &Prepared, request: &Request<'_>) -> Verdicts {
    judge_raised(prepared, request, &[], &[]).0
}

/// The same, and for each factor the verdicts on the histories at these places, if their new values were as many times as
/// large. There are none where N runs are compared with N.
pub fn judge_raised(
    prepared: &Prepared,
    request: &Request<'_>,
    places: &[usize],
    factors: &[f64],
) -> (Verdicts, Vec<Vec<Verdict>>) {
    let histories = &prepared.histories;
    let (mut verdicts, mut raised) = (Verdicts::default(), Vec::new());
    if request.sides.are_samples() {
        verdicts.findings = by_samples(histories, request);
    } else {
        let series: Vec<_> = histories.iter().map(History::series).collect();
        let mut judge = Judge::of(&series);
        let run = judge.findings();
        let findings = histories.iter().zip(run.findings).map(|(history, judged)| of(history, judged, request));
        verdicts = Verdicts { findings: findings.collect(), factors: run.factors, warn_only: run.warn_only };
        for factor in factors {
            let run = judge.raised(places, *factor);
            let verdict = |place: &usize| of(&histories[*place], run.findings[*place], request).verdict();
            raised.push(places.iter().map(verdict).collect());
        }
    }
    verdicts.findings.extend(prepared.findings.iter().cloned());
    verdicts.findings.sort_by(|a, b| (&a.test, a.metric.is_some()).cmp(&(&b.test, b.metric.is_some())));
    (verdicts, raised)
}

fn by_samples(histories: &[History], request: &Request<'_>) -> Vec<Finding> {
    let bases: Vec<Vec<f64>> = histories.iter().map(History::base).collect();
    let samples: Vec<_> = histories.iter().zip(&bases).map(|(history, base)| history.samples(base)).collect();
    let compared = histories.iter().zip(samples::compare(&samples));
    compared.map(|(history, (judged, difference))| Finding { difference, ..of(history, judged, request) }).collect()
}

fn of(history: &History, mut judged: Judged, request: &Request<'_>) -> Finding {
    let History { test, metric, across_machines, .. } = history;
    if let Some(limit) = (request.thresholds)(test, *metric) {
        judged.judgement = within(judged.judgement, limit);
    }
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
    let doubtful = judgement.verdict.is_change() || judgement.verdict == Verdict::Suspect;
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
