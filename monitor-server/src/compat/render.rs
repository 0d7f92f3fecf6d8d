//! JSON as the Python server writes it: everything beyond ASCII escaped, a newline at the end.

use std::io;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// An answer in JSON.
#[must_use]
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut bytes = Vec::with_capacity(512);
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
        let mut rest = fragment.as_bytes();
        for (at, letter) in fragment.char_indices().filter(|(_, letter)| !letter.is_ascii()) {
            let from_here = &fragment.as_bytes()[at..];
            writer.write_all(&rest[..rest.len() - from_here.len()])?;
            for unit in letter.encode_utf16(&mut [0; 2]) {
                writer.write_all(&escape(*unit))?;
            }
            rest = &from_here[letter.len_utf8()..];
        }
        writer.write_all(rest)
    }
}

/// `\u00e9`. Not by the formatter of texts: there may be millions.
fn escape(unit: u16) -> [u8; 6] {
    let digit = |shift: u16| b"0123456789abcdef"[usize::from((unit >> shift) & 15)];
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_beyond_ascii_is_escaped_and_nothing_else() {
        for (text, written) in [
            ("plain \"quoted\"", r#""plain \"quoted\"""#),
            ("aé b", r#""a\u00e9 b""#),
            ("日本", r#""\u65e5\u672c""#),
            ("x😀", r#""x\ud83d\ude00""#),
        ] {
            let mut bytes = Vec::new();
            Value::from(text).serialize(&mut Serializer::with_formatter(&mut bytes, Ascii)).expect("it is written");
            assert_eq!(String::from_utf8(bytes).expect("ASCII"), written, "{text}");
        }
    }
}
