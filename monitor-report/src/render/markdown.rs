//! GitHub-flavoured markdown, fit for a comment of a pull request.

use monitor_analysis::sanitise::{markdown, markdown_code};

use super::human::human;
use crate::document::{Body, Cell, Column, Document, Table, Value};

/// GitHub-flavoured markdown, text of users made safe.
#[must_use]
pub fn render(document: &Document) -> String {
    let mut sections = Vec::new();
    for section in document.seen() {
        let title = match section.title.as_str() {
            "" => String::new(),
            title => format!("### {}\n\n", markdown(title)),
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
        Value::Name(name) => markdown_code(name),
        Value::Text(_) | Value::Id(_) | Value::Toolchain(_) | Value::Fields(_) => markdown(&human(value)).into_owned(),
        value => human(value),
    }
}
