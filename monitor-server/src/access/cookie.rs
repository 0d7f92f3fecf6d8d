//! Cookies: what a browser shows with every request to this server, and scripts can't read.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use crate::address::Address;

/// Keeps the token of somebody who signed in.
pub const TOKEN: &str = "monitor_token";
/// Keeps the secret of the form by which somebody signs in.
pub const FORM: &str = "monitor_form";

/// The value of a cookie that a browser shows; `None` if it is empty or not there.
#[must_use]
pub fn of(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, value)| *known == name && !value.is_empty()).map(|(_, value)| value.to_owned())
}

/// Gives a browser a cookie for so many seconds; nothing if the value can't be one.
pub fn give(response: &mut Response, address: &Address, name: &str, value: &str, seconds: u32) {
    let secure = if address.is_encrypted() { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path={}/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", address.base);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
