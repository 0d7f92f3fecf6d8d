//! Any two sessions of a project.

use askama::Template;
use monitor_report::render::page::Section;
use monitor_report::view::compare::document;
use monitor_report::view::subject::words;

use super::links::linked;
use super::view::View;
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::{Project, sides};

/// Sessions that can be chosen; others can be written.
const CHOICE: usize = 200;

#[derive(Template)]
#[template(path = "compare.html")]
struct Form<'a> {
    sessions: Vec<(String, String)>,
    base: &'a str,
    head: &'a str,
    across: bool,
    all: bool,
}

/// The page that compares.
///
/// # Errors
///
/// None of its own: why there is no comparison is part of the page.
pub fn compare(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let (base, head) = (wanted.parameter("base"), wanted.parameter("head"));
    let (across, all) = (wanted.parameter("machines") == "all", wanted.parameter("rows") == "all");
    let choice = project.newest_first().take(CHOICE);
    let sessions = choice.map(|session| (session.session_h.clone(), words(session))).collect();
    let form = Form { sessions, base, head, across, all }.render().unwrap_or_default();
    let view = View { title: "Compare".to_owned(), form, ..View::default() };
    if base.is_empty() || head.is_empty() {
        let text = "Choose two sessions, or write what stands for some: a branch, a commit, last:20, tag:KEY=VALUE.";
        return Ok(view.with(Section::new("choose", "").with_text(text)));
    }
    let comparison = sides::compare(project, base, head, across).map_err(Problem::from);
    let answer = comparison.map(|it| View::default().with_document(linked(&wanted.prefix, document(&it, all))));
    Ok(view.with_answer(answer))
}
