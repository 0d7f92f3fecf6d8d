//! What a command's `--help` shows as an example works where there is something to answer from.
#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::Fixture;
use monitor_store::Outcome;
use monitor_tests::{repository, run};

/// Commands whose examples build, write sources or need a server; each has tests of its own.
const ELSEWHERE: [&str; 8] = ["test", "nextest", "explain", "bisect", "init", "push", "pull", "--confirm"];

/// A repository with sessions, and the files that examples name.
fn workspace() -> Fixture {
    let fixture = Fixture::empty();
    fixture.git(&["init", "--quiet", "--initial-branch=main"]);
    for number in 1..=12 {
        fixture.git(&["commit", "--quiet", "--allow-empty", "--message", "x"]);
        let commit = fixture.git(&["rev-parse", "HEAD"]);
        let branch = if number == 12 { "faster" } else { "main" };
        if number == 8 {
            fixture.git(&["tag", "v1.0"]);
        }
        let wall = 0.1 + 0.001 * f64::from(number % 3);
        let names = ["tests::test_prime[982451653]", "tests::sums", "tests::parse_large", "tests::cache_hit"];
        let names = names.map(|name| format!("primes_demo::{name}"));
        let rows: Vec<_> = names.iter().map(|name| (name.as_str(), wall, 4096, Outcome::Passed)).collect();
        let tags = [("git_branch", "main"), ("branch", branch), ("suite", "nightly")];
        fixture.session(number, &commit, &tags, &rows);
    }
    for other in ["shard-1/.pymon", "ci.pymon", "colleague.pymon", "python-suite/.pymon"] {
        copy(&fixture.file(), &fixture.folder().join(other));
    }
    let export = |form: &str, name: &str| {
        let _ = fixture.run(&["export", "--as", form, "-o", name]).succeeded();
    };
    export("json-lines", "rows.jsonl");
    export("csv", "rows.csv");
    let imports = repository().join("cargo-monitor/tests/fixtures/import");
    for (from, to) in [
        ("criterion-0.3.3.json", "target/criterion/primes/sieve/new/estimates.json"),
        ("junit/nextest-retries.xml", "target/nextest/ci/junit.xml"),
        ("many-files/TEST-shop.Cart.xml", "build/test-results/TEST-shop.Cart.xml"),
    ] {
        copy(&imports.join(from), &fixture.folder().join(to));
    }
    let data = r#"window.BENCHMARK_DATA = {"entries": {"Rust": [{"commit": {"id": "0123abcd"}, "date": 1795395723000,
        "benches": [{"name": "fib", "value": 150, "unit": "ns/iter"}]}]}}"#;
    let data_js = fixture.folder().join("gh-pages/dev/bench/data.js");
    fs::create_dir_all(data_js.parent().expect("a folder")).expect("a folder can be made");
    fs::write(data_js, data).expect("a file can be written");
    fs::create_dir_all(fixture.folder().join(".config/fish/completions")).expect("a folder can be made");
    fixture
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a file is in a folder")).expect("a folder can be made");
    fs::copy(from, to).expect("the file can be copied");
}

/// The examples of all commands.
fn examples(fixture: &Fixture) -> Vec<String> {
    let mut examples: Vec<String> = Vec::new();
    for command in fixture.commands() {
        let help = fixture.run(&[&command, "--help"]).succeeded().stdout;
        let lines = help.lines().skip_while(|line| !line.starts_with("Example")).skip(1);
        let before = examples.len();
        examples.extend(lines.take_while(|line| !line.is_empty()).map(|line| line.trim().to_owned()));
        assert!(examples.len() > before, "{command}: {help}");
    }
    examples
}

#[cfg(unix)]
#[test]
fn every_example_of_help_has_something_to_answer_from() {
    let fixture = workspace();
    let is_elsewhere = |example: &str| example.split_whitespace().any(|word| ELSEWHERE.contains(&word));
    let (elsewhere, tried): (Vec<_>, Vec<_>) =
        examples(&fixture).into_iter().partition(|example| is_elsewhere(example));
    assert!(tried.len() > 2 * elsewhere.len() && tried.len() > 40, "{tried:#?} {elsewhere:#?}");
    let program = env!("CARGO_BIN_EXE_cargo-monitor");
    for example in tried {
        // Each finds the file as it was.
        let kept = fixture.folder().join("kept");
        copy(&fixture.file(), &kept);
        let mut command = fixture.command(&[]);
        let script = format!("cargo() {{ \"{program}\" \"$@\"; }}; jq() {{ cat; }}; {example}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(fixture.folder()).env("HOME", fixture.folder());
        for (name, value) in command.env("MONITOR_COLOR", "never").get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let ended = run(shell);
        // A gate may find something: the example's day is not ours.
        let fine = if example.contains(" gate") { [0, 5] } else { [0, 0] };
        assert!(ended.code.is_some_and(|code| fine.contains(&code)), "{example}: {:?}\n{}", ended.code, ended.stderr);
        copy(&kept, &fixture.file());
    }
}
