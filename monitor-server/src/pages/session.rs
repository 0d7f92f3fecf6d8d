//! `/p/NAME/sessions/SESSION`: what a session cost, what changed, histories, every test.

use axum::extract::Path;
use axum::response::Response;
use monitor_analysis::metric::Metric;
use monitor_report::Source as _;
use monitor_report::comparison::Sides;
use monitor_report::document::Document;
use monitor_report::render::page::Section;
use monitor_report::view::report::{self, Extent};
use monitor_report::view::subject::Subject;
use monitor_report::view::{show, summary};
use monitor_store::Kind;

use super::links;
use super::view::{Content, Failure, View};
use crate::error::Problem;
use crate::judge::Project;

/// Charts on the page, and sessions in each.
const EXTENT: Extent = Extent { charts: 6, sessions: 50 };

/// The page.
pub async fn session(Path(part): Path<String>, view: View) -> Result<Response, Problem> {
    view.answer(move |view, project| content(view, project, view.name(&part))).await
}

fn content(view: &View, project: &Project<'_>, session_h: &str) -> Result<Content, Failure> {
    let details = project.details(session_h)?;
    let session = details.ok_or_else(|| Problem::not_found("there is no such session"))?.session;
    let sides = Sides::since_last(project, &session)?;
    let mut tests = project.tests(session_h)?;
    tests.retain(|test| test.kind() == Kind::Function);
    let facts = summary::facts(&session, &tests);
    let mut table = show::table(&tests, &[Metric::WallTime, Metric::CpuTime, Metric::Memory, Metric::Allocations]);
    links::tests(&mut table, &view.prefix, &tests);
    let mut ways = vec![(view.project.clone(), format!("{}/", view.prefix))];
    if let Some(base) = sides.as_ref().and_then(|sides| sides.base.first()) {
        ways.push((
            "Compare with the session before".to_owned(),
            links::compare(&view.prefix, &base.session_h, session_h),
        ));
    }
    ways.push(("Whether it may pass".to_owned(), format!("{}/gate", links::session(&view.prefix, session_h))));
    let subject = Subject { session, sides, from: None };
    let page = report::page(project, &subject, EXTENT)?
        .with(Section::new("links", "Every test's history").with_table(&table))
        .with(Section::new("ways", "Elsewhere").with_links(&ways));
    let document = Document::default().with_table("tests", "", table).with_facts("session", "", facts);
    Ok(Content { page, document })
}
