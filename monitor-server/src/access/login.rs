//! People sign in on a page with a token, which a cookie then keeps.
//!
//! The cookie lets its bearer read, and nothing else: whatever a foreign page makes a browser send, nothing is changed by it.

use askama::Template;
use axum::extract::{Request, State as Of};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Problem;
use crate::ingest::body;
use crate::query::parameters;
use crate::state::State;
use crate::store::Access;

use super::cookie::NAME;
use super::encrypted::is_encrypted;

/// Where one signs in.
pub const PATH: &str = "/login";

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    next: String,
    refused: bool,
}

/// To the page, and back afterwards.
pub fn redirect(next: &str) -> Response {
    let location = format!("{PATH}?next={}", utf8_percent_encode(next, NON_ALPHANUMERIC));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// `GET /login`.
pub async fn page(request: Request) -> Result<Response, Problem> {
    let query = parameters(request.uri().query().unwrap_or(""));
    render(query.get("next").map_or("/", String::as_str), false)
}

/// `POST /login`: a token that may read something becomes a cookie.
pub async fn sign_in(Of(state): Of<State>, request: Request) -> Result<Response, Problem> {
    let (parts, sent) = request.into_parts();
    let sent = body::read(&parts.headers, sent, &state.options).await?;
    let mut sent = parameters(&String::from_utf8_lossy(&sent));
    let mut field = |name: &str| sent.remove(name).unwrap_or_default();
    let (next, token) = (field("next"), field("token").trim().to_owned());
    let known = state.read(|store| Ok(store.tokens()?));
    // Which project it is for is asked with each page.
    if let Err(problem) = state.gate.admit_secret(known, &token, None, Access::Read).await
        && problem.status() != StatusCode::FORBIDDEN
    {
        return if problem.status() == StatusCode::UNAUTHORIZED { render(&next, true) } else { Err(problem) };
    }
    let secure = if is_encrypted(&parts.extensions) { "; Secure" } else { "" };
    let cookie = format!("{NAME}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000{secure}");
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Problem::bad("the token is none"))?;
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, local(&next))]).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn render(next: &str, refused: bool) -> Result<Response, Problem> {
    let html = Page { next: local(next).to_owned(), refused }.render();
    let html = html.map_err(|error| Problem::bad(error.to_string()))?;
    let status = if refused { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    Ok((status, kind, html).into_response())
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
