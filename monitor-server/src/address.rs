//! The address of a request: how the client reached the server, the project, and the route within it.
//!
//! `/p/NAME/api/v1/..` is the API of a project; without `/p/NAME` the project is `default`. `monitor_api` puts the link to
//! a next page behind its own base, so that what is asked for has the base twice: that is the same page.

use std::fmt;
use std::str::FromStr;

use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{self, Extensions, StatusCode, header};
use percent_encoding::percent_decode_str;

use crate::error::Problem;

/// The project of addresses that name none.
pub const DEFAULT_PROJECT: &str = "default";

const API: &str = "/api/v1";
/// Bytes of an address at most.
const LONGEST: usize = 16 << 10;

/// Where clients reach the server through a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// Scheme and host.
    pub origin: String,
    /// The path that stands before all others, without a slash at its end.
    pub base: String,
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let expected = "https://HOST or https://HOST/PATH is expected, where clients reach the server";
        let uri: Uri = url.parse().map_err(|error| format!("{expected}: {error}"))?;
        let (scheme, host) = uri.scheme_str().zip(uri.authority()).ok_or(expected)?;
        let base = uri.path().trim_end_matches('/');
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-".contains(&byte);
        if !matches!(scheme, "http" | "https")
            || host.as_str().contains('@')
            || url.contains(['?', '#'])
            || !base.bytes().all(is_plain)
            || base.contains("//")
        {
            return Err(expected.to_owned());
        }
        Ok(Self { origin: format!("{scheme}://{host}"), base: base.to_owned() })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.base)
    }
}

/// How clients reach the server.
#[derive(Clone, Debug, Default)]
pub struct Entrance {
    /// Whether they speak TLS with the server itself.
    pub is_encrypted: bool,
    /// Through a proxy.
    pub public_url: Option<PublicUrl>,
}

/// What an address says before the route.
#[derive(Clone, Debug, Default)]
pub struct Address {
    /// Scheme and host by which the client reached the server; empty if it did not say.
    pub origin: String,
    /// The path that stands before all of the server's own; usually nothing.
    pub base: String,
    /// Name of the project.
    pub project: String,
    /// The base, and `/p/NAME` if the project was named.
    pub prefix: String,
    /// The route's path.
    pub path: String,
}

impl Address {
    /// The address of a request that [`resolve`] has seen.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// Whether the client speaks TLS, with the server or with a proxy before it.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.origin.starts_with("https:")
    }
}

/// Splits the address of a request; the second value is what the router is to see. A proxy may have taken the base off.
///
/// # Errors
///
/// If it is too long, or its escapes are no text that could be asked for.
pub fn resolve<B>(request: &http::Request<B>, entrance: &Entrance) -> Result<(Address, Uri), Problem> {
    let uri = request.uri();
    let whole = uri.path();
    if whole.len() + uri.query().map_or(0, str::len) > LONGEST {
        return Err(Problem::new(StatusCode::URI_TOO_LONG, format!("the address has more than {LONGEST} bytes")));
    }
    let decoded = percent_decode_str(whole).decode_utf8().map_err(|_| Problem::bad("the address is not UTF-8"))?;
    if decoded.contains('\0') || uri.query().is_some_and(|query| query.contains("%00")) {
        return Err(Problem::bad("the address holds the character NUL"));
    }
    let base = entrance.public_url.as_ref().map_or("", |url| &url.base);
    let within = whole.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(whole);
    let (named, path) = split_project(within).unwrap_or(("", within));
    let prefix = format!("{base}{named}");
    let path = if path.is_empty() { "/" } else { undouble(&prefix, path) };
    let project = named.strip_prefix("/p/").unwrap_or(DEFAULT_PROJECT).to_owned();
    let origin = entrance.public_url.as_ref().map_or_else(|| origin(request, entrance), |url| url.origin.clone());
    let address = Address { origin, base: base.to_owned(), project, prefix, path: path.to_owned() };
    let target = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let target = target.parse::<PathAndQuery>().map_err(|error| Problem::bad(format!("the address: {error}")))?;
    Ok((address, Uri::from(target)))
}

fn origin<B>(request: &http::Request<B>, entrance: &Entrance) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let scheme = if entrance.is_encrypted { "https" } else { "http" };
    host.map(|host| format!("{scheme}://{host}")).unwrap_or_default()
}

