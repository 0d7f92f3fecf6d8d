//! GitHub-flavoured markdown, fit for a comment of a pull request.

use super::document::{Body, Cell, Column, Document, Table, Value};
use super::{quantity, safe};

pub(super) fn render(document: &Document) -> String {
    let mut sections = Vec::new();
    for section in &document.sections {
        let title = match section.title.as_str() {
            "" => String::new(),
            title => format!("### {}\n\n", escaped(title)),
        };
        let body = match &section.body {
            Body::Facts(facts) => self::facts(facts),
            Body::Table(table) if table.rows.is_empty() => "none\n".to_owned(),
            Body::Table(table) => self::table(table),
        };
        sections.push(format!("{title}{body}"));
    }
    sections.join("\n")
}

fn facts(facts: &[(Column, Cell)]) -> String {
    let shown = facts.iter().filter(|(column, _)| !column.title.is_empty());
    shown.map(|(column, cell)| format!("- {}: {}\n", column.title, inline(&cell.value))).collect()
}

fn table(table: &Table) -> String {
    let shown = table.shown();
    let mut text = line(shown.iter().map(|&column| table.columns[column].title.to_owned()));
    text.push_str(&line(shown.iter().map(|&column| if table.is_number(column) { "---:" } else { "---" }.to_owned())));
    for row in &table.rows {
        text.push_str(&line(shown.iter().map(|&column| inline(&row[column].value))));
    }
    text
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn inline(value: &Value) -> String {
    match value {
        Value::Name(name) if !name.is_empty() => code(name),
        value => escaped(&quantity::human(value)),
    }
}

/// A code span, in which nothing but a table's `|` has a meaning.
fn code(text: &str) -> String {
    let text = safe::text(text).replace('|', "\\|");
    let longest_run = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest_run + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Text in which no character is markup, HTML, or the name of somebody to be told (`@somebody`, `#1`).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in safe::text(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => escaped.push_str("&#64;"),
            '#' => escaped.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}
