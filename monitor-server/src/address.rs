//! The address of a request: its project, and the route within it.
//!
//! `/p/NAME/api/v1/..` is the API of a project; without `/p/NAME` the project is `default`. `monitor_api` puts the link to
//! a next page behind its own base, so that what is asked for has the base twice: that is the same page.

use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{Extensions, StatusCode};
use percent_encoding::percent_decode_str;

use crate::error::Problem;

/// The project of addresses that name none.
pub const DEFAULT_PROJECT: &str = "default";

const API: &str = "/api/v1";
/// Bytes of an address at most.
const LONGEST: usize = 16 << 10;

/// What an address says before the route.
#[derive(Clone, Debug, Default)]
pub struct Address {
    /// Name of the project.
    pub project: String,
    /// `/p/NAME`, or nothing.
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
}

/// Splits an address; the second value is what the router is to see.
///
/// # Errors
///
/// If it is too long, or its escapes are no text that could be asked for.
pub fn resolve(uri: &Uri) -> Result<(Address, Uri), Problem> {
    let whole = uri.path();
    if whole.len() + uri.query().map_or(0, str::len) > LONGEST {
        return Err(Problem::new(StatusCode::URI_TOO_LONG, format!("the address has more than {LONGEST} bytes")));
    }
    let decoded = percent_decode_str(whole).decode_utf8().map_err(|_| Problem::bad("the address is not UTF-8"))?;
    if decoded.contains('\0') || uri.query().is_some_and(|query| query.contains("%00")) {
        return Err(Problem::bad("the address holds the character NUL"));
    }
    let (prefix, path) = split_project(whole).unwrap_or(("", whole));
    let path = undouble(prefix, path);
    let project = prefix.strip_prefix("/p/").unwrap_or(DEFAULT_PROJECT).to_owned();
    let address = Address { project, prefix: prefix.to_owned(), path: path.to_owned() };
    let target = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let target = target.parse::<PathAndQuery>().map_err(|error| Problem::bad(format!("the address: {error}")))?;
    Ok((address, Uri::from(target)))
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

    fn resolved(uri: &str) -> (String, String) {
        let (address, target) = resolve(&uri.parse().unwrap()).unwrap();
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
            ("/p/a%2Fb/api/v1/", "default", "/p/a%2Fb/api/v1/"),
            ("/p/../api/v1/", "default", "/p/../api/v1/"),
        ] {
            assert_eq!(resolved(uri), (project.to_owned(), target.to_owned()), "{uri}");
        }
    }

    #[test]
    fn addresses_that_are_no_text_are_refused() {
        for uri in ["/api/v1/items/%ff/metrics", "/api/v1/items/%00/metrics", "/?page=%00"] {
            assert!(resolve(&uri.parse().unwrap()).is_err(), "{uri}");
        }
    }
}
