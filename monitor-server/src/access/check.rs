//! What every request has to pass.

use axum::extract::{Request, State as Of};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::login;
use crate::address::Address;
use crate::error::Problem;
use crate::pages;
use crate::state::State;
use crate::store::Access;

/// Lets a request through if it may pass: before a byte of its body is read.
pub async fn check(Of(state): Of<State>, request: Request, next: Next) -> Response {
    let address = Address::of(request.extensions());
    let open_to_all = matches!(address.path.as_str(), "/healthz" | "/readyz" | login::PATH | login::OUT)
        || address.path.starts_with(pages::ASSETS);
    let needed = match *request.method() {
        Method::GET | Method::HEAD | Method::OPTIONS => Access::Read,
        _ => Access::Write,
    };
    let project = (address.path != "/metrics").then_some(address.project.as_str());
    let tokens = state.read(|store| Ok(store.tokens()?));
    let admitted = match open_to_all {
        true => Ok(()),
        false => state.gate.admit(tokens, request.headers(), project, needed).await,
    };
    let mut response = match admitted {
        Ok(()) => next.run(request).await,
        Err(problem) => refused(&address, &request, problem),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
             connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// People are led to where they sign in, or see why that is not enough.
fn refused(address: &Address, request: &Request, problem: Problem) -> Response {
    let is_page = request.method() == Method::GET && !address.path.starts_with("/api/");
    if !is_page || !wants_html(request.headers()) {
        return problem.into_response();
    }
    if problem.status() == StatusCode::UNAUTHORIZED {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        return login::redirect(address, target);
    }
    pages::failed(&pages::Wanted::of(request), problem)
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("text/html"))
}
