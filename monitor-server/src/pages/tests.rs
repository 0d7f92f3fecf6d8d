//! `/p/NAME/tests`: the tests of the newest session of a branch; `/p/NAME/test`: one over time.

use axum::response::Response;
use monitor_analysis::metric::Metric;
use monitor_report::document::{Document, Table};
use monitor_report::render::page::{Page, Section};
use monitor_report::series::chart::{By, Curve, chart, title};
use monitor_report::series::{Archive, Scope};
use monitor_report::view::{history, show};
use monitor_report::{Source as _, measure, select};
use monitor_store::{Kind, TestId};

use super::links;
use super::view::{Content, Failure, View};
use crate::error::Problem;
use crate::judge::Project;

/// Runs in a table.
const RUNS: usize = 200;
/// What is drawn, two at a time: each has an axis of its own.
const DRAWN: [[Metric; 2]; 2] = [[Metric::WallTime, Metric::Memory], [Metric::CpuTime, Metric::Allocations]];
const SHOWN: [Metric; 4] = [Metric::WallTime, Metric::CpuTime, Metric::Memory, Metric::Allocations];

/// The list. `search` and `sort` in the query.
pub async fn list(view: View) -> Result<Response, Problem> {
    view.answer(tests).await
}

fn tests(view: &View, project: &Project<'_>) -> Result<Content, Failure> {
    let sessions = project.sessions()?;
    let is_meant = |session: &&monitor_store::Session| {
        view.asked("branch").is_none_or(|branch| select::branches(session).any(|name| name == branch))
    };
    let newest = sessions.iter().find(is_meant);
    let mut tests = newest.map(|session| project.tests(&session.session_h)).transpose()?.unwrap_or_default();
    tests.retain(|test| test.kind() == Kind::Function);
    if let Some(text) = view.asked("search") {
        tests.retain(|test| measure::name(test).contains(text));
    }
    let metric = view.asked("sort").and_then(|key| SHOWN.into_iter().find(|metric| measure::key(*metric) == key));
    show::sort_by(&mut tests, metric.unwrap_or(Metric::WallTime));
    let mut table: Table = show::table(&tests, &SHOWN);
    links::tests(&mut table, &view.prefix, &tests);
    let mut ways = vec![(view.project.clone(), format!("{}/", view.prefix))];
    ways.extend(SHOWN.into_iter().map(|metric| {
        (format!("by {}", metric.title()), format!("{}/tests?sort={}", view.prefix, measure::key(metric)))
    }));
    let about = match newest {
        Some(session) => format!("{} tests of the newest session, of {} UTC", tests.len(), session.run_date),
        None => "There is no session.".to_owned(),
    };
    let page = Page::new("Tests")
        .subtitled(&about)
        .with(Section::new("ways", "").with_links(&ways))
        .with(Section::new("tests", "").with_table(&table));
    Ok(Content { page, document: Document::table("tests", table) })
}

/// One test.
pub async fn test(view: View) -> Result<Response, Problem> {
    view.answer(one).await
}

fn one(view: &View, project: &Project<'_>) -> Result<Content, Failure> {
    let part = |name: &str| view.asked(name).unwrap_or_default().to_owned();
    let id = TestId {
        package: part("package"),
        binary: part("binary"),
        path: part("path"),
        variant: view.asked("variant").ok_or_else(|| Problem::field("variant", "which test is meant"))?.to_owned(),
    };
    let archive = Archive::new(project)?;
    let scope = Scope { across_machines: view.asked("machines") == Some("all"), ..Scope::default() };
    let series = archive.series(&id, &scope)?;
    let Some(run) = series.runs.last() else { return Err(Problem::not_found("no such test has run").into()) };
    let name = measure::name(&run.test);
    let mut charts = Section::new("charts", "Over time");
    let mut changes = Section::new("changes", "Changes");
    for metrics in DRAWN {
        let mut curves = Vec::new();
        for metric in metrics {
            let shifts = archive.shifts(&series, metric)?;
            if !shifts.is_empty() {
                changes = changes.with_heading(metric.title()).with_table(&history::changes(&series, metric, &shifts));
            }
            curves.push(Curve { name: metric.title().to_owned(), series: &series, metric, shifts });
        }
        charts = charts.with_chart(&chart(&title(&metrics, &id.variant, By::Commit), &curves, By::Commit));
    }
    let shifts = archive.shifts(&series, Metric::WallTime)?;
    let mut document = history::document(&series, Metric::WallTime, &shifts, RUNS);
    let mut runs = Section::new("runs", "Runs");
    for section in &mut document.sections {
        if let monitor_report::document::Body::Table(table) = &mut section.body
            && section.key == "runs"
        {
            if let Some(column) = table.columns.iter_mut().find(|column| column.key == "session") {
                column.title = "session";
            }
            links::sessions(table, &view.prefix);
            table.rows.reverse();
            runs = runs.with_table(table);
        }
    }
    if let Some(text) = history::other_machines(series.other_machines) {
        charts = charts.with_text(&text);
    }
    let ways =
        [(view.project.clone(), format!("{}/", view.prefix)), ("Tests".to_owned(), format!("{}/tests", view.prefix))];
    let page = Page::new(&name)
        .subtitled(&format!("{} runs", series.runs.len()))
        .with(Section::new("ways", "").with_links(&ways))
        .with(charts)
        .with(changes)
        .with(runs);
    // CSV is the first table: the runs.
    Ok(Content { page, document })
}
