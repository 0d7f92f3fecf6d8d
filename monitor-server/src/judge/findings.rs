//! What a session that is over adds to the findings, and which of them it ends.

use std::sync::atomic::Ordering::Relaxed;

use monitor_report::gate::Decision;
use monitor_report::{Source as _, measure, select};
use monitor_store::{Kind, Test, Timestamp};

use super::source::Project;
use super::{baseline, first};
use crate::address::PublicUrl;
use crate::cli::Options;
use crate::error::Problem;
use crate::notify;
use crate::operate::log;
use crate::state::State as Shared;
use crate::store::{Finding, Judged, State, Write};

/// Judges a session in the background, and keeps what that finds. Doing so again changes nothing.
pub fn keep(state: &Shared, project: String, session_h: String) {
    let state = Shared::clone(state);
    state.to_judge.fetch_add(1, Relaxed);
    tokio::spawn(async move {
        if let Err(problem) = judge(&state, project, session_h).await {
            log::error("judge a session", &problem.to_string());
        }
        state.to_judge.fetch_sub(1, Relaxed);
    });
}

async fn judge(state: &Shared, project: String, session_h: String) -> Result<(), Problem> {
    let _turn = state.judging.acquire().await.map_err(|_| Problem::later("the server ends"))?;
    // Whoever sends many waits for an answer, and for a verdict nobody does.
    state.arrivals.quiet().await;
    let name = project.clone();
    let found = state.project(name, move |project| changes(project, &session_h)).await?;
    let name = project.clone();
    if let Some((verdict, findings)) = found {
        let Options { webhook, public_url, .. } = &state.options;
        let root = public_url.as_ref().map(PublicUrl::to_string).unwrap_or_default();
        let message = webhook
            .as_ref()
            .and_then(|_| notify::about(&root, &project, &verdict.session_h, &verdict.verdict, &findings));
        let messages = message.into_iter().collect();
        state.write(Write { project, findings, messages, verdict: Some(verdict), ..Write::default() }).await?;
    }
    // Where others are to be judged, the last of them sees to it.
    if state.to_judge.load(Relaxed) == 1 {
        state.project(name, |project| Ok(first::look(project)?)).await?;
    }
    Ok(())
}

/// The verdict on a session, the findings that it opens, and those that it ends; `None` if there is no such session.
fn changes(project: &Project<'_>, session_h: &str) -> Result<Option<(Judged, Vec<Finding>)>, Problem> {
    let Some(session) = project.newest_first().find(|session| session.session_h == session_h) else {
        return Ok(None);
    };
    let branch = select::branches(session).next().unwrap_or("");
    let known = project.store().findings(project.name())?;
    let verdict = baseline::judge(project, session, &baseline::of(project, &baseline::USUAL))?;
    let mut changes = Vec::new();
    for found in &verdict.regressed {
        let (Some(metric), Some(change)) = (found.metric, found.judged.judgement.change) else { continue };
        let found = Finding {
            test: found.test.clone(),
            metric: metric.name().to_owned(),
            branch: branch.to_owned(),
            before: change.before,
            after: change.after,
            found_in: session_h.to_owned(),
            found_at: Timestamp::now().to_string(),
            ..Finding::default()
        }
        .named();
        let is_known = |it: &Finding| it.id == found.id || (it.state != State::Fixed && it.is_about_the_same(&found));
        if !known.iter().any(is_known) {
            changes.push(found);
        }
    }
    let tests = project.tests(session_h)?;
    let of_branch = known.into_iter().filter(|it| it.branch == branch && it.state != State::Fixed);
    let fixed = of_branch.filter(|it| it.found_in != session_h && tests.iter().any(|test| ends(test, it)));
    let fixed_in = Some(session_h.to_owned());
    changes.extend(fixed.map(|it| Finding { state: State::Fixed, fixed_in: fixed_in.clone(), ..it }));
    let judged = Judged { session_h: session_h.to_owned(), verdict: word(verdict.decision).to_owned() };
    Ok(Some((judged, changes)))
}

/// A decision in a word or two, as people read it in lists.
#[must_use]
pub const fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Passed => "passed",
        Decision::Regressed => "regressed",
        Decision::Partial => "only a part ran",
        Decision::NoBaseline => "no baseline",
    }
}

/// Whether a run is nearer to what was usual than to what was found. That the judge finds nothing any more says less: what
/// stays long enough is usual.
fn ends(test: &Test, finding: &Finding) -> bool {
    let is_it = test.kind() == Kind::Function && test.id() == finding.test;
    let value = measure::metric(&finding.metric).filter(|_| is_it && measure::passed(test));
    let value = value.and_then(|metric| measure::value(test, metric));
    value.is_some_and(|value| value < middle(finding.before, finding.after))
}

/// As many times as much as the less as the more is of it; half of the more where the less is nothing.
fn middle(less: f64, more: f64) -> f64 {
    if less > 0.0 { (less * more).sqrt() } else { more / 2.0 }
}
