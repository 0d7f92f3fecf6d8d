//! Who may do what, and how much.

mod gate;
pub mod secret;

use axum::extract::{Request, State as Of};
use axum::http::{Extensions, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

pub use gate::Gate;

use crate::address::Address;
use crate::state::State;
use crate::store::Access;

/// How a request reached the server.
#[derive(Clone, Copy, Debug)]
pub struct Encrypted(pub bool);

/// Whether a request came by TLS.
#[must_use]
pub fn is_encrypted(extensions: &Extensions) -> bool {
    extensions.get::<Encrypted>().is_some_and(|encrypted| encrypted.0)
}

/// Lets a request through if it may pass: before a byte of its body is read.
pub async fn check(Of(state): Of<State>, request: Request, next: Next) -> Response {
    let address = Address::of(request.extensions());
    let open_to_all = matches!(address.path.as_str(), "/healthz" | "/readyz");
    let needed = match *request.method() {
        Method::GET | Method::HEAD | Method::OPTIONS => Access::Read,
        _ => Access::Write,
    };
    let project = (address.path != "/metrics").then_some(address.project.as_str());
    if !open_to_all {
        let tokens = state.read(|store| Ok(store.tokens()?));
        if let Err(problem) = state.gate.admit(tokens, request.headers(), project, needed).await {
            return problem.into_response();
        }
    }
    let mut response = next.run(request).await;
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
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
