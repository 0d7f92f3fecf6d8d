//! `/`: every project.

use axum::extract::{Request, State as Of};
use axum::response::Response;
use monitor_report::document::{Cell, Document, Table, Value};
use monitor_report::render::page::{Page, Section};
use monitor_report::{Source as _, select};

use super::view::tagged;
use super::{project, view};
use crate::address::Address;
use crate::error::Problem;
use crate::judge::Project;
use crate::state::State;
use crate::store::{Count, Filter, Names, Store};

/// What the server holds; in a project's address, the project.
pub async fn overview(Of(state): Of<State>, view: view::View, request: Request) -> Result<Response, Problem> {
    if !Address::of(request.extensions()).prefix.is_empty() {
        return view.answer(project::content).await;
    }
    let known = request.headers().get(axum::http::header::IF_NONE_MATCH).cloned();
    let html = state.read(|store| Ok(page(store)?.render()));
    Ok(tagged("text/html; charset=utf-8", html.await?, known.as_ref()))
}

fn page(store: &dyn Store) -> Result<Page, Problem> {
    let names = store.names(Names::Projects, &Filter::default())?;
    let page = Page::new("What tests cost");
    if names.is_empty() {
        let text = "There are no results yet. Send some: `cargo monitor push http://THIS-HOST:8050`, or `pytest \
                    --remote-server http://THIS-HOST:8050/api/v1`.";
        return Ok(page.with(Section::new("empty", "").with_text(text)));
    }
    let mut table = Table::new(&[
        ("project", "project"),
        ("sessions", "sessions"),
        ("rows", "rows"),
        ("machines", "machines"),
        ("newest", "newest session (UTC)"),
        ("branch", "branch"),
    ]);
    for name in names {
        table.push(row(store, &name)?);
    }
    let api = [("The API".to_owned(), "/api/v1/docs".to_owned())];
    Ok(page
        .with(Section::new("projects", "Projects").with_document(&Document::table("projects", table)).with_links(&api)))
}

fn row(store: &dyn Store, name: &str) -> Result<Vec<Cell>, Problem> {
    let filter = Filter::project(name);
    let count = |what| Ok::<_, Problem>(Cell::from(Value::count(store.count(what, &filter)?)));
    let newest = Project::new(store, name)?.newest(1).map_err(view::Failure::from).map_err(Problem::from)?;
    let newest = newest.first();
    let branch = newest.and_then(|session| select::branches(session).next().map(str::to_owned));
    Ok(vec![
        Cell { link: Some(format!("/p/{name}/")), ..Cell::from(Value::Text(name.to_owned())) },
        count(Count::Sessions)?,
        count(Count::Runs)?,
        count(Count::Contexts)?,
        Value::or_missing(newest, |session| Value::Time(session.run_date)).into(),
        Value::text(branch.as_deref().unwrap_or_default()).into(),
    ])
}
