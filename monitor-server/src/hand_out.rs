//! Sessions as they are sent: whole, for `cargo monitor pull`, files and copies.

use axum::extract::{Path, Request, State as Of};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use monitor_client::wire::Listed;

use crate::address::Address;
use crate::compat::Reply;
use crate::error::Problem;
use crate::on_the_wire::{batch, session_head};
use crate::state::State;
use crate::store::{Filter, Page, Text};

/// `GET /api/v2/sessions`: every session, one a line, with its number of rows.
pub async fn list(Of(state): Of<State>, request: Request) -> Reply {
    let project = Address::of(request.extensions()).project;
    let lines = state.read(move |store| {
        let mut lines = String::new();
        for session in store.sessions(&Filter::project(&project), Page::ALL)? {
            let (rows, finished) = (session.runs, session.finished);
            let listed = Listed { session: session_head(session), rows, finished };
            lines += &serde_json::to_string(&listed).unwrap_or_default();
            lines.push('\n');
        }
        Ok(lines)
    });
    Ok(reply(lines.await?))
}

/// `GET /api/v2/sessions/{session}`: one with all that belongs to it, as it was sent.
pub async fn session(Of(state): Of<State>, Path(session_h): Path<String>, request: Request) -> Reply {
    let project = Address::of(request.extensions()).project;
    let lines = state.read(move |store| {
        let filter = Filter { session: Some(Text::Is(session_h)), ..Filter::project(&project) };
        let session = store.sessions(&filter, Page::first(1))?.pop();
        let session = session.ok_or_else(|| Problem::not_found("there is no such session"))?;
        Ok(batch(store, &project, session)?.to_lines())
    });
    Ok(reply(lines.await?))
}

fn reply(lines: String) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response()
}
