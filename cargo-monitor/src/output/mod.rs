//! Results on stdout, talk on stderr: the one place that prints.
//!
//! A command builds a [`Document`]; a renderer of this folder turns it into text, without looking at the process.

mod csv;
mod document;
mod html;
mod human;
mod json;
mod markdown;
pub mod page;
pub mod png;
mod progress;
mod text;

use std::fmt::Display;
use std::io::Write as _;

use anstream::{eprintln, stdout};
pub use document::{Body, Cell, Column, Document, Section, Table, Tone, Value};
pub use human::short;
use monitor_analysis::sanitise::terminal;
pub use progress::Progress;
use terminal_size::{Width, terminal_size};

use crate::options::Format;

/// The text of a document in a format, with ANSI colour codes in tables. `width` is the terminal's, if there is one.
#[must_use]
pub fn render(document: &Document, format: Format, width: Option<u16>) -> String {
    match format {
        Format::Table => text::render(document, width),
        Format::Json => json::render(document),
        Format::Csv => csv::render(document),
        Format::Markdown => markdown::render(document),
    }
}

/// The text of a value for programs: as JSON has it, without quotes.
#[must_use]
pub fn text_of(value: &Value) -> String {
    json::text(value)
}

/// The rows of a table as JSON, an object on each line.
#[must_use]
pub fn json_lines(table: &Table) -> String {
    json::lines(table)
}

/// The rows of a table as CSV, with or without a line of headings.
#[must_use]
pub fn csv_rows(table: &Table, headings: bool) -> String {
    csv::rows(table, headings)
}

/// Prints results on stdout, without colour codes if it is no terminal.
pub(crate) fn print(document: &Document, format: Format) -> anyhow::Result<()> {
    let width = terminal_size().map(|(Width(width), _)| width);
    if format == Format::Csv {
        for section in document.tables().skip(1) {
            note(&format!("csv holds one table: `{}` is left out; use --format json for all", section.key));
        }
    }
    write(&render(document, format, width))
}

/// Writes text to stdout as it is.
pub(crate) fn write(text: &str) -> anyhow::Result<()> {
    let mut stdout = stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

/// Tells the user something that is no result.
pub(crate) fn note(message: &dyn Display) {
    eprintln!("{}", terminal(&message.to_string()));
}

/// Tells the user why there is no result.
pub(crate) fn error(error: &anyhow::Error) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    eprintln!("{style}error{style:#}: {}", terminal(&format!("{error:#}")));
}
