//! Results on stdout, talk on stderr: the one place that prints.
//!
//! A command builds a [`Document`]; a renderer of `monitor-report`, or one of this folder, makes text of it.

mod fit;
pub mod picture;
mod progress;
mod text;

use std::fmt::Display;
use std::fs;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{stderr, stdout};
use anyhow::{Context as _, ensure};
use monitor_analysis::sanitise::terminal;
pub use monitor_report::document::{Body, Cell, Column, Document, Section, Table, Tone, Value};
use monitor_report::render;
pub use monitor_report::render::{page, short, text_of};
pub use progress::Progress;
use terminal_size::{Width, terminal_size};

use crate::options::Format;

/// The text of a document in a format, with ANSI colour codes in tables. `width` is the terminal's, if there is one.
#[must_use]
pub fn as_text(document: &Document, format: Format, width: Option<u16>) -> String {
    match format {
        Format::Table => text::render(document, width),
        Format::Json => render::json(document),
        Format::Csv => render::csv(document),
        Format::Markdown => render::markdown(document),
    }
}

/// Prints results on stdout, without colour codes if it is no terminal.
pub(crate) fn print(document: &Document, format: Format) -> anyhow::Result<()> {
    let width = terminal_size().map(|(Width(width), _)| width);
    if format == Format::Csv {
        for section in document.tables().skip(1) {
            note(&format!("csv holds one table: `{}` is left out; use --format json for all", section.key));
        }
    }
    write(&as_text(document, format, width))
}

/// Writes text to stdout as it is. Whoever closes the pipe (`| head`) has had enough: what the command found still decides its exit
/// code.
pub(crate) fn write(text: &str) -> anyhow::Result<()> {
    let mut stdout = stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// Writes a file that the user has named.
pub(crate) fn file(path: &Path, bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
    folder_of(path)?;
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// The folder in which a file that the user has named is to be.
pub(crate) fn folder_of(path: &Path) -> anyhow::Result<&Path> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (file, within) = (path.display(), folder.display());
    ensure!(!path.is_dir(), "cannot write {file}: it is a folder: name a file in it");
    ensure!(folder.is_dir(), "cannot write {file}: there is no folder {within}: make it first");
    Ok(folder)
}

/// Nothing but results and errors is printed from now on.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

static QUIET: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Tells the user something that is no result.
pub(crate) fn note(message: &dyn Display) {
    if is_quiet() {
        return;
    }
    let text = message.to_string();
    let text = terminal(&text);
    let width = if std::io::stderr().is_terminal() { terminal_size() } else { None };
    match width {
        // One less than the terminal has, or an empty line would follow a full one.
        Some((Width(width), _)) => talk(&fit::wrap(&text, usize::from(width).saturating_sub(1)).join("\n")),
        None => talk(&text),
    }
}

/// Tells the user why there is no result.
pub(crate) fn error(error: &anyhow::Error) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    talk(&format!("{style}error{style:#}: {}", terminal(&format!("{error:#}"))));
}

/// A line on stderr. Where that is closed, nobody is left to be told.
fn talk(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}
