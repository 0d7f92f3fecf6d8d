//! What our own way in takes.

use monitor_store::{Attribution, MEASURES, MemSource, Number, Outcome};
use serde_json::{Value, json};

use super::{CONTEXT_TEXTS, identifier, or_null, text};
use crate::compat::entity::METRIC_NUMBERS;

/// A session with its contexts and rows.
pub(super) fn schema() -> Value {
    let optional = ["contexts", "lockfile", "rows"];
    let fields = [
        ("session", session()),
        ("contexts", json!({"type": "array", "items": context()})),
        ("lockfile", or_null(text())),
        ("rows", json!({"type": "array", "items": row()})),
    ];
    object(&fields, &optional)
}

fn session() -> Value {
    let told = ["scm_ref", "branch", "merge_base", "pull_request", "ci_url"];
    let mut fields = vec![
        ("session_h", identifier()),
        ("run_date", json!({"type": "string", "format": "date-time"})),
        ("description", json!({"type": "object", "propertyNames": text()})),
        ("ended", json!({"type": "boolean"})),
    ];
    fields.extend(told.map(|name| (name, or_null(text()))));
    object(&fields, &[&told[..], &["description", "ended"]].concat())
}

fn context() -> Value {
    let texts = |names: &[&'static str]| names.iter().map(|name| (*name, text())).collect::<Vec<_>>();
    let class = object(&texts(&["class_h", "rustc", "profile", "opt_level", "target"]), &[]);
    let mut fields = texts(&CONTEXT_TEXTS);
    fields.extend([
        ("h", identifier()),
        ("cpu_count", whole(i64::MIN, i64::MAX)),
        ("cpu_frequency", json!({"type": "number"})),
        ("ram_total", whole(i64::MIN, i64::MAX)),
        ("cpu_vendor", or_null(text())),
        ("class", or_null(class)),
    ]);
    object(&fields, &["cpu_vendor", "class"])
}

fn row() -> Value {
    let named = json!({"type": "string", "pattern": "^[^\\u0000]+$", "maxLength": 512});
    let names = ["item_path", "item", "item_fs_loc", "component", "package", "binary"];
    let figures = METRIC_NUMBERS;
    let mut fields = vec![
        ("context_h", identifier()),
        ("item_start_time", named),
        ("item_variant", json!({"type": "string", "pattern": "^[^\\u0000]+$"})),
        ("kind", json!({"type": "string", "pattern": "^[^\\u0000]+$"})),
        ("profile", or_null(profile())),
        ("costs", json!({"type": "array", "items": cost()})),
    ];
    fields.extend(names.map(|name| (name, text())));
    fields.extend(figures.map(|name| (name, or_null(json!({"type": "number"})))));
    let mut row = object(&fields, &[&names[..], &figures, &["context_h", "profile", "costs"]].concat());
    row["description"] = "A test that did not end has no total_time; one of pytest-monitor has no profile.".into();
    row["anyOf"] = json!([
        {"required": ["total_time"], "properties": {"total_time": {"type": "number"}}},
        {"required": ["profile"], "properties": {"profile": {"type": "object"}}},
    ]);
    row
}

/// What a function cost, where a test's instructions were counted.
fn cost() -> Value {
    let mut fields = ["name", "file", "package"].map(|name| (name, text())).to_vec();
    fields.push(("line", whole(0, u32::MAX.into())));
    fields.extend(["self", "inclusive", "calls"].map(|name| (name, whole(0, i64::MAX))));
    object(&fields, &["file", "package", "line"])
}

fn profile() -> Value {
    let words = |words: Vec<&str>| json!({"enum": words});
    let mut fields = vec![
        ("attempt", whole(0, u32::MAX.into())),
        ("outcome", words(Outcome::ALL.iter().map(|word| word.as_str()).collect())),
        ("attribution", or_null(words(Attribution::ALL.iter().map(|word| word.as_str()).collect()))),
        ("mem_source", or_null(words(MemSource::ALL.iter().map(|word| word.as_str()).collect()))),
    ];
    fields.extend(MEASURES.iter().map(|measure| {
        let number = match measure.number {
            Number::Real => json!({"type": "number"}),
            Number::Signed => whole(i64::MIN, i64::MAX),
            Number::Count => whole(0, i64::MAX),
        };
        (measure.name, or_null(number))
    }));
    let optional: Vec<_> = fields.iter().map(|(name, _)| *name).filter(|name| *name != "outcome").collect();
    object(&fields, &optional)
}

fn object(fields: &[(&str, Value)], optional: &[&str]) -> Value {
    let mut object = super::object(fields, optional);
    object["additionalProperties"] = false.into();
    object
}

fn whole(least: i64, most: i64) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}
