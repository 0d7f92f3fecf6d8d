//! Which tool wrote a file, and what is in it.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use monitor_store::{Monitor, Timestamp, hash_hex};
use serde_json::Value;

use super::batch::Batch;
use super::report::Report;
use super::{criterion, exported, github, go, google, hyperfine, jmh, junit, pytest_benchmark, text};

/// What writes files that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Source {
    /// A .pymon file, of this project or of pytest-monitor
    Pymon,
    /// JSON lines or CSV of `cargo monitor export`
    Export,
    /// Criterion's folder, or an estimates.json in it
    Criterion,
    /// JUnit XML, of nextest, pytest, Surefire and others
    Junit,
    /// data.js of github-action-benchmark
    GithubActionBenchmark,
    /// JSON of hyperfine
    Hyperfine,
    /// JSON of pytest-benchmark
    PytestBenchmark,
    /// JSON of google-benchmark
    GoogleBenchmark,
    /// Output of `go test -bench`, also of `-json`
    Go,
    /// JSON of JMH
    Jmh,
}

/// What one tool has left in a file or folder.
pub(super) struct Content {
    pub source: Source,
    pub parts: Parts,
}

/// The results, as far as they have been understood.
pub(super) enum Parts {
    /// A file of ours, or of pytest-monitor.
    File(Box<Monitor>),
    /// Sessions with all that is known of them.
    Sessions(Vec<Batch>),
    /// Runs of other tools, and when their files were written.
    Reports(Vec<(Report, Timestamp)>),
}

impl Source {
    /// Its name, as `--from` takes it.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// What is in a file or folder, by the tools that wrote it.
pub(super) fn read(path: &Path, from: Option<Source>) -> anyhow::Result<Vec<Content>> {
    if fs::metadata(path)?.is_dir() {
        return folder(path, from);
    }
    let bytes = fs::read(path)?;
    if bytes.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let text = OnceCell::new();
    let text = || text.get_or_init(|| text_of(path, &bytes)).as_ref();
    let source = match from {
        Some(source) => source,
        None if bytes.starts_with(b"SQLite format 3\0") => Source::Pymon,
        None if bytes.starts_with(b"PAR1") => bail!("Parquet cannot be read: export as json-lines"),
        None if !text::is_text(&bytes) => bail!("it is no text, and no SQLite database: give the report of a tool"),
        None if is_without_results(text()) => return Ok(Vec::new()),
        None => recognise(text()).context("its format is not recognised: name what wrote it with --from")?,
    };
    let parts = match source {
        Source::Pymon => Parts::File(Box::new(Monitor::open(path)?)),
        Source::Criterion => {
            Parts::Reports(vec![(criterion::read(&[path.to_owned()], path)?.possible(), modified(path)?)])
        }
        _ => parts(source, text(), modified(path)?)?,
    };
    Ok(vec![Content { source, parts }])
}

fn parts(source: Source, text: &str, modified: Timestamp) -> anyhow::Result<Parts> {
    let reports = match source {
        Source::Export if text.trim_start().starts_with('{') => {
            return Ok(Parts::Sessions(exported::read_json_lines(text)?));
        }
        Source::Export => return Ok(Parts::Sessions(exported::read_csv(text)?)),
        Source::Junit => vec![junit::read(text)?],
        Source::GithubActionBenchmark => github::read(text)?,
        Source::Hyperfine => vec![hyperfine::read(text)?],
        Source::PytestBenchmark => vec![pytest_benchmark::read(text)?],
        Source::GoogleBenchmark => vec![google::read(text)?],
        Source::Go => vec![go::read(text)],
        Source::Jmh => vec![jmh::read(text)?],
        Source::Pymon | Source::Criterion => Vec::new(),
    };
    Ok(Parts::Reports(reports.into_iter().map(|report| (report.possible(), modified)).collect()))
}

/// What is in a folder's files. Criterion's estimates are one run, and so are the JUnit reports; every other file is one
/// of its own. What no tool is known for is not looked at: pages, logs, configuration.
fn folder(root: &Path, from: Option<Source>) -> anyhow::Result<Vec<Content>> {
    let mut files = Vec::new();
    find(root, &mut files)?;
    files.sort();
    let mut contents: Vec<Content> = Vec::new();
    let mut estimates = Vec::new();
    for file in files {
        if file.file_name().is_some_and(|name| name == "estimates.json") {
            estimates.extend(criterion::is_newest(&file).then_some(file));
            continue;
        }
        let bytes = fs::read(&file)?;
        let text = text_of(&file, &bytes);
        let known = recognise(&text).filter(|source| *source != Source::Junit || text.contains("<testsuite"));
        let Some(source) = known.filter(|known| from.is_none_or(|from| from == *known)) else { continue };
        let read = || parts(source, &text, modified(&file)?);
        let Parts::Reports(reports) = read().with_context(|| file.display().to_string())? else { continue };
        match contents.iter_mut().find(|content| content.source == source) {
            Some(Content { parts: Parts::Reports(known), .. }) => known.extend(reports),
            _ => contents.push(Content { source, parts: Parts::Reports(reports) }),
        }
    }
    if !estimates.is_empty() && from.is_none_or(|from| from == Source::Criterion) {
        let written = estimates.iter().map(|file| modified(file)).collect::<anyhow::Result<Vec<_>>>()?;
        let written = written.into_iter().min().unwrap_or_else(Timestamp::now);
        let report = criterion::read(&estimates, root)?.possible();
        contents.push(Content { source: Source::Criterion, parts: Parts::Reports(vec![(report, written)]) });
    }
    for content in &mut contents {
        if let (Source::Junit, Parts::Reports(reports)) = (content.source, &mut content.parts) {
            *reports = joined(std::mem::take(reports)).into_iter().collect();
        }
    }
    Ok(contents)
}

/// The reports of one run, a file for each of its classes.
fn joined(reports: Vec<(Report, Timestamp)>) -> Option<(Report, Timestamp)> {
    let identity = hash_hex(reports.iter().map(|(report, _)| &report.identity));
    let joined = reports.into_iter().reduce(|(mut joined, written), (report, other)| {
        joined.run_date = joined.run_date.into_iter().chain(report.run_date).min();
        joined.tests.extend(report.tests);
        joined.left_out.append(report.left_out);
        (joined, written.min(other))
    });
    joined.map(|(report, written)| (Report { identity, ..report }, written))
}

/// The files below a folder that a tool may have written.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|it| ["js", "json", "txt", "xml"].iter().any(|known| it == *known)) {
            files.push(path);
        }
    }
    Ok(())
}

