//! Who uses most, or least, of something.

use askama::Template;
use monitor_analysis::metric::Metric;
use monitor_report::document::Document;
use monitor_report::measure::METRICS;
use monitor_report::view::subject::words;
use monitor_report::view::top::{By, Top, table};
use monitor_report::{Source as _, render::short};
use monitor_store::Kind;

use super::links::{self, linked};
use super::session::find;
use super::view::View;
use super::wanted::{Format, Wanted};
use crate::error::Problem;
use crate::judge::Project;

/// Users of the metric that people see; programs get all.
const ROWS: usize = 100;

/// Who can be asked for.
const BY: [(&str, By); 4] =
    [("test", By::Test), ("module", By::Module), ("component", By::Component), ("package", By::Package)];

#[derive(Template)]
#[template(path = "top.html")]
struct Form<'a> {
    session: &'a str,
    metric: Metric,
    by: &'a str,
    least: bool,
}

/// The page of the most expensive.
///
/// # Errors
///
/// If there is no such session, a parameter makes no sense, or the rows can't be read.
pub fn top(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let (metric, by) = (wanted.metric()?, wanted.parameter_or("by", "test"));
    let known = BY.iter().find(|(name, _)| *name == by);
    let (_, who) = known.ok_or_else(|| Problem::field("by", "write test, module, component or package"))?;
    let least = wanted.parameter("end") == "least";
    let form = Form { session: wanted.parameter("session"), metric, by, least }.render().unwrap_or_default();
    let view = View { title: "Most expensive".to_owned(), form, ..View::default() };
    if project.newest_first().next().is_none() {
        return Ok(view);
    }
    let limit = if wanted.format == Format::Html { ROWS } else { usize::MAX };
    Ok(view.with_answer(ranked(wanted, project, Top { metric, by: *who, limit, least })))
}

fn ranked(wanted: &Wanted, project: &Project<'_>, asked: Top) -> Result<View, Problem> {
    let session = find(project, wanted.parameter_or("session", "latest"))?;
    let mut tests = project.tests(&session.session_h)?;
    tests.retain(|test| test.kind() == Kind::Function);
    let mut table = table(&tests, &asked);
    if asked.by == By::Test {
        for row in &mut table.rows {
            row[0].link = Some(links::test(&wanted.prefix, links::words(&row[0].value), "", ""));
        }
    }
    let subtitle = format!("Session {} · {}", short(&session.session_h), words(&session));
    Ok(View { subtitle, ..View::default() }.with_document(linked(&wanted.prefix, Document::table("top", table))))
}
