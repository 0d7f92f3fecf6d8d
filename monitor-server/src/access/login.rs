//! People sign in on a page with a token, which a cookie then keeps.
//!
//! The cookie lets its bearer read, and nothing else: whatever a foreign page makes a browser send, nothing is changed by it.
//! Nor can it sign a browser in as somebody else: the form has a secret, which stands in a cookie too.

use askama::Template;
use axum::extract::{Request, State as Of};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use subtle::ConstantTimeEq as _;

use crate::address::Address;
use crate::error::Problem;
use crate::ingest::body;
use crate::query::parameters;
use crate::state::State;

use super::cookie::{self, FORM, TOKEN};
use super::secret;

/// Where one signs in.
pub const PATH: &str = "/login";
/// Where one signs out.
pub const OUT: &str = "/logout";

/// How long a browser stays signed in, seconds: a year, unless the token ends before.
const LONG: u32 = 31_536_000;
/// How long a form is good, seconds.
const FORM_LASTS: u32 = 3600;

#[derive(Template)]
#[template(path = "login.html")]
struct Page<'a> {
    base: &'a str,
    next: String,
    form: String,
    reason: &'a str,
}

/// To the page, and back afterwards.
pub fn redirect(address: &Address, target: &str) -> Response {
    let next = format!("{}{target}", address.prefix);
    let location = format!("{}{PATH}?next={}", address.base, utf8_percent_encode(&next, NON_ALPHANUMERIC));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// `GET /login`.
pub async fn page(request: Request) -> Result<Response, Problem> {
    let query = parameters(request.uri().query().unwrap_or(""));
    let next = query.get("next").map_or("", String::as_str);
    render(StatusCode::OK, "", next, &Address::of(request.extensions()))
}

/// `POST /login`: a token that may read something becomes a cookie.
pub async fn sign_in(Of(state): Of<State>, request: Request) -> Result<Response, Problem> {
    let (parts, sent) = request.into_parts();
    let address = Address::of(&parts.extensions);
    let sent = body::read(&parts.headers, sent, &state).await?;
    let mut sent = parameters(&String::from_utf8_lossy(&sent));
    let mut field = |name: &str| sent.remove(name).unwrap_or_default();
    let (next, token) = (field("next"), field("token").trim().to_owned());
    let of_form = cookie::of(&parts.headers, FORM).unwrap_or_default();
    if of_form.is_empty() || !bool::from(of_form.as_bytes().ct_eq(field("form").as_bytes())) {
        return render(StatusCode::FORBIDDEN, "The form was too old. This is a new one.", &next, &address);
    }
    let known = state.read(|store| Ok(store.tokens()?));
    let found = match state.gate.token(known, std::slice::from_ref(&token)).await {
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            return render(problem.status(), "That token is not valid here.", &next, &address);
        }
        found => found?,
    };
    let mut next = local(&address, &next);
    if let Some(only) = found.and_then(|token| token.project) {
        let project = format!("{}/p/{only}/", address.base);
        next = if next.starts_with(&project) { next } else { project };
    }
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, next)]).into_response();
    cookie::give(&mut response, &address, TOKEN, &token, LONG);
    Ok(response)
}

/// `POST /logout`: the cookie is gone.
pub async fn sign_out(request: Request) -> Response {
    let address = Address::of(request.extensions());
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{}{PATH}", address.base))]).into_response();
    cookie::give(&mut response, &address, TOKEN, "", 0);
    response
}

fn render(status: StatusCode, reason: &str, next: &str, address: &Address) -> Result<Response, Problem> {
    let form = secret::generate().map_err(|error| Problem::later(format!("no secret can be made: {error}")))?;
    let html = Page { base: &address.base, next: local(address, next), form: form.clone(), reason }.render();
    let html = html.map_err(|error| Problem::bad(error.to_string()))?;
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    let mut response = (status, headers, html).into_response();
    cookie::give(&mut response, address, FORM, &form, FORM_LASTS);
    Ok(response)
}

/// A path of this server; its first page for anything else.
fn local(address: &Address, next: &str) -> String {
    let is_path = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    let is_local = is_path && next.bytes().all(|byte| byte.is_ascii_graphic());
    if is_local { next.to_owned() } else { format!("{}/", address.base) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (next, to) in [
            ("/p/ours/?a=b", "/p/ours/?a=b"),
            ("https://evil.example", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(local(&Address::default(), next), to, "{next:?}");
        }
    }
}
