//! CSV (RFC 4180) of a document's first table; of its facts, as one row, if it has no table.

use super::document::{Body, Cell, Column, Document, Value};
use super::safe;

pub(super) fn render(document: &Document) -> String {
    let section = document.tables().next().or(document.sections.first());
    let (columns, rows): (Vec<Column>, Vec<Vec<&Cell>>) = match section.map(|section| &section.body) {
        None => return String::new(),
        Some(Body::Table(table)) => {
            (table.columns.clone(), table.rows.iter().map(|row| row.iter().collect()).collect())
        }
        Some(Body::Facts(facts)) => {
            let (columns, cells) = facts.iter().map(|(column, cell)| (*column, cell)).unzip();
            (columns, vec![cells])
        }
    };
    let mut text = line(columns.iter().map(|column| column.key.to_owned()));
    for row in rows {
        text.push_str(&line(row.into_iter().map(|cell| field(&cell.value))));
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
        Value::Text(text) | Value::Name(text) | Value::Id(text) => quoted(&inert(text)),
        Value::Count(count) => count.to_string(),
        Value::Seconds(n) | Value::Bytes(n) | Value::Ratio(n) | Value::Number(n) if n.is_finite() => n.to_string(),
        Value::Seconds(_) | Value::Bytes(_) | Value::Ratio(_) | Value::Number(_) => String::new(),
        Value::Time(time) => time.to_string(),
        Value::Flag(flag) => flag.to_string(),
    }
}

/// Spreadsheets run text that begins like a formula (OWASP, "CSV injection"): an apostrophe makes it text. What a
/// terminal obeys is escaped, since CSV is looked at there too.
fn inert(text: &str) -> String {
    let text = safe::cell(text);
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
