//! What every page is made of: a request for it, and the answer as a page, as JSON or as CSV.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use monitor_report::ReportError;
use monitor_report::document::Document;
use monitor_report::render::page::{self, Page};
use monitor_report::render::{csv, json, markdown};
use monitor_report::select::SelectError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use crate::address::Address;
use crate::error::Problem;
use crate::judge::Project;
use crate::query::parameters;
use crate::state::State;

/// What need not be escaped in a part of an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request for a page of a project.
pub struct View {
    /// The project's name.
    pub project: String,
    /// What stands before the pages of the project.
    pub prefix: String,
    state: State,
    form: Form,
    query: HashMap<String, String>,
    known: Option<HeaderValue>,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Html,
    Json,
    Csv,
    Markdown,
}

impl FromRequestParts<State> for View {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let address = Address::of(&parts.extensions);
        let query = parameters(parts.uri.query().unwrap_or(""));
        let form = match address.path.rsplit_once('.') {
            Some((_, "json")) => Form::Json,
            Some((_, "csv")) => Form::Csv,
            Some((_, "md")) => Form::Markdown,
            _ => Form::Html,
        };
        Ok(Self {
            prefix: format!("/p/{}", address.project),
            project: address.project,
            state: State::clone(state),
            form,
            query,
            known: known(&parts.headers),
        })
    }
}

fn known(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(header::IF_NONE_MATCH).cloned()
}

/// What a page says: for people, and for programs.
pub struct Content {
    /// For people.
    pub page: Page,
    /// For programs.
    pub document: Document,
}

impl View {
    /// A value of the query, unless it is empty.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A part of the path, without the ending that says which form is wanted.
    pub fn name<'a>(&self, part: &'a str) -> &'a str {
        match self.form {
            Form::Html | Form::Markdown => part,
            Form::Json => part.strip_suffix(".json").unwrap_or(part),
            Form::Csv => part.strip_suffix(".csv").unwrap_or(part),
        }
    }

    /// Answers with what `content` makes of the project's rows.
    pub async fn answer(
        self,
        content: impl FnOnce(&Self, &Project<'_>) -> Result<Content, Failure> + Send + 'static,
    ) -> Result<Response, Problem> {
        let state = State::clone(&self.state);
        state
            .read(move |store| {
                let project = Project::new(store, &self.project)?;
                let content = content(&self, &project).map_err(Problem::from)?;
                let (kind, body) = match self.form {
                    Form::Html => ("text/html; charset=utf-8", content.page.render()),
                    Form::Json => ("application/json", json(&content.document)),
                    Form::Csv => ("text/csv; charset=utf-8", csv(&content.document)),
                    Form::Markdown => ("text/markdown; charset=utf-8", markdown(&content.document)),
                };
                Ok(tagged(kind, body, self.known.as_ref()))
            })
            .await
    }
}

impl View {
    /// Answers with a picture that `draw` makes of the project's rows.
    pub async fn picture(
        self,
        draw: impl FnOnce(&Self, &Project<'_>) -> Result<String, Failure> + Send + 'static,
    ) -> Result<Response, Problem> {
        let state = State::clone(&self.state);
        state
            .read(move |store| {
                let svg = draw(&self, &Project::new(store, &self.project)?).map_err(Problem::from)?;
                Ok(tagged("image/svg+xml", svg, self.known.as_ref()))
            })
            .await
    }
}

/// With an ETag; without the body if the client has it.
pub fn tagged(kind: &'static str, body: String, known: Option<&HeaderValue>) -> Response {
    let tag = format!("\"{}\"", &URL_SAFE_NO_PAD.encode(Sha256::digest(&body))[..22]);
    let policy = policy(&body);
    let is_known = known.is_some_and(|known| known.to_str().is_ok_and(|known| known.contains(&tag)));
    let mut response = Response::new(if is_known { Body::empty() } else { Body::from(body) });
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// What a page of monitor-report needs, and nothing more: its one style and its one script, each known by its hash.
fn policy(body: &str) -> HeaderValue {
    let style = body.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap_or_default();
    let style = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style)));
    let policy = page::CONTENT_SECURITY_POLICY.replace("'unsafe-inline'", &style);
    let policy = format!("{policy}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Why there is no page.
pub enum Failure {
    /// For a reason of the request.
    Problem(Problem),
    /// For a reason of the rows.
    Report(ReportError),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Self::Report(error)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Problem(problem) => problem,
            Failure::Report(ReportError::Session(SelectError::Ambiguous { .. })) => Self::bad("that name is ambiguous"),
            Failure::Report(error @ (ReportError::Session(_) | ReportError::Test(_))) => {
                Self::not_found(error.to_string())
            }
            Failure::Report(error) => crate::store::StoreError::Broken(error.to_string()).into(),
        }
    }
}

/// A text as a part of an address.
pub fn escaped(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}
