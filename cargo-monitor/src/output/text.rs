//! Tables for people, on a terminal or in a log.

use comfy_table::{Attribute, Cell as TextCell, CellAlignment, Color, ContentArrangement, Table as TextTable, presets};
use monitor_analysis::sanitise::terminal;

use monitor_report::document::{Body, Cell, Column, Document, Table, Tone, Value};
use monitor_report::render::human;

use super::fit::{fit, wrap};

/// Blanks before what stands below a row.
const INDENT: usize = 4;

/// The document with ANSI colour codes, in lines of at most `width` characters where that is possible.
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
    let fitted = fit(table, width);
    let mut text = empty(None);
    // Asked once: the answer may take a look at every row.
    let numbers: Vec<bool> = (0..table.columns.len()).map(|column| table.is_number(column)).collect();
    let aligned = |column: usize, cell: TextCell| {
        if numbers[column] { cell.set_alignment(CellAlignment::Right) } else { cell }
    };
    let header = |column: usize| TextCell::new(table.columns[column].title).add_attribute(Attribute::Bold);
    text.set_header(fitted.columns.iter().map(|&column| aligned(column, header(column))));
    for (row, texts) in table.rows.iter().zip(&fitted.texts) {
        text.add_row(fitted.columns.iter().map(|&column| aligned(column, toned(&row[column], texts[column].clone()))));
    }
    let dim = anstyle::Style::new().dimmed();
    let room = |indent: usize| usize::from(width.unwrap_or(u16::MAX)).saturating_sub(indent + 1);
    let above = fitted.above.iter().flat_map(|line| wrap(line, room(1)));
    let above = above.map(|line| format!(" {dim}{line}{dim:#}"));
    // No cell holds a newline or is wrapped: a line for the head, then one for each row.
    let table_lines = text.trim_fmt();
    let mut lines: Vec<String> = above.chain(table_lines.lines().next().map(str::to_owned)).collect();
    for (line, texts) in table_lines.lines().skip(1).zip(&fitted.texts) {
        lines.push(line.to_owned());
        for &column in &fitted.below {
            let said = match fitted.below.len() {
                1 => texts[column].clone(),
                _ => format!("{}: {}", table.columns[column].title, texts[column]),
            };
            lines.extend(wrap(&said, room(INDENT)).into_iter().map(|line| format!("{}{line}", " ".repeat(INDENT))));
        }
    }
    lines.join("\n")
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
    toned(cell, terminal(&human(&cell.value)).into())
}

/// A cell's text in the cell's tone. The dark variants of the colours can be read on white too.
fn toned(cell: &Cell, text: String) -> TextCell {
    // What colour says has a sign too: a commit with local changes.
    let sign = if matches!((cell.tone, &cell.value), (Tone::Doubtful, Value::Id(_))) { "+" } else { "" };
    let text = TextCell::new(text + sign);
    match (cell.tone, &cell.value) {
        (Tone::Plain, Value::Missing) | (Tone::Dim, _) => text.add_attribute(Attribute::Dim),
        (Tone::Plain, _) => text,
        (Tone::Good, _) => text.fg(Color::DarkGreen),
        (Tone::Doubtful, _) => text.fg(Color::DarkYellow),
        (Tone::Bad, _) => text.fg(Color::DarkRed),
    }
}
