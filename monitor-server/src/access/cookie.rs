//! The cookie that keeps the token of somebody who signed in.

use axum::http::{HeaderMap, header};

/// Its name.
pub const NAME: &str = "monitor_token";

/// The secret that a request's cookie holds.
pub fn of_cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).map(|(_, value)| value.to_owned())
}