/// When a file was written.
fn modified(path: &Path) -> anyhow::Result<Timestamp> {
    Ok(fs::metadata(path)?.modified()?.into())
}

fn text_of<'a>(path: &Path, bytes: &'a [u8]) -> std::borrow::Cow<'a, str> {
    let (text, damage) = text::decode(bytes);
    if let Some(encoding) = damage {
        crate::output::note(&format!(
            "{} is not valid {encoding}: what cannot be read becomes `\u{fffd}`",
            path.display()
        ));
    }
    text
}

/// Whether a text is what tools write that have measured nothing: `[]`, `{"results": []}`.
fn is_without_results(text: &str) -> bool {
    fn is_empty(value: &Value) -> bool {
        match value {
            Value::Array(all) => all.iter().all(is_empty),
            Value::Object(all) => all.values().all(is_empty),
            _ => false,
        }
    }
    serde_json::from_str(text).is_ok_and(|value| is_empty(&value))
}

fn recognise(text: &str) -> Option<Source> {
    let text = text.trim_start();
    let has = |words: &[&str]| words.iter().all(|word| text.contains(word));
    let first = text.lines().next().unwrap_or_default();
    Some(match () {
        () if text.starts_with('<') => Source::Junit,
        () if text.starts_with("session,run_date,") => Source::Export,
        () if text.starts_with('{') && first.contains("\"session\"") => Source::Export,
        () if text.starts_with('{') && has(&["\"Action\":", "\"Package\":"]) => Source::Go,
        () if has(&["BENCHMARK_DATA"]) || has(&["\"entries\"", "\"benches\""]) => Source::GithubActionBenchmark,
        () if has(&["\"benchmarks\"", "\"machine_info\""]) => Source::PytestBenchmark,
        () if has(&["\"benchmarks\"", "\"context\""]) => Source::GoogleBenchmark,
        () if has(&["\"results\"", "\"command\""]) => Source::Hyperfine,
        () if has(&["\"primaryMetric\""]) => Source::Jmh,
        () if has(&["\"point_estimate\""]) => Source::Criterion,
        () if text.lines().any(|line| line.starts_with("Benchmark") && line.contains(" ns/op")) => Source::Go,
        () => return None,
    })
}
