//! `RUN_DESCRIPTION`: a flat JSON object of strings, in order.

use serde_json::{Deserializer, Value};

/// The JSON object of `fields`, in their order.
pub(crate) fn to_json(fields: &[(String, String)]) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{}: {}", text(key), text(value))).collect();
    format!("{{{}}}", fields.join(", "))
}

/// The fields of a JSON object, in their order; none if `json` is something else. Values that are no strings, which
/// other tools may write, are turned into text as Python would.
pub(crate) fn from_json(json: &str) -> Vec<(String, String)> {
    read_object(json).unwrap_or_default()
}

fn read_object(json: &str) -> Option<Vec<(String, String)>> {
    let mut rest = json.trim_start().strip_prefix('{')?.trim_start();
    let mut fields = Vec::new();
    if rest.starts_with('}') {
        return Some(fields);
    }
    loop {
        let (key, after_key) = read_value(rest)?;
        let (value, after_value) = read_value(after_key.strip_prefix(':')?)?;
        fields.push((key.as_str()?.to_owned(), to_text(&value)));
        if after_value.starts_with('}') {
            return Some(fields);
        }
        rest = after_value.strip_prefix(',')?;
    }
}

/// The value at the start of `json`, and what comes after it.
fn read_value(json: &str) -> Option<(Value, &str)> {
    let mut values = Deserializer::from_str(json).into_iter();
    let value = values.next()?.ok()?;
    Some((value, json[values.byte_offset()..].trim_start()))
}

fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn fields_come_back_in_order() {
        let fields = fields(&[("z", "a \"quote\""), ("a", "\n\u{0}🦀"), ("", ""), ("k,}", "{:")]);
        assert_eq!(from_json(&to_json(&fields)), fields);
        assert_eq!(from_json(&to_json(&[])), []);
    }

    #[test]
    fn values_of_other_types_become_text() {
        let json = r#" { "n" : 9 , "t":true,"f":1.50,"x":null,"l":[1, "a"] } "#;
        let expected = fields(&[("n", "9"), ("t", "True"), ("f", "1.5"), ("x", "None"), ("l", "[1,\"a\"]")]);
        assert_eq!(from_json(json), expected);
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        for json in ["", "[]", "null", "\"s\"", "{\"a\"", "{\"a\" 1}", "{1: 2}", "{\"a\": 1,}"] {
            assert_eq!(from_json(json), [], "{json}");
        }
    }
}
