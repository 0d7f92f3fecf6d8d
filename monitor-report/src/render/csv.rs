//! CSV (RFC 4180) of a document's first table; of its facts, as one row, if it has no table.

use std::borrow::Cow;

use monitor_analysis::quantity::Quantity;
use monitor_analysis::sanitise;

use super::json;
use crate::document::{Body, Cell, Column, Document, Table, Value};

/// CSV of the first table; of the facts, as one row, if there is no table.
#[must_use]
pub fn render(document: &Document) -> String {
    match document.tables().next().or(document.sections.first()).map(|section| &section.body) {
        None => String::new(),
        Some(Body::Table(table)) => rows(table, true),
        Some(Body::Facts(facts)) => {
            let (columns, row): (Vec<Column>, Vec<Cell>) = facts.iter().cloned().unzip();
            rows(&Table { columns, rows: vec![row] }, true)
        }
    }
}

/// The rows of a table as CSV, with or without a line of headings.
#[must_use]
pub fn rows(table: &Table, headings: bool) -> String {
    let mut text = String::new();
    if headings {
        text.push_str(&line(table.columns.iter().map(|column| column.key.to_owned())));
    }
    for row in &table.rows {
        text.push_str(&line(row.iter().map(|cell| field(&cell.value))));
    }
    text
}

fn line(fields: impl Iterator<Item = String>) -> String {
    let mut line = fields.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn field(value: &Value) -> String {
    match value {
        Value::Missing => String::new(),
        Value::Text(text) | Value::Name(text) | Value::Id(text) | Value::Toolchain(text) => {
            sanitise::csv(&printable(text)).into_owned()
        }
        Value::Quantity(Quantity { value: number, .. }) | Value::Share(number) | Value::Change(number, _)
            if number.is_finite() =>
        {
            number.to_string()
        }
        Value::Quantity(_) | Value::Share(_) | Value::Change(..) => String::new(),
        Value::Time(time) => time.to_string(),
        Value::Flag(flag) => flag.to_string(),
        fields @ Value::Fields(_) => sanitise::csv(&printable(&json::text(fields))).into_owned(),
    }
}

/// Without what a terminal obeys, since CSV is looked at there too; line breaks may stand in a quoted field.
fn printable(text: &str) -> Cow<'_, str> {
    match sanitise::terminal(text) {
        Cow::Borrowed(text) => Cow::Borrowed(text),
        Cow::Owned(_) => Cow::Owned(text.split('\n').map(sanitise::terminal).collect::<Vec<_>>().join("\n")),
    }
}
