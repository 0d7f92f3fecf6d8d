//! The demo's story, really recorded: `compare` names the slow commit and the hungry one, `gate` stops both.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::Command;

use monitor_tests::{Run, repository, run};
use serde_json::Value;

const TEST: &str = "primes_demo::tests::test_prime[982451653]";

/// The four commits of the story, then the last one again.
fn record(file: &Path) {
    let mut story = cargo(&["run", "--quiet", "--package", "primes-demo", "--example", "evolution", "--"]);
    story.arg(file);
    let _ = run(story).succeeded();
    let mut again = cargo(&["test", "--quiet", "--package", "primes-demo", "--lib", "tests::test_prime"]);
    // The tests of the implementations themselves have the same names.
    again.args(["--", "--skip", "all_divisors", "--skip", "miller_rabin", "--skip", "sieve", "--skip", "square_root"]);
    again.env("PRIMES_IMPLEMENTATION", "miller_rabin").env("MONITOR_DB", file).env("MONITOR_SCM_ID", "the same code");
    let _ = run(again).succeeded();
}

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(args).current_dir(repository());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MONITOR") || name.starts_with("NEXTEST")) {
        command.env_remove(name);
    }
    command
}

fn monitor(file: &Path, args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-monitor"));
    command.arg("--db").arg(file).args(args);
    run(command)
}

/// The verdicts on the test between two sessions, and the commit that is judged.
fn compare(file: &Path, base: &str, head: &str) -> (Vec<(String, String)>, String) {
    let run = monitor(file, &["compare", base, head, "--format", "json"]).succeeded();
    let found: Value = serde_json::from_str(&run.stdout).expect("valid JSON");
    let changes = found["changes"].as_array().expect("a list of changes");
    // The sieve's memory grows with the number in the other tests too; no other becomes slower.
    let is_time = |change: &&Value| change["metric"].as_str().is_some_and(|metric| metric.ends_with("time"));
    assert!(changes.iter().filter(is_time).all(|change| change["test"] == TEST), "another test changed: {found:#}");
    let changes = changes.iter().filter(|change| change["test"] == TEST);
    let word = |change: &Value, key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let verdicts = changes.map(|change| (word(change, "metric"), word(change, "verdict"))).collect();
    (verdicts, found["comparison"]["head"].as_str().unwrap_or_default().to_owned())
}

fn commit_of(file: &Path, implementation: &str) -> String {
    let selector = format!("tag:implementation={implementation}");
    let run = monitor(file, &["sessions", &selector, "--format", "json"]).succeeded();
    let sessions: Value = serde_json::from_str(&run.stdout).expect("valid JSON");
    sessions[0]["commit"].as_str().expect("a commit")[..8].to_owned()
}

fn is_regression_of(verdicts: &[(String, String)], metric: &str) -> bool {
    verdicts.iter().any(|(name, verdict)| name == metric && verdict == "regressed")
}

#[test]
fn the_story_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("evolution.pymon");
    record(&file);

    let (slow, head) = compare(&file, "latest~4", "latest~3");
    assert!(is_regression_of(&slow, "wall-time") && is_regression_of(&slow, "cpu-time"), "{slow:?}");
    assert!(!is_regression_of(&slow, "heap-peak"), "{slow:?}");
    assert!(head.contains(&commit_of(&file, "all_divisors")), "{head}");

    let (hungry, head) = compare(&file, "latest~3", "latest~2");
    assert!(is_regression_of(&hungry, "heap-peak"), "{hungry:?}");
    assert!(head.contains(&commit_of(&file, "sieve")), "{head}");

    let (fast, _) = compare(&file, "latest~2", "latest~1");
    assert!(fast.len() >= 3 && fast.iter().all(|(_, verdict)| verdict == "improved"), "{fast:?}");
    assert_eq!(compare(&file, "latest~1", "latest").0, []);

    let gate = |base, head| monitor(&file, &["gate", "--baseline", base, "--head", head]).code;
    assert_eq!(gate("latest~4", "latest~3"), Some(5), "the slow commit");
    assert_eq!(gate("latest~3", "latest~2"), Some(5), "the hungry commit");
    assert_eq!(
        gate("latest~1", "latest"),
        Some(6),
        "the same code: nothing is worse, but one run is too few to pass by"
    );
    assert_eq!(gate("no-such-branch", "latest"), Some(6), "no baseline");
}
