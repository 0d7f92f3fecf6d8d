//! What a server holds, and what is new in a project.

use askama::Template;
use monitor_analysis::chart::sparkline;
use monitor_report::document::{Cell, Column, Document, Table, Tone, Value};
use monitor_report::render::page::Section;

use super::findings::count_open;
use super::links::escaped;
use super::sessions::{by_branch, newest, verdict};
use super::view::View;
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::{Project, baseline, first};
use crate::store::{Count, Filter, Names, Store};

/// Sessions and branches on the page.
const ROWS: usize = 15;

#[derive(Template)]
#[template(path = "empty.html")]
struct Empty<'a> {
    wanted: &'a Wanted,
}

/// The overview.
///
/// # Errors
///
/// If the rows can't be read.
pub fn overview(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let store = project.store();
    let mut view = View { title: "What tests cost".to_owned(), ..View::default() };
    if project.newest_first().next().is_none() {
        view.form = Empty { wanted }.render().unwrap_or_default();
    } else {
        let facts = vec![
            (Column::new("project", "project"), Value::text(project.name()).into()),
            (Column::new("sessions", "sessions"), Value::count(project.newest_first().count() as u64).into()),
            (Column::new("runs", "runs of tests"), runs(store, project.name())?),
            (Column::new("machines", "machines"), Value::count(project.contexts().count() as u64).into()),
            (Column::new("open_findings", "open findings"), open_findings(wanted, project)?),
            (Column::new("baseline", "judged against"), Value::text(&baseline::of(project, &baseline::USUAL)).into()),
        ];
        view = view.with_document(Document::default().with_facts("project", "", facts));
        view = view.with_document(branches(wanted, project)?);
        let mut sessions = newest(wanted, project, project.newest_first().take(ROWS))?;
        sessions.sections.iter_mut().for_each(|section| "Newest sessions".clone_into(&mut section.title));
        view = view.with_document(sessions);
    }
    let projects = store.names(Names::Projects, &Filter::default())?;
    if wanted.prefix == wanted.base && projects.iter().any(|name| name != project.name()) {
        view = view.with(others(wanted, store, &projects)?);
    }
    Ok(view)
}

fn branches(wanted: &Wanted, project: &Project<'_>) -> Result<Document, Problem> {
    let walls = first::wall_times(project)?;
    let mut table = Table::new(&[
        ("branch", "branch"),
        ("sessions", "sessions"),
        ("session", "newest session"),
        ("run_date", "date (UTC)"),
        ("commit", "commit"),
        ("verdict", "verdict"),
        ("evolution", "wall time so far"),
    ]);
    for (branch, sessions) in by_branch(project).into_iter().take(ROWS) {
        let newest = sessions[0];
        let so_far: Vec<_> =
            sessions.iter().rev().filter_map(|it| walls.get(&it.session_h).copied()).map(Some).collect();
        let address = format!("{}/sessions?branch={}", wanted.prefix, escaped(branch));
        table.push(vec![
            Cell::from(Value::text(branch)).linked(address),
            Value::count(sessions.len() as u64).into(),
            Value::id(&newest.session_h).into(),
            Value::Time(newest.run_date).into(),
            Value::id(&newest.scm_id).into(),
            verdict(project, &newest.session_h),
            Value::text(&sparkline(&so_far, first::LISTED)).into(),
        ]);
    }
    Ok(super::links::linked(&wanted.prefix, Document::default().with_table("branches", "Branches", table)))
}

fn open_findings(wanted: &Wanted, project: &Project<'_>) -> Result<Cell, Problem> {
    let open = count_open(project)?;
    let tone = if open > 0 { Tone::Bad } else { Tone::Good };
    Ok(Value::count(open).toned(tone).linked(format!("{}/findings", wanted.prefix)))
}

/// The other projects of the server.
fn others(wanted: &Wanted, store: &dyn Store, projects: &[String]) -> Result<Section, Problem> {
    let mut table = Table::new(&[("project", "project"), ("sessions", "sessions"), ("runs", "runs of tests")]);
    for name in projects {
        let sessions = store.count(Count::Sessions, &Filter::project(name))?;
        table.push(vec![
            Cell::from(Value::text(name)).linked(format!("{}/p/{}/", wanted.base, escaped(name))),
            Value::count(sessions).into(),
            runs(store, name)?,
        ]);
    }
    Ok(Section::new("projects", "Projects").with_table(&table))
}

fn runs(store: &dyn Store, project: &str) -> Result<Cell, Problem> {
    Ok(Value::count(store.count(Count::Runs, &Filter::project(project))?).into())
}
