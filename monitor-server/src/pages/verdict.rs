//! A verdict for other places than a browser: a comment on a pull request, a badge.

use askama::Template;
use monitor_report::document::{Body, Document};
use monitor_report::gate::Decision;
use monitor_report::view::gate;
use monitor_report::{render, select};
use monitor_store::Session;

use super::links;
use super::session::{against, find};
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::{Project, baseline};

/// What a comment shows of the facts, and which tables: what changed, not what did not.
const FACTS: [&str; 7] = ["gate", "reason", "base", "head", "regressed", "suspect", "improved"];
const UNCHANGED: &str = "not_compared";

/// The verdict on a session in markdown, fit for a comment.
///
/// # Errors
///
/// If there is no such session, or the rows can't be read.
pub fn comment(wanted: &Wanted, project: &Project<'_>) -> Result<String, Problem> {
    let session = find(project, &wanted.part(1))?;
    let outcome = baseline::judge(project, &session, &against(wanted, project))?;
    let mut document: Document = gate::document(&outcome);
    document.sections.retain(|section| section.key != UNCHANGED);
    for section in &mut document.sections {
        if let Body::Facts(facts) = &mut section.body {
            facts.retain(|(column, _)| FACTS.contains(&column.key));
        }
    }
    let page = format!("{}{}", wanted.origin, links::session(&wanted.prefix, &session.session_h));
    Ok(format!("## What the tests cost\n\n{}\n[All of the session]({page})\n", render::markdown(&document)))
}

#[derive(Template)]
#[template(path = "badge.svg", escape = "html")]
struct Badge {
    word: &'static str,
    colour: &'static str,
    width: usize,
}

/// The verdict on the newest session of a branch as a picture: of the baseline, if none is named.
///
/// # Errors
///
/// If the rows can't be read.
pub fn badge(wanted: &Wanted, project: &Project<'_>) -> Result<String, Problem> {
    let against = against(wanted, project);
    let named = Some(wanted.parameter("branch")).filter(|branch| !branch.is_empty());
    let branch = named.or_else(|| against.strip_prefix("branch:"));
    let is_on = |session: &&Session| branch.is_none_or(|branch| select::branches(session).any(|it| it == branch));
    let newest = project.newest_first().find(is_on);
    let decision = newest.map(|session| baseline::judge(project, session, &against)).transpose()?;
    let (word, colour) = match decision.map(|outcome| outcome.decision()) {
        Some(Decision::Passed) => ("passed", "#1a7f37"),
        Some(Decision::Regressed) => ("regressed", "#b3261e"),
        Some(Decision::Partial) => ("only a part ran", "#8a5a00"),
        Some(Decision::NoBaseline) => ("no baseline", "#5b6470"),
        None => ("no session", "#5b6470"),
    };
    let badge = Badge { word, colour, width: 14 + 7 * word.len() };
    badge.render().map_err(|error| Problem::bad(error.to_string()))
}
