//! JSON: one table is an array of objects, several sections are an object.

use serde_json::{Map, Number, Value as Json};

use super::document::{Body, Cell, Document, Table, Value};
use super::safe;

pub(super) fn render(document: &Document) -> String {
    let json = match document.sections.as_slice() {
        [section] => body(&section.body),
        sections => Json::Object(sections.iter().map(|s| (s.key.to_owned(), body(&s.body))).collect()),
    };
    let mut text = String::new();
    // What JSON leaves as it is but a terminal obeys can only stand inside strings, where an escape means the same.
    for character in format!("{json:#}\n").chars() {
        match character {
            '\n' => text.push('\n'),
            _ if safe::is_unsafe(character) => text.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => text.push(character),
        }
    }
    text
}

fn body(body: &Body) -> Json {
    match body {
        Body::Facts(facts) => Json::Object(facts.iter().map(|(column, cell)| pair(column.key, cell)).collect()),
        Body::Table(table) => Json::Array(rows(table)),
    }
}

fn rows(table: &Table) -> Vec<Json> {
    let row = |cells: &Vec<Cell>| -> Map<String, Json> {
        table.columns.iter().zip(cells).map(|(column, cell)| pair(column.key, cell)).collect()
    };
    table.rows.iter().map(|cells| Json::Object(row(cells))).collect()
}

fn pair(key: &str, cell: &Cell) -> (String, Json) {
    (key.to_owned(), value(&cell.value))
}

/// A number that JSON does not have (infinite, none) is null.
fn value(value: &Value) -> Json {
    let number = |number: f64| Number::from_f64(number).map_or(Json::Null, Json::Number);
    match value {
        Value::Missing => Json::Null,
        Value::Text(text) | Value::Name(text) | Value::Id(text) => Json::from(text.as_str()),
        Value::Count(count) => Json::from(*count),
        #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number of bytes")]
        Value::Bytes(bytes) if bytes.fract() == 0.0 && bytes.abs() < 9e15 => Json::from(*bytes as i64),
        Value::Seconds(n) | Value::Bytes(n) | Value::Ratio(n) | Value::Number(n) => number(*n),
        Value::Time(time) => Json::from(time.to_string()),
        Value::Flag(flag) => Json::from(*flag),
    }
}
