//! Whether the server lives, whether it can work, and its numbers.

use axum::extract::State as Of;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::error::Problem;
use crate::state::State;
use crate::store::{Filter, Names};

/// `/healthz`: the process answers.
pub async fn healthz() -> Response {
    (StatusCode::OK, "ok\n").into_response()
}

/// `/readyz`: the database answers too.
pub async fn readyz(Of(state): Of<State>) -> Result<Response, Problem> {
    state
        .read(|store| Ok(store.names(Names::Projects, &Filter::default())?))
        .await
        .map_err(|_| Problem::later("the database does not answer"))?;
    Ok((StatusCode::OK, "ready\n").into_response())
}

/// `/metrics`: numbers for Prometheus.
pub async fn metrics(Of(state): Of<State>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, state.counters.to_text()).into_response()
}
