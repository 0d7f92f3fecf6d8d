//! How well `cargo monitor capacity` foresees: a suite is recorded with one test at a time and with two, and each
//! recording foretells the other. `cargo bench -p monitor-tests --bench capacity`.
//!
//! The suites are the demo's and those of two crates as crates.io has them, whose tests are measured from outside under
//! nextest. Do it on a machine that does nothing else.
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use monitor_tests::{Database, repository, run};
use serde_json::Value;

/// Crates with tests that take a while.
const CRATES: &[(&str, &str)] = &[("itertools", "0.14.0"), ("petgraph", "0.8.3")];

fn main() {
    let monitor = build();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    println!("{:<22} {:>8} {:>8} {:>12} {:>12} {:>8}", "suite", "from", "to", "foreseen s", "measured s", "error");
    let demo = ["nextest", "--package", "primes-demo", "--lib"];
    foresee("primes-demo", &monitor, &repository(), &demo, &folder.path().join("demo.pymon"));
    for (name, version) in CRATES {
        let project = unpack(folder.path(), name, version);
        let file = folder.path().join(format!("{name}.pymon"));
        foresee(&format!("{name} {version}"), &monitor, &project, &["nextest"], &file);
    }
}

/// `cargo-monitor`, optimised.
fn build() -> PathBuf {
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--quiet", "--package", "cargo-monitor", "--message-format", "json"]);
    build.current_dir(repository());
    let messages = run(build).succeeded().stdout;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let executables = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    executables.into_iter().next_back().expect("cargo names the executable")
}

/// A crate as it was published, as a workspace of its own.
fn unpack(folder: &Path, name: &str, version: &str) -> PathBuf {
    let url = format!("https://static.crates.io/crates/{name}/{name}-{version}.crate");
    let archive = folder.join(format!("{name}.crate"));
    let mut fetch = Command::new("curl");
    fetch.args(["--silent", "--show-error", "--fail", "--location", &url, "--output"]).arg(&archive);
    let _ = run(fetch).succeeded();
    let mut unpack = Command::new("tar");
    unpack.arg("--extract").arg("--gzip").arg("--file").arg(&archive).arg("--directory").arg(folder);
    let _ = run(unpack).succeeded();
    folder.join(format!("{name}-{version}"))
}

/// Records with one test at a time and with two, and prints what each recording says of the other.
fn foresee(suite: &str, monitor: &Path, project: &Path, test: &[&str], file: &Path) {
    let run_with = |jobs: &str| {
        let mut command = Command::new(monitor);
        command.args(test).args(["--no-fail-fast", "-j", jobs]).current_dir(project).env("MONITOR_DB", file);
        // A suite with a failing test is a suite all the same.
        run(command)
    };
    // Builds, so that no recording does.
    let _ = run_with("2");
    fs::remove_file(file).unwrap_or_else(|error| panic!("{suite}: nothing was recorded: {error}"));
    let _ = run_with("1");
    let _ = run_with("2");
    let measured = |session: &str| wall_seconds(file, session);
    let sessions = Database::open(file).column("select SESSION_H from TEST_SESSIONS order by RUN_DATE");
    for (from, to, jobs) in [(0, 1, 2), (1, 0, 1)] {
        let foreseen = forecast(monitor, file, &sessions[from], jobs);
        let measured = measured(&sessions[to]);
        println!(
            "{suite:<22} {:>8} {:>8} {foreseen:>12.2} {measured:>12.2} {:>+7.1}%",
            from + 1,
            to + 1,
            (foreseen / measured - 1.0) * 100.0
        );
    }
}

/// From the first test's start to the last one's end.
fn wall_seconds(file: &Path, session: &str) -> f64 {
    let sql = format!(
        "select (max(julianday(ITEM_START_TIME) * 86400 + TOTAL_TIME) - min(julianday(ITEM_START_TIME) * 86400)) \
         from TEST_METRICS where KIND = 'function' and SESSION_H = '{session}'"
    );
    Database::open(file).value(&sql).parse().expect("a session has tests")
}

fn forecast(monitor: &Path, file: &Path, session: &str, jobs: u64) -> f64 {
    let mut command = Command::new(monitor);
    command.arg("--db").arg(file).args(["capacity", session, "--format", "json"]);
    let found: Value = serde_json::from_str(&run(command).succeeded().stdout).expect("valid JSON");
    let forecasts = found["forecasts"].as_array().expect("forecasts");
    let wanted = forecasts.iter().find(|forecast| forecast["workers"].as_f64() == Some(jobs as f64));
    wanted.and_then(|forecast| forecast["wall_seconds"].as_f64()).expect("a forecast for these workers")
}
