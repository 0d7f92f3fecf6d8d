//! `cargo monitor import`: what other tools have measured.

mod batch;
mod criterion;
mod csv;
mod exported;
mod github;
mod junit;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum, ValueHint};
use monitor_store::{Metrics, Monitor, Sessions, Timestamp, Writer};

use self::batch::Batch;
use crate::app::App;
use crate::exit::Exit;
use crate::output::{self, Document, Progress, Table, Value};

/// What to import.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor import target/criterion --commit $(git rev-parse HEAD)
  cargo monitor import target/nextest/ci/junit.xml --tag source=ci
  cargo monitor import gh-pages/dev/bench/data.js
  cargo monitor import python-suite/.pymon rows.jsonl rows.csv

What is there already is not added again, so that the same file can be imported twice. Tools that do not tell their machine
get a machine class of their own for each --machine, and are compared within it only.")]
pub struct Arguments {
    /// Files, or folders of criterion
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// What wrote them [default: told by their contents]
    #[arg(long, value_name = "TOOL")]
    from: Option<Source>,
    /// Revision that was measured, where the file does not tell
    #[arg(long, value_name = "COMMIT")]
    commit: Option<String>,
    /// Name of the machine, where the file does not tell
    #[arg(long, value_name = "NAME", default_value = "unknown")]
    machine: String,
    /// Add a field to the sessions' description (repeat it for several)
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    tag: Vec<(String, String)>,
}

/// What writes files that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// A .pymon file, of this project or of pytest-monitor
    Pymon,
    /// JSON lines or CSV of `cargo monitor export`
    Export,
    /// Criterion's folder, or an estimates.json in it
    Criterion,
    /// JUnit XML, of nextest, pytest and others
    Junit,
    /// data.js of github-action-benchmark
    GithubActionBenchmark,
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    let target = app.database()?;
    let mut table = Table::new(&[
        ("path", "path"),
        ("source", "source"),
        ("sessions", "new sessions"),
        ("rows", "new rows"),
        ("left_out", "left out"),
    ]);
    // All is read before anything is written.
    let mut all = Vec::new();
    for path in &arguments.paths {
        all.push((path, read(path, arguments).with_context(|| format!("cannot import {}", path.display()))?));
    }
    let mut writer = Writer::open(&target)?;
    let there = Monitor::open(&target)?;
    for (path, content) in all {
        let progress = Progress::spinner(format!("importing {}", path.display()));
        let before = count(&there)?;
        let (source, left_out) = match content {
            Content::File(monitor) => {
                writer.merge(&monitor)?;
                ("pymon", 0)
            }
            Content::Batches { source, batches, left_out } => {
                let entries: Vec<_> = batches.iter().flat_map(Batch::entries).collect();
                writer.apply(&entries)?;
                (source, left_out)
            }
        };
        drop(progress);
        let after = count(&there)?;
        table.push(vec![
            Value::Text(path.display().to_string()).into(),
            Value::Text(source.to_owned()).into(),
            Value::count(after.0 - before.0).into(),
            Value::count(after.1 - before.1).into(),
            Value::count(left_out).into(),
        ]);
    }
    drop(there);
    writer.close(true)?;
    app.print(&Document::table("imported", table))?;
    Ok(Exit::Success)
}

/// Sessions and metric rows of a file.
fn count(monitor: &Monitor) -> anyhow::Result<(u64, u64)> {
    Ok((monitor.count_sessions(&Sessions::all())?, monitor.count_metrics(&Metrics::all())?))
}

enum Content {
    File(Box<Monitor>),
    Batches {
        source: &'static str,
        batches: Vec<Batch>,
        /// Values that are no times, skipped tests.
        left_out: u64,
    },
}

fn read(path: &Path, arguments: &Arguments) -> anyhow::Result<Content> {
    let origin =
        batch::Origin { machine: &arguments.machine, commit: arguments.commit.as_deref(), tags: &arguments.tag };
    let source = match arguments.from {
        Some(source) => source,
        None => recognise(path)?,
    };
    let (source, (batches, left_out)) = match source {
        Source::Pymon => return Ok(Content::File(Box::new(Monitor::open(path)?))),
        Source::Criterion => ("criterion", (criterion::read(path, &origin)?, 0)),
        Source::Export => {
            let text = fs::read_to_string(path)?;
            let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
            let batches = if is_json { exported::read_json_lines(&text)? } else { exported::read_csv(&text)? };
            ("export", (batches, 0))
        }
        Source::Junit => ("junit", junit::read(&fs::read_to_string(path)?, modified(path)?, &origin)?),
        Source::GithubActionBenchmark => {
            ("github-action-benchmark", github::read(&fs::read_to_string(path)?, &origin)?)
        }
    };
    if batches.iter().all(|batch| batch.tests.is_empty()) {
        output::note(&format!("{} holds nothing that can be imported", path.display()));
    }
    Ok(Content::Batches { source, batches, left_out })
}

/// When a file was written.
fn modified(path: &Path) -> anyhow::Result<Timestamp> {
    Ok(fs::metadata(path)?.modified()?.into())
}

fn recognise(path: &Path) -> anyhow::Result<Source> {
    if fs::metadata(path)?.is_dir() {
        return Ok(Source::Criterion);
    }
    let content = fs::read(path)?;
    if content.starts_with(b"SQLite format 3\0") {
        return Ok(Source::Pymon);
    }
    let text = String::from_utf8_lossy(&content[..content.len().min(4096)]).into_owned();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    Ok(match text {
        "" => bail!("the file is empty"),
        _ if text.starts_with('<') => Source::Junit,
        _ if text.contains("BENCHMARK_DATA") || text.contains("\"entries\"") => Source::GithubActionBenchmark,
        _ if text.contains("\"point_estimate\"") => Source::Criterion,
        _ if text.starts_with('{') && text.contains("\"session\"") => Source::Export,
        _ if text.starts_with("session,run_date,") => Source::Export,
        _ if text.starts_with("PAR1") => bail!("Parquet can be written, not read: export as json-lines"),
        _ => bail!("it is none of the files that are known: say what wrote it with --from"),
    })
}
