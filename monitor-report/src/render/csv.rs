//! CSV (RFC 4180) of a document's first table; of its facts, as one row, if it has no table.

use std::borrow::Cow;
use std::fmt::Write as _;

use monitor_analysis::quantity::Quantity;
use monitor_analysis::sanitise;

use super::json;
use crate::document::{Body, Cell, Column, Document, Table, Value};

/// CSV of the first table; of the facts, as one row, if there is no table.
#[must_use]
pub fn render(document: &Document) -> String {
    match document.tables().next().or(document.sections.first()).map(|section| &section.body) {
        None => String::new(),
        Some(Body::Table(table)) => rows(&[], table, true),
        Some(Body::Facts(facts)) => rows(facts, &Table { columns: Vec::new(), rows: vec![Vec::new()] }, true),
    }
}

/// The rows of a table as CSV, each behind the same facts, with or without a line of headings.
pub(crate) fn rows(facts: &[(Column, Cell)], table: &Table, headings: bool) -> String {
    let mut text = String::new();
    if headings {
        let facts = facts.iter().map(|(column, _)| column);
        text = facts.chain(&table.columns).map(|column| column.key).collect::<Vec<_>>().join(",") + "\r\n";
    }
    let mut same = String::new();
    for (_, cell) in facts {
        field(&cell.value, &mut same);
    }
    for row in &table.rows {
        text.push_str(&same);
        for cell in row {
            field(&cell.value, &mut text);
        }
        // Behind the last one.
        text.pop();
        text.push_str("\r\n");
    }
    text
}

/// Appends a value and a comma.
fn field(value: &Value, text: &mut String) {
    match value {
        Value::Missing => {}
        Value::Text(it) | Value::Name(it) | Value::Id(it) | Value::Toolchain(it) => {
            text.push_str(&sanitise::csv(&printable(it)));
        }
        Value::Quantity(Quantity { value: number, .. }) | Value::Share(number) | Value::Change(number, _) => {
            if json::is_whole(*number) && *number != 0.0 {
                let _ = write!(text, "{}", *number as i64);
            } else if number.is_finite() {
                let _ = write!(text, "{number}");
            }
        }
        Value::Time(time) => {
            let _ = write!(text, "{time}");
        }
        Value::Flag(flag) => {
            let _ = write!(text, "{flag}");
        }
        Value::Fields(_) => text.push_str(&sanitise::csv(&printable(&json::text(value)))),
    }
    text.push(',');
}

/// Without what a terminal obeys, since CSV is looked at there too; line breaks may stand in a quoted field.
fn printable(text: &str) -> Cow<'_, str> {
    match sanitise::terminal(text) {
        Cow::Borrowed(text) => Cow::Borrowed(text),
        Cow::Owned(_) => Cow::Owned(text.split('\n').map(sanitise::terminal).collect::<Vec<_>>().join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_rust_writes_them() {
        for number in [0.0, -0.0, 1.0, -7.0, 0.1, -2.5e-9, 4e15, 9e15, 1e16, 1e300] {
            let mut text = String::new();
            field(&Value::seconds(number), &mut text);
            assert_eq!(text, format!("{number},"));
        }
    }
}
