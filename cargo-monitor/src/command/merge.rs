//! `cargo monitor merge`: the files of several machines in one.

use std::fs;
use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, ValueHint};
use monitor_store::{Merged, Writer};

use crate::app::App;
use crate::output::{Cell, Document, Progress, Table, Value};

/// What goes into the file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor --db all.pymon merge shard-*/.pymon
  cargo monitor merge ci.pymon colleague.pymon

The sessions are added to the file of --db, which is created if it is missing. Nothing is added twice. A session of \
which each file has a part (the shards of one CI run) becomes complete. Files of pytest-monitor can be merged too.")]
pub struct Arguments {
    /// Files whose sessions are added
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
}

/// Columns of what a merge has added.
pub(super) const SESSIONS: (&str, &str) = ("sessions", "new sessions");
pub(super) const ROWS: (&str, &str) = ("rows", "new rows");

/// What was added from somewhere.
pub(super) fn row(from: String, merged: Merged) -> Vec<Cell> {
    vec![Value::Text(from).into(), Value::count(merged.sessions).into(), Value::count(merged.metrics).into()]
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let target = app.database()?;
    let canonical = fs::canonicalize(&target).ok();
    for file in &arguments.files {
        let is_itself = canonical.is_some() && fs::canonicalize(file).ok() == canonical;
        ensure!(!is_itself, "cannot merge {} into itself: give another file, or another --db", file.display());
    }
    // Every file is opened before anything is written: a mistyped name leaves all as it was.
    let sources = arguments.files.iter().map(|file| app.open(file)).collect::<Result<Vec<_>, _>>()?;
    let mut writer = Writer::open(&target)?;
    let mut table = Table::new(&[("file", "file"), SESSIONS, ROWS]);
    for (file, source) in arguments.files.iter().zip(&sources) {
        let progress = Progress::spinner(format!("merging {}", file.display()));
        let merged = writer.merge(source)?;
        drop(progress);
        table.push(row(file.display().to_string(), merged));
    }
    writer.close(true)?;
    app.print(&Document::table("merged", table))
}