/// Whether a project may be called so.
#[must_use]
pub fn is_project(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('.')
}

fn split_project(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/p/")?;
    let end = rest.find('/').unwrap_or(rest.len());
    is_project(&rest[..end]).then(|| path.split_at("/p/".len() + end))
}

fn undouble<'a>(prefix: &str, mut path: &'a str) -> &'a str {
    while let Some(rest) = path.strip_prefix(API).and_then(|rest| rest.strip_prefix(prefix)) {
        let again = rest.strip_prefix(API).is_some_and(|rest| rest.starts_with('/'));
        if !again {
            break;
        }
        path = rest;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(uri: &str) -> http::Request<()> {
        http::Request::get(uri).body(()).unwrap()
    }

    fn resolved(uri: &str) -> (String, String) {
        let (address, target) = resolve(&ask(uri), &Entrance::default()).unwrap();
        (address.project, target.to_string())
    }

    #[test]
    fn projects_and_doubled_bases_are_taken_off() {
        for (uri, project, target) in [
            ("/api/v1/metrics/?page=2", "default", "/api/v1/metrics/?page=2"),
            ("/api/v1/api/v1/metrics/?page=2", "default", "/api/v1/metrics/?page=2"),
            ("/p/ours/api/v1/metrics/", "ours", "/api/v1/metrics/"),
            ("/p/ours/api/v1/p/ours/api/v1/metrics/", "ours", "/api/v1/metrics/"),
            ("/p/ours/api/v1/p/other/api/v1/metrics/", "ours", "/api/v1/p/other/api/v1/metrics/"),
            ("/p/ours", "ours", "/"),
            ("/p/ours?a=b", "ours", "/?a=b"),
            ("/p/a%2Fb/api/v1/", "default", "/p/a%2Fb/api/v1/"),
            ("/p/../api/v1/", "default", "/p/../api/v1/"),
        ] {
            assert_eq!(resolved(uri), (project.to_owned(), target.to_owned()), "{uri}");
        }
    }

    #[test]
    fn addresses_that_are_no_text_are_refused() {
        for uri in ["/api/v1/items/%ff/metrics", "/api/v1/items/%00/metrics", "/?page=%00"] {
            assert!(resolve(&ask(uri), &Entrance::default()).is_err(), "{uri}");
        }
    }

    #[test]
    fn a_proxy_may_leave_the_base_or_take_it_off() {
        let public_url = Some("https://example.org/tools/monitor/".parse().unwrap());
        let entrance = Entrance { public_url, ..Entrance::default() };
        for (uri, prefix, target) in [
            ("/tools/monitor/p/ours/tests?q=a", "/tools/monitor/p/ours", "/tests?q=a"),
            ("/p/ours/tests?q=a", "/tools/monitor/p/ours", "/tests?q=a"),
            ("/tools/monitor/", "/tools/monitor", "/"),
            ("/tools/monitor", "/tools/monitor", "/"),
            ("/tools/monitors", "/tools/monitor", "/tools/monitors"),
            ("/api/v1/tools/monitor/api/v1/metrics/?page=2", "/tools/monitor", "/api/v1/metrics/?page=2"),
            ("/tools/monitor/p/a/api/v1/tools/monitor/p/a/api/v1/metrics/", "/tools/monitor/p/a", "/api/v1/metrics/"),
        ] {
            let (address, found) = resolve(&ask(uri), &entrance).unwrap();
            assert_eq!((address.prefix.as_str(), found.to_string().as_str()), (prefix, target), "{uri}");
            assert_eq!((address.origin.as_str(), address.is_encrypted()), ("https://example.org", true));
        }
    }

    #[test]
    fn a_public_url_has_a_scheme_a_host_and_a_plain_path() {
        let url = |text: &str| text.parse::<PublicUrl>().map(|url| url.to_string());
        assert_eq!(url("http://[::1]:8080/").unwrap(), "http://[::1]:8080");
        assert_eq!(url("https://a.example/x/y").unwrap(), "https://a.example/x/y");
        for text in [
            "a.example",
            "/x",
            "ftp://a",
            "https://u:p@a",
            "https://a/?q",
            "https://a/#x",
            "https://a//b",
            "https://a/<",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }
}
