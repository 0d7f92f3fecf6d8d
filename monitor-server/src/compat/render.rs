//! JSON as the Python server writes it: everything beyond ASCII escaped, a newline at the end.

use std::io;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// An answer in JSON.
#[must_use]
pub fn json(status: StatusCode, body: &Value) -> Response {
    let mut bytes = Vec::new();
    // Values can always be written to memory.
    let _ = body.serialize(&mut Serializer::with_formatter(&mut bytes, Ascii));
    bytes.push(b'\n');
    (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}

/// Nothing was found.
#[must_use]
pub fn nothing() -> Response {
    (StatusCode::NO_CONTENT, [(header::CONTENT_TYPE, "application/json")], Body::empty()).into_response()
}

/// Nothing is here, for people.
#[must_use]
pub fn no_page() -> Response {
    let page = "<!doctype html>\n<html lang=\"en\">\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n\
                <p>There is no such page on this server.</p>\n";
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() {
            return writer.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        for letter in fragment.chars() {
            if letter.is_ascii() {
                writer.write_all(&[letter as u8])?;
                continue;
            }
            for unit in letter.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}
