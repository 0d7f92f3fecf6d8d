//! `/p/NAME/`: the sessions of a project, newest first.

use monitor_report::document::Body;
use monitor_report::render::page::{Page, Section};
use monitor_report::view::sessions;
use monitor_report::{ReportError, Source as _, select};
use monitor_store::SessionDetails;

use super::links;
use super::view::{Content, Failure, View};
use crate::judge::Project;

/// Sessions on a page.
const SHOWN: usize = 50;

/// The page.
pub fn content(view: &View, project: &Project<'_>) -> Result<Content, Failure> {
    let mut all = project.sessions()?;
    if let Some(branch) = view.asked("branch") {
        all.retain(|session| select::branches(session).any(|name| name == branch));
    }
    let first: usize = view.asked("from").and_then(|number| number.parse().ok()).unwrap_or(0);
    let shown = all.iter().skip(first).take(SHOWN).map(|session| project.details(&session.session_h));
    let shown: Vec<SessionDetails> = shown.collect::<Result<Vec<_>, ReportError>>()?.into_iter().flatten().collect();
    let mut document = sessions::document(&shown);
    for section in &mut document.sections {
        if let Body::Table(table) = &mut section.body {
            links::sessions(table, &view.prefix);
        }
    }
    let mut section = Section::new("sessions", "Sessions");
    if let Some(branch) = view.asked("branch") {
        section = section.with_text(&format!("of branch {branch}"));
    }
    let mut pages = Vec::new();
    if first > 0 {
        pages.push(("newer".to_owned(), address(view, first.saturating_sub(SHOWN))));
    }
    if all.len() > first + SHOWN {
        pages.push(("older".to_owned(), address(view, first + SHOWN)));
    }
    let section = section.with_document(&document).with_links(&pages);
    let mut ways = vec![
        ("All projects".to_owned(), "/".to_owned()),
        ("Tests".to_owned(), format!("{}/tests", view.prefix)),
        ("Machines".to_owned(), format!("{}/machines", view.prefix)),
    ];
    for branch in branches(&all) {
        ways.push((branch.clone(), format!("{}/?branch={}", view.prefix, super::view::escaped(&branch))));
    }
    let page = Page::new(&view.project).with(Section::new("ways", "").with_links(&ways)).with(section);
    Ok(Content { page, document })
}

fn address(view: &View, from: usize) -> String {
    let branch = view.asked("branch").map(|branch| format!("&branch={}", super::view::escaped(branch)));
    format!("{}/?from={from}{}", view.prefix, branch.unwrap_or_default())
}

/// The branches of the newest sessions, each once.
fn branches(sessions: &[monitor_store::Session]) -> Vec<String> {
    let mut branches: Vec<String> = Vec::new();
    for branch in sessions.iter().take(10 * SHOWN).flat_map(select::branches) {
        if branches.len() < 20 && !branches.iter().any(|known| known == branch) {
            branches.push(branch.to_owned());
        }
    }
    branches
}
