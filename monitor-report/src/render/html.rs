//! Facts and tables as HTML, for [`page`](super::page).

use std::fmt::Write as _;

use monitor_analysis::sanitise::html;

use super::human::{human, short};
use super::json::text;
use crate::document::{Body, Cell, Column, Document, Section, Table, Tone, Value};

/// Rows that a table of a page has at most: more make the page slow to load and to search.
pub const MOST_ROWS: usize = 5_000;

/// A document's sections, each with its title as a heading.
pub(super) fn document(document: &Document) -> String {
    let mut out = String::new();
    for section in document.seen() {
        if !section.title.is_empty() {
            let _ = writeln!(out, "<h3>{}</h3>", html(&section.title));
        }
        out.push_str(&match &section.body {
            Body::Facts(facts) => self::facts(facts),
            Body::Table(table) => self::table(table, name(section)),
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

/// What a section's table is called by those who do not see where it stands.
fn name(section: &Section) -> &str {
    if section.title.is_empty() { section.key } else { &section.title }
}

/// The columns that people see, but for those that are the same in all rows: these are said once. A table that is too wide scrolls,
/// by keyboard too; on a narrow screen its rows are cards.
pub(super) fn table(table: &Table, name: &str) -> String {
    if table.rows.is_empty() {
        return "<p class=\"none\">none</p>\n".to_owned();
    }
    let (same, different): (Vec<usize>, Vec<usize>) =
        table.shown().into_iter().partition(|&column| is_same(table, column));
    let shown: Vec<(usize, bool)> = different.into_iter().map(|column| (column, table.is_number(column))).collect();
    let same = same.into_iter().filter(|&column| table.rows[0][column].value != Value::Missing);
    let same: Vec<String> =
        same.map(|column| format!("{}: {}", table.columns[column].title, value(&table.rows[0][column]))).collect();
    let name = html(name);
    let mut out = format!("<div class=\"scroll\" role=\"group\" aria-label=\"{name}\" tabindex=\"0\"><table>\n");
    let _ = match same.as_slice() {
        [] => writeln!(out, "<caption><span class=\"unseen\">{name}</span></caption>"),
        same => writeln!(out, "<caption><span class=\"unseen\">{name}: </span>all with {}</caption>", same.join(", ")),
    };
    out.push_str("<thead><tr>");
    for &(column, is_number) in &shown {
        let number = if is_number { " class=\"number\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\"{number}>{}</th>", table.columns[column].title);
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in table.rows.iter().take(MOST_ROWS) {
        out.push_str("<tr>");
        for &(column, is_number) in &shown {
            let cell = &row[column];
            let (class, value) = (class(cell, is_number), value(cell));
            let _ = if matches!(cell.value, Value::Name(_)) {
                write!(out, "<th scope=\"row\"{class}>{value}</th>")
            } else {
                let (label, sorted) = (table.columns[column].title, text(&cell.value));
                write!(
                    out,
                    "<td{class} data-label=\"{label}\" data-value=\"{}\"><span>{value}</span></td>",
                    html(&sorted)
                )
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    if table.rows.len() > MOST_ROWS {
        let _ = writeln!(
            out,
            "<p>This page has the first {MOST_ROWS} of {} rows; the commands of cargo monitor list all.</p>",
            table.rows.len()
        );
    }
    out
}

/// Whether a column says nothing of a row that it does not say of the others. Numbers stay, and names.
fn is_same(table: &Table, column: usize) -> bool {
    let [first, others @ ..] = table.rows.as_slice() else { return false };
    let is_word = !table.is_number(column) && !matches!(first[column].value, Value::Name(_));
    is_word && !others.is_empty() && others.iter().all(|row| row[column].value == first[column].value)
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
    match &cell.link {
        Some(link) => format!("<a href=\"{}\">{}</a>", html(link), unlinked(cell)),
        None => unlinked(cell),
    }
}

fn unlinked(cell: &Cell) -> String {
    match &cell.value {
        Value::Name(name) => format!("<code>{}</code>", html(name)),
        Value::Id(id) => format!("<code title=\"{}\">{}</code>", html(id), html(&short(id))),
        Value::Share(share) => {
            format!("<meter value=\"{share:.4}\" aria-hidden=\"true\"></meter> {}", human(&cell.value))
        }
        value => html(&human(value)).into_owned(),
    }
}
