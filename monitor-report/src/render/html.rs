//! Facts and tables as HTML, for [`page`](super::page).

use std::fmt::Write as _;

use monitor_analysis::sanitise::html;

use super::human::{human, short};
use crate::document::{Body, Cell, Column, Document, Table, Tone, Value};

/// A document's sections, each with its title as a heading.
pub(super) fn document(document: &Document) -> String {
    let mut out = String::new();
    for section in &document.sections {
        if !section.title.is_empty() {
            let _ = writeln!(out, "<h3>{}</h3>", html(&section.title));
        }
        out.push_str(&match &section.body {
            Body::Facts(facts) => self::facts(facts),
            Body::Table(table) => self::table(table),
        });
    }
    out
}

/// Named values.
pub(super) fn facts(facts: &[(Column, Cell)]) -> String {
    let mut out = String::from("<dl>\n");
    for (column, cell) in facts.iter().filter(|(column, _)| !column.title.is_empty()) {
        let _ = writeln!(out, "<div><dt>{}</dt><dd{}>{}</dd></div>", column.title, class(cell, false), value(cell));
    }
    out.push_str("</dl>\n");
    out
}

/// The columns that people see. A table that is too wide scrolls, by keyboard too.
pub(super) fn table(table: &Table) -> String {
    if table.rows.is_empty() {
        return "<p class=\"none\">none</p>\n".to_owned();
    }
    let shown: Vec<(usize, bool)> = table.shown().into_iter().map(|column| (column, table.is_number(column))).collect();
    let mut out = String::from("<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr>");
    for &(column, is_number) in &shown {
        let number = if is_number { " class=\"number\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\"{number}>{}</th>", table.columns[column].title);
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for &(column, is_number) in &shown {
            let cell = &row[column];
            let _ = write!(out, "<td{}>{}</td>", class(cell, is_number), value(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

fn class(cell: &Cell, is_number: bool) -> String {
    let tone = match (cell.tone, &cell.value) {
        (Tone::Plain, Value::Missing) | (Tone::Dim, _) => Some("dim"),
        (Tone::Plain, _) => None,
        (Tone::Good, _) => Some("good"),
        (Tone::Doubtful, _) => Some("doubtful"),
        (Tone::Bad, _) => Some("bad"),
    };
    let classes: Vec<&str> = is_number.then_some("number").into_iter().chain(tone).collect();
    if classes.is_empty() { String::new() } else { format!(" class=\"{}\"", classes.join(" ")) }
}

fn value(cell: &Cell) -> String {
    match &cell.value {
        Value::Name(name) => format!("<code>{}</code>", html(name)),
        Value::Id(id) => format!("<code title=\"{}\">{}</code>", html(id), html(&short(id))),
        Value::Share(share) => {
            format!("<meter value=\"{share:.4}\" aria-hidden=\"true\"></meter> {}", human(&cell.value))
        }
        value => html(&human(value)).into_owned(),
    }
}
