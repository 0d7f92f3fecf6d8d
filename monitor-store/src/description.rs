//! `RUN_DESCRIPTION`: a flat JSON object of strings, in order.

use crate::json::{Json, quoted};

/// The JSON object of `fields`, in their order, spaced as Python spaces it.
pub(crate) fn to_json(fields: &[(String, String)]) -> String {
    let fields = fields.iter().map(|(key, value)| format!("{}: {}", quoted(key), quoted(value)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

/// The fields of a JSON object, in their order; none if `json` is something else. Values that are no strings, which
/// other tools may write, are turned into text as Python would.
pub(crate) fn from_json(json: &str) -> Vec<(String, String)> {
    match Json::parse(json) {
        Some(Json::Object(fields)) => fields.into_iter().map(|(key, value)| (key, to_text(value))).collect(),
        _ => Vec::new(),
    }
}

fn to_text(value: Json) -> String {
    match value {
        Json::Text(text) => text,
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Null => "None".to_owned(),
        Json::Number(number) if number.contains(['.', 'e', 'E']) => {
            number.parse::<f64>().map_or(number, |value| format!("{value:?}"))
        }
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
