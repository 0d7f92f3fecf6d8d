//! JSON: one table is an array of objects, several sections are an object.

use std::borrow::Cow;

use monitor_analysis::quantity::{Quantity, Unit};
use monitor_analysis::sanitise::terminal;
use serde_json::{Map, Number, Value as Json};

use crate::document::{Body, Cell, Document, Table, Value};

/// JSON: one section is its own value, several are an object.
#[must_use]
pub fn render(document: &Document) -> String {
    let json = match document.sections.as_slice() {
        [section] => body(&section.body),
        sections => Json::Object(sections.iter().map(|s| (s.key.to_owned(), body(&s.body))).collect()),
    };
    printable(&format!("{json:#}\n"))
}

/// The rows of a table as JSON, an object on each line.
#[must_use]
pub fn lines(table: &Table) -> String {
    let lines: Vec<String> = rows(table).into_iter().map(|row| format!("{row}\n")).collect();
    printable(&lines.concat())
}

/// What JSON leaves as it is but a terminal obeys can only stand inside strings, where an escape means the same.
fn printable(json: &str) -> String {
    let line = |line: &str| match terminal(line) {
        Cow::Borrowed(line) => line.to_owned(),
        Cow::Owned(_) => line.chars().map(escaped).collect(),
    };
    json.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// The character, as an escape of JSON if it acts instead of showing.
fn escaped(character: char) -> String {
    let mut units = [0; 2];
    match terminal(character.encode_utf8(&mut [0; 4])) {
        Cow::Borrowed(character) => character.to_owned(),
        Cow::Owned(_) => character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    }
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
        Value::Text(text) | Value::Name(text) | Value::Id(text) | Value::Toolchain(text) => Json::from(text.as_str()),
        #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number that a float holds")]
        Value::Quantity(Quantity { value, unit: Unit::Bytes | Unit::Count }) if is_whole(*value) => {
            Json::from(*value as i64)
        }
        Value::Quantity(Quantity { value, .. }) | Value::Share(value) | Value::Change(value, _) => number(*value),
        Value::Time(time) => Json::from(time.to_string()),
        Value::Flag(flag) => Json::from(*flag),
        Value::Fields(fields) => {
            Json::Object(fields.iter().map(|(name, text)| (name.clone(), Json::from(text.as_str()))).collect())
        }
    }
}

/// The text of a value for programs: as JSON has it, without quotes.
#[must_use]
pub fn text(value: &Value) -> String {
    match self::value(value) {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

fn is_whole(value: f64) -> bool {
    value.fract() == 0.0 && value.abs() < 9e15
}
