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

use crate::error::Problem;
use crate::ingest::body;
use crate::query::parameters;
use crate::state::State;
use crate::store::Access;

use super::cookie::{self, FORM, TOKEN};
use super::encrypted::is_encrypted;
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
    next: String,
    form: String,
    reason: &'a str,
}

/// To the page, and back afterwards.
pub fn redirect(next: &str) -> Response {
    let location = format!("{PATH}?next={}", utf8_percent_encode(next, NON_ALPHANUMERIC));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// `GET /login`.
pub async fn page(request: Request) -> Result<Response, Problem> {
    let query = parameters(request.uri().query().unwrap_or(""));
    let next = query.get("next").map_or("/", String::as_str);
    render(StatusCode::OK, "", next, is_encrypted(request.extensions()))
}

/// `POST /login`: a token that may read something becomes a cookie.
pub async fn sign_in(Of(state): Of<State>, request: Request) -> Result<Response, Problem> {
    let (parts, sent) = request.into_parts();
    let encrypted = is_encrypted(&parts.extensions);
    let sent = body::read(&parts.headers, sent, &state).await?;
    let mut sent = parameters(&String::from_utf8_lossy(&sent));
    let mut field = |name: &str| sent.remove(name).unwrap_or_default();
    let (next, token) = (field("next"), field("token").trim().to_owned());
    let of_form = cookie::of(&parts.headers, FORM).unwrap_or_default();
    if of_form.is_empty() || !bool::from(of_form.as_bytes().ct_eq(field("form").as_bytes())) {
        return render(StatusCode::FORBIDDEN, "The form was too old. This is a new one.", &next, encrypted);
    }
    let known = state.read(|store| Ok(store.tokens()?));
    // Which project it is for is asked with each page.
    if let Err(problem) = state.gate.admit_secret(known, &token, None, Access::Read).await
        && problem.status() != StatusCode::FORBIDDEN
    {
        let is_wrong = problem.status() == StatusCode::UNAUTHORIZED;
        let again = || render(problem.status(), "That token is not valid here.", &next, encrypted);
        return if is_wrong { again() } else { Err(problem) };
    }
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, local(&next))]).into_response();
    cookie::give(&mut response, TOKEN, &token, LONG, encrypted);
    Ok(response)
}

/// `POST /logout`: the cookie is gone.
pub async fn sign_out(request: Request) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, PATH)]).into_response();
    cookie::give(&mut response, TOKEN, "", 0, is_encrypted(request.extensions()));
    response
}
fn render(status: StatusCode, reason: &str, next: &str, encrypted: bool) -> Result<Response, Problem> {
    let form = secret::generate().map_err(|error| Problem::later(format!("no secret can be made: {error}")))?;
    let html = Page { next: local(next).to_owned(), form: form.clone(), reason }.render();
    let html = html.map_err(|error| Problem::bad(error.to_string()))?;
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    let mut response = (status, headers, html).into_response();
    cookie::give(&mut response, FORM, &form, FORM_LASTS, encrypted);
    Ok(response)
}

/// A path of this server; its first page for anything else.
fn local(next: &str) -> &str {
    let is_path = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    if is_path && next.bytes().all(|byte| byte.is_ascii_graphic()) { next } else { "/" }
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
            assert_eq!(local(next), to, "{next:?}");
        }
    }
}
