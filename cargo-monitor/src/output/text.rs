//! Tables for people, on a terminal or in a log.

use comfy_table::{Attribute, Cell as TextCell, CellAlignment, Color, ContentArrangement, Table as TextTable, presets};
use monitor_analysis::sanitise::terminal;

use monitor_report::document::{Body, Cell, Column, Document, Table, Tone, Value};
use monitor_report::render::human;

/// The document with ANSI colour codes. A table that is wider than `width` wraps its cells.
pub(super) fn render(document: &Document, width: Option<u16>) -> String {
    let mut sections = Vec::new();
    for section in &document.sections {
        let body = match &section.body {
            Body::Facts(facts) => self::facts(facts, width),
            Body::Table(table) => self::table(table, width),
        };
        let bold = anstyle::Style::new().bold();
        let title = match section.title.as_str() {
            "" => String::new(),
            title => format!("{bold}{}{bold:#}\n", terminal(title)),
        };
        sections.push(format!("{title}{body}\n"));
    }
    sections.join("\n")
}

fn table(table: &Table, width: Option<u16>) -> String {
    if table.rows.is_empty() {
        return " none".to_owned();
    }
    let mut text = empty(width);
    let aligned = |column: usize, cell: TextCell| {
        if table.is_number(column) { cell.set_alignment(CellAlignment::Right) } else { cell }
    };
    let shown = table.shown();
    let header = |column: usize| TextCell::new(table.columns[column].title).add_attribute(Attribute::Bold);
    text.set_header(shown.iter().map(|&column| aligned(column, header(column))));
    for row in &table.rows {
        text.add_row(shown.iter().map(|&column| aligned(column, cell(&row[column]))));
    }
    text.trim_fmt()
}

fn facts(facts: &[(Column, Cell)], width: Option<u16>) -> String {
    let mut text = empty(width);
    for (column, cell) in facts.iter().filter(|(column, _)| !column.title.is_empty()) {
        text.add_row([TextCell::new(column.title).add_attribute(Attribute::Dim), self::cell(cell)]);
    }
    text.trim_fmt()
}

fn empty(width: Option<u16>) -> TextTable {
    let mut text = TextTable::new();
    text.load_style(presets::NOTHING).enforce_styling();
    if let Some(width) = width {
        text.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    text
}

fn cell(cell: &Cell) -> TextCell {
    let text = TextCell::new(terminal(&human(&cell.value)));
    match (cell.tone, &cell.value) {
        (Tone::Plain, Value::Missing) | (Tone::Dim, _) => text.add_attribute(Attribute::Dim),
        (Tone::Plain, _) => text,
        (Tone::Good, _) => text.fg(Color::Green),
        (Tone::Doubtful, _) => text.fg(Color::Yellow),
        (Tone::Bad, _) => text.fg(Color::Red),
    }
}
