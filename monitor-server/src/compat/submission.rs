//! A body that a client sends, as JSON.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use monitor_client::Fields;
use serde::Serialize;
use serde_json::Value;

use super::entity::not_an_object;
use super::mask::Mask;
use super::render;
use crate::address::Address;
use crate::error::Problem;
use crate::ingest::body;
use crate::state::State;

/// A request with a JSON body.
#[derive(Debug)]
pub struct Submission {
    /// Everything that can be reached.
    pub state: State,
    /// The project that the request is for.
    pub project: String,
    body: Vec<u8>,
    mask: Option<Mask>,
}

impl Submission {
    /// The body.
    ///
    /// # Errors
    ///
    /// If it is no JSON, or no object.
    pub fn object(&self) -> Result<Fields<'_>, Problem> {
        serde_json::from_slice(&self.body).map_err(|_| match parse(&self.body) {
            Ok(other) => not_an_object(&other),
            Err(problem) => problem,
        })
    }

    /// What was stored, reduced to the fields that the client wants.
    #[must_use]
    pub fn answer(&self, stored: &impl Serialize) -> Response {
        match &self.mask {
            None => render::json(StatusCode::CREATED, stored),
            Some(mask) => {
                let stored = serde_json::to_value(stored).unwrap_or_default();
                render::json(StatusCode::CREATED, &mask.apply(stored))
            }
        }
    }
}

impl FromRequest<State> for Submission {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            let (name, value) = ("Content-Type", content_type(&parts.headers));
            return Err(Problem::field(name, format!("'{value}' is not 'application/json'")));
        }
        let body = body::read(&parts.headers, body, state).await?;
        let mask = Mask::of(&parts.headers)?;
        Ok(Self { state: State::clone(state), project: Address::of(&parts.extensions).project, body, mask })
    }
}

/// Reads a body as JSON.
///
/// # Errors
///
/// If it is none.
pub async fn json(headers: &HeaderMap, body: Body, state: &State) -> Result<Value, Problem> {
    parse(&body::read(headers, body, state).await?)
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::bad(format!("the body is not JSON: {error}")))
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    value.unwrap_or_default().to_ascii_lowercase()
}

/// Whether the body is said to be JSON.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    let kind = content_type(headers);
    let kind = kind.split(';').next().unwrap_or("").trim();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}
