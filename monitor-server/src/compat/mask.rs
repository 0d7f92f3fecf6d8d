//! The header `X-Fields` of flask-restx: the fields that a client wants, as `metrics{item,kind}`.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use crate::error::Problem;

/// Fields to keep, each with what to keep inside.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Mask(Vec<(String, Option<Mask>)>);

impl Mask {
    /// Reads the header; `None` if it is not well formed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text.split_whitespace().collect();
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(&text);
        let (mask, rest) = fields(inner, 0)?;
        rest.is_empty().then_some(mask)
    }

    /// Of a request; `None` if all is wanted.
    ///
    /// # Errors
    ///
    /// If it is not well formed.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get("x-fields").filter(|fields| !fields.is_empty()) else { return Ok(None) };
        let mask = value.to_str().ok().and_then(Self::parse);
        mask.map(Some).ok_or_else(|| Problem::field("X-Fields", "it is not like metrics{item,kind}"))
    }

    /// Takes away what is not wanted.
    #[must_use]
    pub fn apply(&self, value: Value) -> Value {
        match value {
            Value::Array(values) => values.into_iter().map(|value| self.apply(value)).collect(),
            Value::Object(object) => self.of_object(object).into(),
            other => other,
        }
    }

    fn of_object(&self, object: Map<String, Value>) -> Map<String, Value> {
        let find = |wanted: &str| self.0.iter().find(|(name, _)| name == wanted);
        let wanted = |(name, value): (String, Value)| match find(&name).or_else(|| find("*"))? {
            (_, Some(inner)) => Some((name, inner.apply(value))),
            (_, None) => Some((name, value)),
        };
        object.into_iter().filter_map(wanted).collect()
    }
}

fn fields(mut text: &str, depth: u8) -> Option<(Mask, &str)> {
    let mut mask = Mask::default();
    if depth > 8 {
        return None;
    }
    loop {
        let end = text.find(['{', '}', ',']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if name.is_empty() {
            return None;
        }
        text = rest;
        let mut inner = None;
        if let Some(rest) = text.strip_prefix('{') {
            let (fields, rest) = fields(rest, depth + 1)?;
            inner = Some(fields);
            text = rest.strip_prefix('}')?;
        }
        mask.0.push((name.to_owned(), inner));
        match text.strip_prefix(',') {
            Some(rest) => text = rest,
            None => return Some((mask, text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_fields_stay() {
        let value = serde_json::json!({"metrics": [{"item": "a", "kind": "b"}], "total_page": 1});
        let masked = |mask: &str| Mask::parse(mask).map(|mask| mask.apply(value.clone()).to_string());
        assert_eq!(masked("metrics{item}").as_deref(), Some(r#"{"metrics":[{"item":"a"}]}"#));
        assert_eq!(masked("{total_page}").as_deref(), Some(r#"{"total_page":1}"#));
        assert_eq!(masked("*"), Some(value.to_string()));
        assert_eq!(masked("metrics{kind,nosuch},*").as_deref(), Some(r#"{"metrics":[{"kind":"b"}],"total_page":1}"#));
        assert_eq!(masked("nosuch").as_deref(), Some("{}"));
        for broken in ["", "metrics{", "a}", "a,,b", "{"] {
            assert_eq!(masked(broken), None, "{broken}");
        }
    }
}
