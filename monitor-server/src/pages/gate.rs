//! `/p/NAME/sessions/SESSION/gate`: whether a session may pass, judged as `cargo monitor gate` judges it; and the badge.

use axum::extract::Path;
use axum::response::Response;
use monitor_report::comparison::DEFAULT_METRICS;
use monitor_report::gate::{Decision, Gate, Outcome};
use monitor_report::render::page::{Page, Section};
use monitor_report::render::short;
use monitor_report::view::gate;
use monitor_report::{NoRepository, Records, ReportError, Source as _, select};
use monitor_store::Timestamp;

use super::links;
use super::view::{Content, Failure, View};
use crate::error::Problem;
use crate::judge::Project;

/// The branch whose sessions are the baseline, if the request names none.
const BASELINE: &str = "main";

/// The page. `baseline` in the query is what `--baseline` is on the command line.
pub async fn page(Path(session_h): Path<String>, view: View) -> Result<Response, Problem> {
    view.answer(move |view, project| content(view, project, &session_h)).await
}

fn content(view: &View, project: &Project<'_>, session_h: &str) -> Result<Content, Failure> {
    if project.details(session_h)?.is_none() {
        return Err(Problem::not_found("there is no such session").into());
    }
    let baseline = view.asked("baseline").unwrap_or(BASELINE);
    let document = gate::document(&check(project, baseline, session_h, view.asked("partial").is_some())?);
    let ways = [
        (view.project.clone(), format!("{}/", view.prefix)),
        ("The session".to_owned(), links::session(&view.prefix, session_h)),
    ];
    let page = Page::new("Gate")
        .subtitled(&format!("session {}, compared with {baseline}", short(session_h)))
        .with(Section::new("ways", "").with_links(&ways))
        .with(Section::new("gate", "").with_document(&document));
    Ok(Content { page, document })
}

fn check(project: &Project<'_>, baseline: &str, session_h: &str, allow_partial: bool) -> Result<Outcome, ReportError> {
    let gate = Gate {
        baseline: baseline.to_owned(),
        head: format!("session:{session_h}"),
        metrics: DEFAULT_METRICS.to_vec(),
        across_machines: false,
        allow_partial,
        thresholds: Vec::new(),
        waivers: Vec::new(),
        accepted: Vec::new(),
    };
    gate.check(Records { source: project, repository: &NoRepository }, Timestamp::now())
}

/// `/p/NAME/badge.svg`: how the newest session of a branch, the baseline if none is named, compares with the baseline.
pub async fn badge(view: View) -> Result<Response, Problem> {
    view.picture(|view, project| {
        let baseline = view.asked("baseline").unwrap_or(BASELINE);
        let branch = view.asked("branch").unwrap_or(baseline);
        let sessions = project.sessions()?;
        let newest = sessions.iter().find(|session| select::branches(session).any(|name| name == branch));
        let decision = newest.map(|newest| check(project, baseline, &newest.session_h, true)).transpose()?;
        let (word, colour) = match decision.map(|outcome| outcome.decision()) {
            Some(Decision::Passed | Decision::Partial) => ("passed", "#2a7f3f"),
            Some(Decision::Regressed) => ("regressed", "#b3261e"),
            Some(Decision::NoBaseline) | None => ("no baseline", "#6b6b6b"),
        };
        Ok(svg(word, colour))
    })
    .await
}

fn svg(word: &str, colour: &str) -> String {
    // 7 units a letter are enough for 11 px of any sans-serif.
    let (left, right) = (70, 10 + 7 * word.len());
    let (whole, middle) = (left + right, left + right / 2);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"20\" role=\"img\" aria-label=\"test cost: {word}\">\
         <title>test cost: {word}</title><rect width=\"{left}\" height=\"20\" fill=\"#444\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{colour}\"/>\
         <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\" text-anchor=\"middle\">\
         <text x=\"35\" y=\"14\">test cost</text><text x=\"{middle}\" y=\"14\">{word}</text></g></svg>\n"
    )
}
