//! From a request to a page and its bytes.

use askama::Template;
use axum::extract::{Request, State as Of};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use monitor_report::render;
use sha2::{Digest as _, Sha256};

use super::view::View;
use super::wanted::{Format, Wanted};
use crate::error::Problem;
use crate::judge::Project;
use crate::state::State;
use crate::store::hex;

/// Makes a page.
pub type Build = fn(&Wanted, &Project<'_>) -> Result<View, Problem>;

const HTML: &str = "text/html; charset=utf-8";

/// The pages that every page leads to.
const PAGES: [(&str, &str); 10] = [
    ("/", "Overview"),
    ("/sessions", "Sessions"),
    ("/tests", "Tests"),
    ("/compare", "Compare"),
    ("/top", "Most expensive"),
    ("/capacity", "Capacity"),
    ("/findings", "Findings"),
    ("/flaky", "Flaky"),
    ("/pipelines", "Pipelines"),
    ("/machines", "Machines"),
];

#[derive(Template)]
#[template(path = "page.html")]
struct Frame<'a> {
    wanted: &'a Wanted,
    view: &'a View,
}

impl Frame<'_> {
    fn is_here(&self, path: &str) -> bool {
        self.wanted.path == path
    }
}

/// The route of a page.
pub fn page(build: Build) -> MethodRouter<State> {
    get(move |Of(state): Of<State>, request: Request| async move { answer(&state, request, build).await })
}

/// The route of a text of one kind.
pub fn text(kind: &'static str, build: fn(&Wanted, &Project<'_>) -> Result<String, Problem>) -> MethodRouter<State> {
    get(move |Of(state): Of<State>, request: Request| async move {
        let wanted = Wanted::of(&request);
        match state.project(wanted.project.clone(), move |project| build(&wanted, project)).await {
            Ok(text) => cached(request.headers(), kind, text),
            Err(problem) => problem.into_response(),
        }
    })
}

async fn answer(state: &State, request: Request, build: Build) -> Response {
    let wanted = Wanted::of(&request);
    let asked = wanted.clone();
    let view = state.project(wanted.project.clone(), move |project| build(&asked, project)).await;
    let headers = request.headers();
    match (view, wanted.format) {
        (Ok(View { refused: Some(problem), .. }), Format::Json | Format::Csv) => problem.into_response(),
        (Ok(view), Format::Html) => match (html(&wanted, &view), view.refused) {
            (Ok(html), None) => cached(headers, HTML, html),
            (Ok(html), Some(problem)) => (problem.status(), [(header::CONTENT_TYPE, HTML)], html).into_response(),
            (Err(problem), _) => problem.into_response(),
        },
        (Ok(view), Format::Json) => cached(headers, "application/json", render::json(&view.document)),
        (Ok(view), Format::Csv) => cached(headers, "text/csv; charset=utf-8", render::csv(&view.document)),
        (Err(problem), Format::Html) => failed(&wanted, problem),
        (Err(problem), _) => problem.into_response(),
    }
}

fn html(wanted: &Wanted, view: &View) -> Result<String, Problem> {
    Frame { wanted, view }
        .render()
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the page can't be made: {error}")))
}

/// A page that says why there is none.
pub fn failed(wanted: &Wanted, problem: Problem) -> Response {
    let reason = problem.status().canonical_reason().unwrap_or("No answer");
    let view = View { title: reason.to_owned(), subtitle: problem.to_string(), ..View::default() };
    let Ok(html) = html(wanted, &view) else { return problem.into_response() };
    (problem.status(), [(header::CONTENT_TYPE, HTML)], html).into_response()
}

/// An answer that is not sent again to who has it.
pub(super) fn cached(headers: &HeaderMap, kind: &'static str, content: String) -> Response {
    let tag = format!("\"{}\"", hex(&Sha256::digest(&content)[..16]));
    let is_known = headers.get_all(header::IF_NONE_MATCH).iter().any(|known| names(known, &tag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind)], content).into_response()
    };
    let head = response.headers_mut();
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        head.insert(header::ETAG, tag);
    }
    response
}

/// Whether one of the tags is this one. A proxy that compresses an answer calls its tag weak.
fn names(known: &HeaderValue, tag: &str) -> bool {
    let mut tags = known.to_str().unwrap_or("").split(',').map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
