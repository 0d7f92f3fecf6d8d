//! Crates that others have published, with the tests they were published with: `cargo monitor init` puts the attribute on
//! them, and they compile, pass and fail as before, without a new warning, with a row for each test that has the attribute.
//!
//! By default a few small ones; `MONITOR_PUBLISHED=all` takes all, or name some: `MONITOR_PUBLISHED=rayon,insta`.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use monitor_tests::published::{copied, online, source};
use monitor_tests::{Project, Run, cargo_monitor, repository, run, skipped};

/// Name, version, and what of it can be tested as published: others lack files that were left out.
const CRATES: &[(&str, &str, &[&str])] = &[
    ("arrayvec", "0.7.8", &["--lib", "--tests"]),
    ("bytes", "1.12.2", &["--lib", "--tests"]),
    (
        "crossbeam-channel",
        "0.5.15",
        &["--lib", "--test=mpsc", "--test=array", "--test=list", "--test=zero", "--test=ready"],
    ),
    ("indexmap", "2.14.2", &["--lib", "--tests"]),
    ("insta", "1.49.0", &["--lib"]),
    ("itertools", "0.14.0", &["--tests"]),
    ("once_cell", "1.21.4", &["--lib", "--tests"]),
    ("petgraph", "0.8.3", &["--lib", "--tests"]),
    ("rayon", "1.12.0", &["--lib", "--tests"]),
    ("regex-syntax", "0.8.12", &["--lib"]),
    ("semver", "1.0.28", &["--lib", "--tests"]),
    ("serde_json", "1.0.154", &["--lib", "--tests"]),
];

/// Quick enough for every run of the suite.
const FEW: &[&str] = &["arrayvec", "once_cell", "semver"];

#[test]
fn published_crates_stay_as_they_are() {
    let chosen = env::var("MONITOR_PUBLISHED").unwrap_or_else(|_| FEW.join(","));
    let chosen: Vec<&str> = chosen.split(',').collect();
    let mut table = String::from("crate              tests  rows  by macros  left alone  seconds\n");
    let mut problems = Vec::new();
    for (name, version, args) in CRATES {
        if !chosen.contains(name) && chosen != ["all"] {
            continue;
        }
        match compare(name, version, args) {
            Ok(line) => table += &line,
            Err(problem) => problems.push(format!("{name}: {problem}")),
        }
        println!("{table}");
    }
    assert!(problems.is_empty(), "{table}\n{}", problems.join("\n\n"));
}

