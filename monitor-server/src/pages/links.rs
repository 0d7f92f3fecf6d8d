//! Addresses of pages, and documents whose cells lead to them.

use monitor_report::document::{Body, Cell, Column, Document, Table, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What needs no escape in a part of an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A text as a part of an address.
#[must_use]
pub fn escaped(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// The page of a session.
#[must_use]
pub fn session(prefix: &str, session_h: &str) -> String {
    let place = if session_h.contains('/') { "session?id=" } else { "sessions/" };
    format!("{prefix}/{place}{}", escaped(session_h))
}

/// The page of a test, named by path and variant.
#[must_use]
pub fn test(prefix: &str, name: &str, package: &str, binary: &str) -> String {
    let part = |key: &str, value: &str| {
        if value.is_empty() { String::new() } else { format!("&{key}={}", escaped(value)) }
    };
    format!("{prefix}/test?name={}{}{}", escaped(name), part("package", package), part("binary", binary))
}

/// The document, where sessions and tests lead to their pages.
pub fn linked(prefix: &str, mut document: Document) -> Document {
    for section in &mut document.sections {
        match &mut section.body {
            Body::Facts(facts) => facts.iter_mut().for_each(|(column, cell)| of_session(prefix, *column, cell)),
            Body::Table(table) => of_table(prefix, table),
        }
    }
    document
}

fn of_table(prefix: &str, table: &mut Table) {
    let place = |key: &str| table.columns.iter().position(|column| column.key == key);
    let (name, package, binary) = (place("test"), place("package"), place("binary"));
    for row in &mut table.rows {
        for (column, cell) in table.columns.iter().zip(row.iter_mut()) {
            of_session(prefix, *column, cell);
        }
        let Some(name) = name else { continue };
        let text = |place: Option<usize>| place.map_or("", |place| words(&row[place].value)).to_owned();
        let address = test(prefix, &text(Some(name)), &text(package), &text(binary));
        row[name].link = Some(address);
    }
}

fn of_session(prefix: &str, column: Column, cell: &mut Cell) {
    if let ("session", Value::Id(id)) = (column.key, &cell.value) {
        cell.link = Some(session(prefix, id));
    }
}

/// The text of a value; empty if it is none.
#[must_use]
pub fn words(value: &Value) -> &str {
    match value {
        Value::Text(text) | Value::Name(text) | Value::Id(text) => text,
        _ => "",
    }
}
