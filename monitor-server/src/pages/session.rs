//! One session: whether it may pass, what changed, what its tests cost.

use monitor_analysis::metric::Metric;
use monitor_report::document::Document;
use monitor_report::render::{page::Section, short};
use monitor_report::view::subject::words;
use monitor_report::view::{sessions, show, summary};
use monitor_report::{NoRepository, Records, Source as _, measure, select};
use monitor_store::{Kind, Outcome, Session};

use super::links::{self, linked};
use super::view::View;
use super::wanted::{Format, Wanted};
use crate::error::Problem;
use crate::judge::{Project, baseline};

/// What people see of each test.
const SHOWN: [Metric; 4] = [Metric::WallTime, Metric::CpuTime, Metric::Memory, Metric::Allocations];

/// Tests that people see at first.
const ROWS: usize = 200;

/// The page of a session.
///
/// # Errors
///
/// If there is no such session, or the rows can't be read.
pub fn session(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    // An identifier with a slash, which no part of a path holds, is in the query.
    let asked = if wanted.path == "/session" { wanted.parameter("id").to_owned() } else { wanted.part(0) };
    let session = find(project, &asked)?;
    let against = against(wanted, project);
    let verdict = baseline::judge(project, &session, &against)?;
    let mut tests = project.tests(&session.session_h)?;
    tests.retain(|test| test.kind() == Kind::Function);

    let verdict = linked(&wanted.prefix, verdict.document.clone());
    let mut view = View::of(&format!("Session {}", short(&session.session_h)), verdict);
    view.subtitle = words(&session);
    let costs = Document::default().with_facts("costs", "What it cost", summary::facts(&session, &tests));
    let (count, is_for_people) = (tests.len(), wanted.format == Format::Html && wanted.parameter("rows") != "all");
    let title = if is_for_people && count > ROWS {
        // Who reads wants those that matter; programs get all.
        show::sort_by(&mut tests, Metric::WallTime);
        tests.sort_by_key(|test| measure::outcome(test) == Outcome::Passed);
        tests.truncate(ROWS);
        let address = links::session(&wanted.prefix, &session.session_h);
        let and = if address.contains('?') { '&' } else { '?' };
        view.form = format!("<p><a href=\"{address}{and}rows=all\">All {count} tests</a></p>");
        format!("{ROWS} of {count} tests: those that did not pass, then the slowest")
    } else {
        "All tests".to_owned()
    };
    let costs = costs.with_table("tests", title, show::table(&tests, &SHOWN));
    view = view.with_document(linked(&wanted.prefix, costs));
    let machine = sessions::facts(project, &session)?;
    Ok(view.with(Section::new("machine", "Session and machine").with_facts(&machine)))
}

/// Whether a session may pass, and nothing else: what `cargo monitor gate` says.
///
/// # Errors
///
/// As [`session`].
pub fn gate(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let session = find(project, &wanted.part(1))?;
    let against = against(wanted, project);
    let document = baseline::judge(project, &session, &against)?.document.clone();
    let mut view = View::of("Gate", linked(&wanted.prefix, document));
    view.subtitle = format!("Session {}, judged against {against}", short(&session.session_h));
    Ok(view)
}

/// What a session is judged against: what the address says, as `--baseline` does on the command line, or the baseline of
/// the project.
pub(super) fn against(wanted: &Wanted, project: &Project<'_>) -> String {
    match wanted.parameter("baseline") {
        "" => baseline::of(project, &baseline::USUAL),
        named => named.to_owned(),
    }
}

/// The session that an address names: by its identifier, or as `cargo monitor` names sessions.
pub(super) fn find(project: &Project<'_>, text: &str) -> Result<Session, Problem> {
    if let Some(session) = project.newest_first().find(|session| session.session_h == text) {
        return Ok(session.clone());
    }
    Ok(select::session(Records { source: project, repository: &NoRepository }, text)?)
}
