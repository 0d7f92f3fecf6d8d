//! `RUN_DESCRIPTION`: a flat JSON object of strings, in order.

use serde_json::Value;

/// The JSON object of `fields`, in their order.
pub(crate) fn to_json(fields: &[(String, String)]) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let fields: Vec<_> = fields
        .iter()
        .map(|(key, value)| format!("{}: {}", text(key), text(value)))
        .collect();
    format!("{{{}}}", fields.join(", "))
}
