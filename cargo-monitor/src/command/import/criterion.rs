//! Criterion: `target/criterion/GROUP/BENCHMARK/new/estimates.json`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use monitor_store::{Outcome, hash_hex};
use serde_json::Value;

use super::batch::{Batch, Origin, Timed};
use super::modified;

/// All estimates in a folder, or one, as a session.
pub(super) fn read(path: &Path, origin: &Origin<'_>) -> anyhow::Result<Vec<Batch>> {
    let mut files = Vec::new();
    if path.is_dir() {
        find(path, &mut files)?
    } else {
        files.push(path.to_owned())
    }
    files.sort();
    let (mut tests, mut contents) = (Vec::new(), Vec::new());
    for file in &files {
        let text = fs::read_to_string(file)?;
        let estimates: Value = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))?;
        let name = name(file, path);
        // As criterion reports it: the slope where it fitted one, else the mean.
        let nanoseconds = ["slope", "mean"].iter().find_map(|key| estimates[key]["point_estimate"].as_f64());
        let nanoseconds = nanoseconds.with_context(|| format!("{} holds no estimate of a mean", file.display()))?;
        contents.push(format!("{name}\n{text}"));
        tests.push(Timed {
            package: String::new(),
            binary: "criterion".to_owned(),
            path: name.rsplit_once('/').map_or("", |(group, _)| group).to_owned(),
            name: name.rsplit('/').next().unwrap_or_default().to_owned(),
            start: modified(file)?,
            seconds: nanoseconds / 1e9,
            outcome: Outcome::Passed,
        });
    }
    let Some(run_date) = tests.iter().map(|test| test.start).min() else { return Ok(Vec::new()) };
    Ok(vec![Batch::of_timed("criterion", &hash_hex(&contents), run_date, None, origin, tests)])
}

/// The newest estimates below a folder; `base` and `change` are about earlier ones.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            find(&path, files)?;
        } else if entry.file_name() == "estimates.json" && path.parent().is_some_and(|new| new.ends_with("new")) {
            files.push(path);
        }
    }
    Ok(())
}

/// The benchmark's own identifier from `benchmark.json`, else its folder's place.
fn name(file: &Path, root: &Path) -> String {
    let benchmark = fs::read_to_string(file.with_file_name("benchmark.json")).ok();
    let benchmark: Option<Value> = benchmark.and_then(|text| serde_json::from_str(&text).ok());
    let full_id = benchmark.and_then(|benchmark| benchmark["full_id"].as_str().map(str::to_owned));
    full_id.unwrap_or_else(|| {
        let folder = file.parent().and_then(Path::parent).unwrap_or(root);
        let relative = folder.strip_prefix(root).ok().filter(|path| !path.as_os_str().is_empty());
        relative.unwrap_or_else(|| Path::new(folder.file_name().unwrap_or_default())).display().to_string()
    })
}
