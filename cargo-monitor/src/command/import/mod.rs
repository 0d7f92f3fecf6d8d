//! `cargo monitor import`: what other tools have measured.

mod batch;
mod criterion;
mod decimal;
mod exported;
mod github;
mod go;
mod google;
mod hyperfine;
mod jmh;
mod json;
mod junit;
mod pytest_benchmark;
mod report;
mod source;
mod text;
mod unit;
mod xml;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueHint};
use monitor_store::{Metrics, Monitor, Sessions, Timestamp, Writer, hash_hex};

use self::batch::{Batch, Origin};
use self::report::{LeftOut, Report};
pub use self::source::Source;
use self::source::{Content, Parts};
use crate::app::App;
use crate::exit::Exit;
use crate::output::{self, Document, Progress, Table, Value};

/// What to import.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor import target/criterion --commit $(git rev-parse HEAD)
  cargo monitor import target/nextest/ci/junit.xml --tag source=ci
  cargo monitor import build/test-results --session ci-4711
  cargo monitor import gh-pages/dev/bench/data.js
  cargo monitor import python-suite/.pymon rows.jsonl rows.csv

Nothing is added twice, so the same file can be imported again. Files that do not name their machine \
get a machine class for each --machine, and are compared only within it. What is left out is counted, and listed \
on standard error. If no file has anything to import, no session is made, and the exit code is 3.")]
pub struct Arguments {
    /// Files, or folders with files of criterion, JUnit and the others
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// The tool that wrote them [default: recognised by the contents]
    #[arg(long, value_name = "TOOL")]
    from: Option<Source>,
    /// Make one session of all files, and of those of a later import with the same name [default: a session for each file or
    /// folder]
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// Revision that was measured, if the file does not say
    #[arg(long, value_name = "COMMIT")]
    commit: Option<String>,
    /// Name of the machine, if the file does not say
    #[arg(long, value_name = "NAME", default_value = "unknown")]
    machine: String,
    /// Add a field to the description of the sessions (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    tag: Vec<(String, String)>,
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    let target = app.database()?;
    // All is read before anything is written.
    let mut all: Vec<(&Path, Content)> = Vec::new();
    for path in &arguments.paths {
        let contents =
            source::read(path, arguments.from).with_context(|| format!("cannot import {}", path.display()))?;
        if contents.iter().all(is_empty) {
            output::note(&format!("{} has nothing that can be imported", path.display()));
        }
        for content in contents {
            left_out(&content).lines().iter().for_each(|line| output::note(&format!("{}: {line}", path.display())));
            all.push((path, content));
        }
    }
    if all.iter().all(|(_, content)| is_empty(content)) {
        return Ok(Exit::NoData);
    }
    let mut table = Table::new(&[
        ("path", "path"),
        ("source", "source"),
        ("sessions", "new sessions"),
        ("rows", "new rows"),
        ("left_out", "left out"),
        ("left_out_names", ""),
    ]);
    let mut writer = Writer::open(&target)?;
    let there = Monitor::open(&target)?;
    let ids = Ids { name: arguments.session.as_deref(), run_date: common_date(&all), there: &there };
    let origin = Origin { machine: &arguments.machine, commit: arguments.commit.as_deref(), tags: &arguments.tag };
    for (path, content) in all {
        let progress = Progress::spinner(format!("importing {}", path.display()));
        let before = count(&there)?;
        let left_out = left_out(&content);
        let tool = content.source.name();
        match content.parts {
            Parts::File(monitor) => {
                app.watch(&monitor);
                writer.merge(&monitor)?;
            }
            Parts::Sessions(batches) => write(&mut writer, &batches)?,
            Parts::Reports(reports) => {
                let filled = reports.into_iter().filter(|(report, _)| !report.tests.is_empty());
                let batches = filled.map(|(report, written)| ids.batch(report, written, &tool, &origin));
                write(&mut writer, &batches.collect::<anyhow::Result<Vec<_>>>()?)?;
            }
        }
        drop(progress);
        let after = count(&there)?;
        table.push(vec![
            Value::Text(path.display().to_string()).into(),
            Value::Text(tool).into(),
            Value::count(after.0 - before.0).into(),
            Value::count(after.1 - before.1).into(),
            Value::count(left_out.len().try_into()?).into(),
            Value::Fields(left_out.all().to_vec()).into(),
        ]);
    }
    drop(there);
    writer.close(true)?;
    app.print(&Document::table("imported", table))?;
    Ok(Exit::Success)
}

fn write(writer: &mut Writer, batches: &[Batch]) -> anyhow::Result<()> {
    let entries: Vec<_> = batches.iter().flat_map(Batch::entries).collect();
    Ok(writer.apply(&entries)?)
}

/// Which session a report is, and when it began.
struct Ids<'a> {
    /// That the user gives to all.
    name: Option<&'a str>,
    /// The first date of all reports.
    run_date: Option<Timestamp>,
    there: &'a Monitor,
}

impl Ids<'_> {
    /// A session that is there keeps its date, so that tests without one of their own are found again.
    fn batch(&self, report: Report, written: Timestamp, tool: &str, origin: &Origin<'_>) -> anyhow::Result<Batch> {
        let session_h = match self.name {
            Some(name) => hash_hex(["import session", name]),
            None => hash_hex(["import", tool, &report.identity]),
        };
        let told = if self.name.is_some() { self.run_date } else { report.run_date };
        let run_date = match self.there.session(&session_h)? {
            Some(session) => session.run_date,
            None => told.unwrap_or(written),
        };
        Ok(Batch::of(report, tool, session_h, run_date, origin))
    }
}

/// When a run began whose reports are many: the first date that one tells, else the first that a file was written.
fn common_date(all: &[(&Path, Content)]) -> Option<Timestamp> {
    let reports = || all.iter().filter_map(|(_, content)| reports(content)).flatten();
    let told = reports().filter_map(|(report, _)| report.run_date).min();
    told.or_else(|| reports().map(|(_, written)| *written).min())
}

fn reports(content: &Content) -> Option<&Vec<(Report, Timestamp)>> {
    match &content.parts {
        Parts::Reports(reports) => Some(reports),
        _ => None,
    }
}

fn left_out(content: &Content) -> LeftOut {
    let mut all = LeftOut::default();
    reports(content).into_iter().flatten().for_each(|(report, _)| all.append(report.left_out.clone()));
    all
}

fn is_empty(content: &Content) -> bool {
    match &content.parts {
        Parts::File(_) => false,
        Parts::Sessions(batches) => batches.is_empty(),
        Parts::Reports(reports) => reports.iter().all(|(report, _)| report.tests.is_empty()),
    }
}

/// Sessions and metric rows of a file.
fn count(monitor: &Monitor) -> anyhow::Result<(u64, u64)> {
    Ok((monitor.count_sessions(&Sessions::all())?, monitor.count_metrics(&Metrics::all())?))
}
