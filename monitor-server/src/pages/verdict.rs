//! A verdict for other places than a browser: a comment on a pull request, a badge.

use askama::Template;
use monitor_report::document::Body;
use monitor_report::gate::Decision;
use monitor_report::{render, select};
use monitor_store::Session;

use super::links;
use super::session::{against, find};
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::{Project, baseline, findings};

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
    let mut document = baseline::judge(project, &session, &against(wanted, project))?.document.clone();
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
    let verdict = newest.map(|session| baseline::judge(project, session, &against)).transpose()?;
    let decision = verdict.map(|verdict| verdict.decision);
    let colour = match decision {
        Some(Decision::Passed) => "#1a7f37",
        Some(Decision::Regressed) => "#b3261e",
        Some(Decision::Partial) => "#8a5a00",
        Some(Decision::NoBaseline) | None => "#5b6470",
    };
    let word = decision.map_or("no session", findings::word);
    let badge = Badge { word, colour, width: 14 + 7 * word.len() };
    badge.render().map_err(|error| Problem::bad(error.to_string()))
}
