//! Tables for people, on a terminal or in a log.

use anstyle::{AnsiColor, Style};
use monitor_analysis::columns;
use monitor_analysis::sanitise::terminal;

use monitor_report::document::{Body, Cell, Column, Document, Table, Tone, Value};
use monitor_report::render::human;

use super::fit::{PADDING, fit, wrap};

/// Blanks before what stands below a row.
const INDENT: usize = 4;

/// The document with ANSI colour codes, in lines of at most `width` characters where that is possible.
pub(super) fn render(document: &Document, width: Option<u16>) -> String {
    let mut sections = Vec::new();
    for section in document.seen() {
        let body = match &section.body {
            Body::Facts(facts) => self::facts(facts, width),
            Body::Table(table) => self::table(table, width),
        };
        let bold = Style::new().bold();
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
    let columns = &fitted.columns;
    let header = columns.iter().map(|&column| (table.columns[column].title.to_owned(), Style::new().bold())).collect();
    let mut rows: Vec<Vec<Text>> = vec![header];
    for (row, texts) in table.rows.iter().zip(&fitted.texts) {
        rows.push(columns.iter().map(|&column| toned(&row[column], texts[column].clone())).collect());
    }
    let numbers: Vec<bool> = columns.iter().map(|&column| table.is_number(column)).collect();
    let mut aligned = aligned(&rows, &numbers).into_iter();
    let dim = Style::new().dimmed();
    let room = |indent: usize| usize::from(width.unwrap_or(u16::MAX)).saturating_sub(indent + 1);
    let above = fitted.above.iter().flat_map(|line| wrap(line, room(1)));
    let mut lines: Vec<String> = above.map(|line| format!(" {dim}{line}{dim:#}")).chain(aligned.next()).collect();
    let (figures, words): (Vec<usize>, Vec<usize>) = fitted.below.iter().partition(|column| table.is_number(**column));
    for (line, texts) in aligned.zip(&fitted.texts) {
        lines.push(line);
        let said = |column: &usize| format!("{}: {}", table.columns[*column].title, texts[*column]);
        let mut below: Vec<String> = match (words.as_slice(), figures.as_slice()) {
            ([column], []) => vec![texts[*column].clone()],
            _ => words.iter().map(said).collect(),
        };
        below.push(figures.iter().map(said).collect::<Vec<_>>().join(", "));
        for said in below {
            lines.extend(wrap(&said, room(INDENT)).into_iter().map(|line| format!("{}{line}", " ".repeat(INDENT))));
        }
    }
    lines.join("\n")
}

fn facts(facts: &[(Column, Cell)], width: Option<u16>) -> String {
    let facts = || facts.iter().filter(|(column, _)| !column.title.is_empty());
    let titles = facts().map(|(column, _)| columns::of(column.title)).max().unwrap_or(0);
    let room = usize::from(width.unwrap_or(u16::MAX)).saturating_sub(titles + 2 * PADDING);
    let mut rows = Vec::new();
    for (column, cell) in facts() {
        let (text, style) = toned(cell, terminal(&human(&cell.value)).into());
        let lines = if columns::of(&text) > room { wrap(&text, room) } else { vec![text] };
        let titles = [column.title].into_iter().chain(std::iter::repeat(""));
        rows.extend(
            titles.zip(lines).map(|(title, line)| vec![(title.to_owned(), Style::new().dimmed()), (line, style)]),
        );
    }
    aligned(&rows, &[false, false]).join("\n")
}

/// What stands in a cell, and how it looks.
type Text = (String, Style);

/// A line for each row, its texts in columns: numbers on their right. Nothing but texts is styled, and no line ends with a blank.
fn aligned(rows: &[Vec<Text>], numbers: &[bool]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| columns::of(&row[column].0)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..numbers.len()).map(width).collect();
    let line = |row: &Vec<Text>| {
        let mut line = String::new();
        let mut blanks = 0;
        for (column, (text, style)) in row.iter().enumerate() {
            let free = widths[column] - columns::of(text);
            let (before, after) = if numbers[column] { (free, 0) } else { (0, free) };
            blanks += PADDING / 2 + before;
            if !text.is_empty() {
                line.extend(std::iter::repeat_n(' ', blanks));
                line.push_str(&format!("{style}{text}{style:#}"));
                blanks = 0;
            }
            blanks += after + PADDING / 2;
        }
        line
    };
    rows.iter().map(line).collect()
}

/// A cell's text in the cell's tone. The dark variants of the colours can be read on white too.
fn toned(cell: &Cell, text: String) -> Text {
    // What colour says has a sign too: a commit with local changes.
    let sign = if matches!((cell.tone, &cell.value), (Tone::Doubtful, Value::Id(_))) { "+" } else { "" };
    let style = match (cell.tone, &cell.value) {
        (Tone::Plain, Value::Missing) | (Tone::Dim, _) => Style::new().dimmed(),
        (Tone::Plain, _) => Style::new(),
        (Tone::Good, _) => AnsiColor::Green.on_default(),
        (Tone::Doubtful, _) => AnsiColor::Yellow.on_default(),
        (Tone::Bad, _) => AnsiColor::Red.on_default(),
    };
    (text + sign, style)
}
