//! The sessions of a project.

use std::collections::HashMap;

use monitor_report::document::{Body, Cell, Column, Document, Tone, Value};
use monitor_report::gate::Decision;
use monitor_report::view::sessions::document;
use monitor_report::{Source as _, select};
use monitor_store::{Session, SessionDetails};

use super::links::linked;
use super::view::View;
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::{Project, findings};

/// Sessions of a page.
const PAGE: usize = 100;

/// The newest sessions: of a branch, if one is asked for.
///
/// # Errors
///
/// If the rows can't be read.
pub fn sessions(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let branch = wanted.parameter("branch");
    let is_wanted = |session: &&Session| branch.is_empty() || select::branches(session).any(|it| it == branch);
    let all: Vec<&Session> = project.newest_first().filter(is_wanted).collect();
    let document = newest(wanted, project, all.iter().take(PAGE).copied())?;
    let mut view = View::of("Sessions", document);
    view.subtitle = match (all.len() > PAGE, branch) {
        (true, _) => format!("The newest {PAGE} of {}", all.len()),
        (false, "") => format!("All {}", all.len()),
        (false, branch) => format!("All {} of branch {branch}", all.len()),
    };
    Ok(view)
}

/// The table of some sessions.
pub(super) fn newest<'s>(
    wanted: &Wanted,
    project: &Project<'_>,
    sessions: impl Iterator<Item = &'s Session>,
) -> Result<Document, Problem> {
    let details = sessions.map(|session| project.details(&session.session_h));
    let details: Vec<Option<SessionDetails>> = details.collect::<Result<_, _>>()?;
    let details: Vec<SessionDetails> = details.into_iter().flatten().collect();
    let mut document = linked(&wanted.prefix, document(&details));
    for section in &mut document.sections {
        if let Body::Table(table) = &mut section.body {
            let place = table.columns.iter().position(|column| column.key == "runner").unwrap_or(0);
            table.columns.insert(place, Column::new("verdict", "verdict"));
            for (row, details) in table.rows.iter_mut().zip(&details) {
                row.insert(place, verdict(project, &details.session.session_h));
            }
        }
    }
    Ok(document)
}

/// What was said of a session when it was over.
pub(super) fn verdict(project: &Project<'_>, session_h: &str) -> Cell {
    let word = project.kept(session_h).map_or("", |kept| &kept.verdict);
    let is = |decision| word == findings::word(decision);
    let tone = if is(Decision::Regressed) {
        Tone::Bad
    } else if is(Decision::Passed) {
        Tone::Good
    } else {
        Tone::Doubtful
    };
    Value::text(word).toned(tone)
}

/// The branches that sessions name, each with its sessions, the newest first; those without a branch under an empty name.
pub(super) fn by_branch<'p>(project: &'p Project<'_>) -> Vec<(&'p str, Vec<&'p Session>)> {
    grouped(project.newest_first(), |session| Some(select::branches(session).next().unwrap_or("")))
}

/// Values, each with the sessions that have it, both in the order of the sessions.
pub(super) fn grouped<'p>(
    sessions: impl Iterator<Item = &'p Session>,
    value: impl Fn(&'p Session) -> Option<&'p str>,
) -> Vec<(&'p str, Vec<&'p Session>)> {
    let mut groups: Vec<(&str, Vec<&Session>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (value, session) in sessions.filter_map(|session| Some((value(session)?, session))) {
        let place = *places.entry(value).or_insert(groups.len());
        if place == groups.len() {
            groups.push((value, Vec::new()));
        }
        groups[place].1.push(session);
    }
    groups
}
