//! Pages for people.

use askama::Template;
use axum::extract::State as Of;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use crate::error::Problem;
use crate::state::State;
use crate::store::{Count, Filter, Names};

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    projects: Vec<Project>,
}

struct Project {
    name: String,
    metrics: u64,
    sessions: u64,
    contexts: u64,
}

/// What the server holds.
pub async fn overview(Of(state): Of<State>) -> Result<Response, Problem> {
    let projects = state.read(|store| {
        let names = store.names(Names::Projects, &Filter::default())?;
        let of = |name: String| {
            let filter = Filter::project(&name);
            Ok(Project {
                metrics: store.count(Count::Runs, &filter)?,
                sessions: store.count(Count::Sessions, &filter)?,
                contexts: store.count(Count::Contexts, &filter)?,
                name,
            })
        };
        names.into_iter().map(of).collect::<Result<Vec<_>, Problem>>()
    });
    let page = Overview { projects: projects.await? };
    let html = page.render().map_err(|error| Problem::bad(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
}
