//! `/p/NAME/compare?base=…&head=…`: two sessions, or whatever `cargo monitor compare` understands.

use axum::response::Response;
use monitor_report::comparison::{Comparison, DEFAULT_METRICS, Request, Sides};
use monitor_report::render::page::{Page, Section};
use monitor_report::view::compare;
use monitor_report::{NoRepository, Records};

use super::view::{Content, Failure, View};
use crate::error::Problem;
use crate::judge::Project;

/// The page.
pub async fn page(view: View) -> Result<Response, Problem> {
    view.answer(content).await
}

fn content(view: &View, project: &Project<'_>) -> Result<Content, Failure> {
    let (base, head) = (view.asked("base").unwrap_or("latest~1"), view.asked("head").unwrap_or("latest"));
    let records = Records { source: project, repository: &NoRepository };
    let sides = Sides::find(records, base, head)?;
    let across_machines = view.asked("machines") == Some("all");
    let request = Request { sides, metrics: DEFAULT_METRICS, across_machines, thresholds: &|_, _| None, is_over: None };
    let comparison = Comparison::new(project, request)?;
    let document = compare::document(&comparison, view.asked("all").is_some());
    let mut section = Section::new("comparison", "").with_document(&document);
    for hint in compare::hints(&comparison) {
        section = section.with_text(&hint);
    }
    let here = super::links::compare(&view.prefix, base, head);
    let ways = [
        (view.project.clone(), format!("{}/", view.prefix)),
        ("The other way round".to_owned(), super::links::compare(&view.prefix, head, base)),
        ("Every test".to_owned(), format!("{here}&all=1")),
        ("Other machines too".to_owned(), format!("{here}&machines=all")),
    ];
    let page = Page::new("Comparison")
        .subtitled(&format!("{head}, compared with {base}"))
        .with(Section::new("ways", "").with_links(&ways))
        .with(section);
    Ok(Content { page, document })
}
