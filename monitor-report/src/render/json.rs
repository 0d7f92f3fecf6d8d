//! JSON: one table is an array of objects, several sections are an object.

use std::borrow::Cow;
use std::fmt::Write as _;

use monitor_analysis::quantity::{Quantity, Unit};
use monitor_analysis::sanitise::terminal;
use serde::{Serialize, Serializer};

use crate::document::{Body, Cell, Column, Document, Table, Value};

/// JSON: one section is its own value, several are an object.
#[must_use]
pub fn render(document: &Document) -> String {
    let json = serde_json::to_string_pretty(document).unwrap_or_default();
    printable(json + "\n")
}

/// The rows of a table as JSON, an object on each line that begins with the same facts.
pub(crate) fn lines(facts: &[(Column, Cell)], table: &Table) -> String {
    let mut same = fields(&Facts(facts));
    if !facts.is_empty() {
        same.push(',');
    }
    let mut lines = String::new();
    for row in rows(table) {
        let _ = writeln!(lines, "{{{same}{}}}", fields(&row));
    }
    printable(lines)
}

/// The fields of an object, without its braces.
fn fields(object: &impl Serialize) -> String {
    let object = serde_json::to_string(object).unwrap_or_default();
    object.strip_prefix('{').and_then(|fields| fields.strip_suffix('}')).unwrap_or_default().to_owned()
}

/// What JSON leaves as it is but a terminal obeys can only stand inside strings, where an escape means the same.
fn printable(json: String) -> String {
    let acts = |line: &str| matches!(terminal(line), Cow::Owned(_));
    if !json.split('\n').any(acts) {
        return json;
    }
    let mut units = [0; 2];
    let mut printable = String::with_capacity(json.len());
    for character in json.chars() {
        if character != '\n' && acts(character.encode_utf8(&mut [0; 4])) {
            printable.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            printable.push(character);
        }
    }
    printable
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.sections.as_slice() {
            [section] => section.body.serialize(serializer),
            sections => serializer.collect_map(sections.iter().map(|section| (section.key, &section.body))),
        }
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Facts(facts) => Facts(facts).serialize(serializer),
            Self::Table(table) => serializer.collect_seq(rows(table)),
        }
    }
}

struct Facts<'a>(&'a [(Column, Cell)]);

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(column, cell)| (column.key, &cell.value)))
    }
}

struct Row<'a>(&'a [Column], &'a [Cell]);

fn rows(table: &Table) -> impl ExactSizeIterator<Item = Row<'_>> {
    table.rows.iter().map(|cells| Row(&table.columns, cells))
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().zip(self.1).map(|(column, cell)| (column.key, &cell.value)))
    }
}

/// A number that JSON does not have (infinite, none) is null.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing => serializer.serialize_unit(),
            Self::Text(text) | Self::Name(text) | Self::Id(text) | Self::Toolchain(text) => {
                serializer.serialize_str(text)
            }
            #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number that a float holds")]
            Self::Quantity(Quantity { value, unit: Unit::Bytes | Unit::Count }) if is_whole(*value) => {
                serializer.serialize_i64(*value as i64)
            }
            Self::Quantity(Quantity { value, .. }) | Self::Share(value) | Self::Change(value, _) => {
                serializer.serialize_f64(*value)
            }
            Self::Time(time) => serializer.collect_str(time),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Fields(fields) => serializer.collect_map(fields.iter().map(|(name, text)| (name, text))),
        }
    }
}

/// The text of a value for programs: as JSON has it, without quotes.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Name(text) | Value::Id(text) | Value::Toolchain(text) => text.clone(),
        Value::Time(time) => time.to_string(),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

pub(super) fn is_whole(value: f64) -> bool {
    value.fract() == 0.0 && value.abs() < 9e15
}