/// Tests a crate with and without the attribute; its line of the table, or how they differ.
fn compare(name: &str, version: &str, args: &[&str]) -> Result<String, String> {
    let begin = std::time::Instant::now();
    let Some(source) = source(name, version) else {
        skipped(&format!("the crate {name} {version} can't be fetched from here"));
        return Ok(String::new());
    };
    let (without, with) = (copy(&source, name, "without"), copy(&source, name, "with"));
    let test = |project: &Project| {
        let mut command = online(project.cargo(&[&["test", "--no-fail-fast"], args].concat()));
        // Theirs, which some tests ask for.
        command.env("INSTA_FORCE_PASS", "0").env("RUST_BACKTRACE", "0");
        run(command)
    };
    let before = test(&without);
    let mut init = online(with.command(cargo_monitor()));
    init.args(["init", "--format=json", "--path"]).arg(repository());
    let init = run(init);
    if init.code != Some(0) {
        return Err(init.stderr);
    }
    let _ = fs::remove_file(with.path(".pymon"));
    let after = test(&with);
    let told = errors(&after);
    for (what, before, after) in
        [("tests", before.verdict(), after.verdict()), ("warnings", warnings(&before), warnings(&after))]
    {
        if before != after {
            let differing = |of: &[&str], other: &[&str]| {
                of.iter()
                    .filter(|line| !other.contains(line))
                    .take(5)
                    .map(|line| format!("\n  {line}"))
                    .collect::<String>()
            };
            let (lost, new) = (differing(&before, &after), differing(&after, &before));
            return Err(format!("{what} before:{lost}\n{what} after:{new}\n{told}"));
        }
    }
    let ran: Vec<&str> =
        after.verdict().into_iter().filter(|line| line.ends_with("... ok") || line.ends_with("... FAILED")).collect();
    if ran.is_empty() {
        return Err(format!("no test ran\n{}", before.stderr));
    }
    let rows = with.database().column("select ITEM from TEST_METRICS");
    let mut missing = counted(ran.iter().map(|line| function(line)));
    let mut unknown = Vec::new();
    for item in &rows {
        match missing.get_mut(item.as_str()) {
            Some(count) if *count > 0 => *count -= 1,
            _ => unknown.push(item.clone()),
        }
    }
    let rows_of = counted(rows.iter().map(String::as_str));
    let ran_of = counted(ran.iter().map(|line| function(line)));
    let lost: Vec<_> = annotated(with.root())
        .into_iter()
        .filter(|(name, count)| {
            let of = |counts: &BTreeMap<&str, usize>| counts.get(name.as_str()).copied().unwrap_or_default();
            of(&rows_of) < of(&ran_of).min(*count)
        })
        .collect();
    if !unknown.is_empty() || !lost.is_empty() {
        return Err(format!("rows of no test: {unknown:?}; tests without a row: {lost:?}"));
    }
    let left = init.stdout.matches("\"reason\"").count();
    Ok(format!(
        "{name:<18} {:>5} {:>5} {:>10} {left:>11} {:>8}\n",
        ran.len(),
        rows.len(),
        ran.len() - rows.len(),
        begin.elapsed().as_secs()
    ))
}

/// What the compiler says, if it says no.
fn errors(run: &Run) -> String {
    let lines: Vec<&str> = run.stderr.lines().collect();
    let errors = lines.iter().enumerate().filter(|(_, line)| line.starts_with("error"));
    errors.take(5).map(|(at, _)| lines[at..lines.len().min(at + 6)].join("\n") + "\n").collect()
}

/// The warnings of a build, as cargo sums them up.
fn warnings(run: &Run) -> Vec<&str> {
    run.stderr.lines().filter(|line| line.starts_with("warning: `") && line.contains("generated")).collect()
}

/// The name of a test's function, from what the harness says.
fn function(line: &str) -> &str {
    let name = line.strip_prefix("test ").unwrap_or(line).split(" ... ").next().unwrap_or_default();
    let name = name.split(" - should panic").next().unwrap_or_default();
    name.rsplit("::").next().unwrap_or_default()
}

fn counted<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

/// The functions below a folder that have the attribute, and how many of each name; some may be for other platforms.
fn annotated(folder: &Path) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder can be read").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = if path.extension().is_some_and(|extension| extension == "rs") {
                fs::read_to_string(&path).unwrap_or_default()
            } else {
                String::new()
            };
            for (_, behind) in
                text.match_indices("monitor_runtime::monitored]").map(|(at, ours)| text[at..].split_at(ours.len()))
            {
                let function = behind.split_once("fn ").map(|(_, function)| function);
                let name = function.and_then(|function| function.split(['(', '<']).next()).unwrap_or_default();
                *found.entry(name.trim().to_owned()).or_default() += 1;
            }
        }
    }
    found
}

/// A copy that stays, as a workspace of its own.
fn copy(source: &Path, name: &str, variant: &str) -> Project {
    let manifest = fs::read_to_string(source.join("Cargo.toml")).expect("a crate has a manifest");
    let manifest = if manifest.contains("[workspace]") { manifest } else { manifest + "\n[workspace]\n" };
    let project = Project::kept(&format!("published/{name}-{variant}"), &[("Cargo.toml", &manifest)]);
    let _ = fs::remove_file(project.path(".pymon-init.json"));
    copied(source, &PathBuf::new(), &project);
    project
}
