//! The request that brings a whole session.

use axum::body::Body;
use axum::extract::{Request, State as Of};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::{batch, body};
use crate::address::Address;
use crate::compat::sessions::other_session;
use crate::compat::{Reply, render};
use crate::error::Problem;
use crate::judge::findings;
use crate::state::State;
use crate::store::{Outcome, Write};

/// `POST /api/v2/sessions`: a session with all that belongs to it, whole or not at all. Sending it twice changes nothing.
pub async fn sessions(Of(state): Of<State>, request: Request) -> Reply {
    let (parts, body) = request.into_parts();
    let _arrival = state.arrivals.begin();
    let bytes = body_of(&parts.headers, body, &state).await?;
    let lines = kind(&parts.headers)?;
    let project = Address::of(&parts.extensions).project;
    let parse = move || batch::parse(&bytes, lines, project);
    let parsed = tokio::task::spawn_blocking(parse).await;
    let write: Write = parsed.map_err(|error| Problem::bad(error.to_string()))??;
    let (session, rows) = (write.session.as_ref().map(|session| session.h.clone()), write.runs.len());
    let over = write.session.as_ref().filter(|session| session.facts.ended_at.is_some());
    let over = over.map(|session| (write.project.clone(), session.h.clone()));
    match state.write(write).await? {
        Outcome::Stored { new_runs } => {
            if let Some((project, session_h)) = over {
                findings::keep(&state, project, session_h);
            }
            let body = json!({"session_h": session, "rows": rows, "new_rows": new_runs});
            Ok(render::json(StatusCode::CREATED, &body))
        }
        Outcome::OtherSession => Err(other_session()),
    }
}

async fn body_of(headers: &HeaderMap, body: Body, state: &State) -> Result<Vec<u8>, Problem> {
    let _place = state.bodies.acquire().await.map_err(|_| Problem::later("the server ends"))?;
    body::read(headers, body, state).await
}

/// Whether the body is one JSON value a line rather than one document.
fn kind(headers: &HeaderMap) -> Result<bool, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    match kind.split(';').next().unwrap_or("").trim() {
        "application/json" => Ok(false),
        "application/x-ndjson" | "application/jsonl" => Ok(true),
        other => Err(Problem::field(
            "Content-Type",
            format!("'{other}' is neither application/json nor application/x-ndjson"),
        )),
    }
}
