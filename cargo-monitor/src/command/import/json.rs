//! JSON as tools write it: also with numbers that JSON has not.

use anyhow::Context as _;
use serde_json::Value;

/// The value of a text. `NaN`, `Infinity` and `1e400`, of which JSON knows nothing, become texts: what has one is left out by name.
pub(super) fn read(text: &str) -> anyhow::Result<Value> {
    serde_json::from_str(text)
        .or_else(|error| serde_json::from_str(&quoted(text)).map_err(|_| error))
        .context("it is not JSON")
}

/// A value as text: a text without its quotes.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `[size=1, threads=2]` of the fields of an object and `more` of them, or nothing.
pub(super) fn parameters(object: &Value, more: Option<String>) -> String {
    let fields = object.as_object().into_iter().flatten();
    let all: Vec<String> = fields.map(|(name, value)| format!("{name}={}", text(value))).chain(more).collect();
    if all.is_empty() { String::new() } else { format!("[{}]", all.join(", ")) }
}

/// Why a value that is no number is left out.
pub(super) fn no_time(value: &Value) -> String {
    match value {
        Value::Null => "without a time".to_owned(),
        Value::String(text) => format!("`{text}` is not a time"),
        value => format!("`{value}` is not a time"),
    }
}

/// With quotes around what is a number, but none of JSON's.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string(rest),
            c if is_of_number(c) => rest.find(|c| !is_of_number(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        let is_number = is_of_number(first) && token.parse::<f64>().is_ok_and(|number| !number.is_finite());
        quoted.push_str(&if is_number { format!("\"{token}\"") } else { token.to_owned() });
        rest = after;
    }
    quoted
}

fn is_of_number(c: char) -> bool {
    c.is_ascii_alphanumeric() || ['+', '-', '.'].contains(&c)
}

/// How long the string is at the beginning of a text, its quotes included.
fn string(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_json_are_texts() {
        let data = read(r#"{"a NaN, \"": [NaN, -Infinity, 1e400, 1.5, null, true], "b": "NaN"}"#).expect("it is read");
        assert_eq!(data["a NaN, \""].to_string(), r#"["NaN","-Infinity","1e400",1.5,null,true]"#);
        for text in ["{\"a\": fast}", "{", "", "NaN x"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
