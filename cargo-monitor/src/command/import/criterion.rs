//! Criterion: `target/criterion/GROUP/BENCHMARK/new/estimates.json`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use monitor_store::hash_hex;
use serde_json::Value;

use super::json;
use super::report::{Report, Timed};

/// As criterion reports it: the slope where it fitted one, else the mean; and as it named them before 0.3.4.
const ESTIMATES: [&str; 4] = ["slope", "Slope", "mean", "Mean"];

/// Estimates below `root` as a run. A file that criterion did not write to its end hides no other.
pub(super) fn read(files: &[PathBuf], root: &Path) -> anyhow::Result<Report> {
    let (mut report, mut contents) = (Report::default(), Vec::new());
    for file in files {
        let text = fs::read_to_string(file)?;
        let name = name(file, root);
        match nanoseconds(&text) {
            Ok(nanoseconds) => {
                let (group, benchmark) = name.rsplit_once('/').unwrap_or(("", &name));
                let test = Timed::new(group, benchmark, nanoseconds / 1e9);
                report.tests.push(Timed { binary: "criterion".to_owned(), ..test });
                contents.push(format!("{name}\n{text}"));
            }
            Err(error) if files.len() == 1 => return Err(error.context(file.display().to_string())),
            Err(error) => report.left_out.add(name, format!("{error:#}")),
        }
    }
    Ok(Report { identity: hash_hex(&contents), ..report })
}

fn nanoseconds(estimates: &str) -> anyhow::Result<f64> {
    let estimates: Value = json::read(estimates)?;
    let nanoseconds = ESTIMATES.iter().find_map(|key| estimates[key]["point_estimate"].as_f64());
    nanoseconds.context("it has no estimate of a mean")
}

/// Whether a file of criterion is its newest estimate; `base` and `change` are about earlier ones.
pub(super) fn is_newest(file: &Path) -> bool {
    file.ends_with("new/estimates.json")
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
