//! Tests in a process of their own: what the harness, the user and the file see of them.
#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use monitor_tests::{Database, Project, Run, manifest, run};

fn isolation(package: &str) -> Project {
    let dependencies = "libc = \"0.2\"\nrstest = \"0.28\"\ntokio = { version = \"1\", features = [\"full\"] }\n";
    Project::new(&[
        ("Cargo.toml", &manifest(package, dependencies)),
        ("src/lib.rs", include_str!("../fixtures/isolation.rs")),
    ])
}

fn outcome(database: &Database, item: &str) -> String {
    database.value(&format!("select outcome from TESTS where item = '{item}'"))
}

/// What the harness printed about one failed test.
fn report<'a>(run: &'a Run, test: &str) -> &'a str {
    let begin = format!("---- {test} stdout ----\n");
    let rest = run.stdout.split_once(&begin).unwrap_or_else(|| panic!("no report of {test}:\n{}", run.stdout)).1;
    rest.split("\n---- ").next().unwrap_or(rest).split("\nfailures:").next().unwrap_or(rest)
}

fn assert_good_rows(database: &Database, expected: usize) {
    assert_eq!(database.column("select distinct outcome from TESTS"), ["passed"]);
    assert_eq!(database.column("select distinct attribution from TESTS"), ["process"]);
    assert_eq!(database.column("select count(*) from TEST_SESSIONS"), ["1"]);
    let variants = database.column("select variant from TESTS order by variant");
    assert_eq!(variants.len(), expected, "{variants:?}");
    for variant in ["above_cases[3]", "above_cases[5]", "below_cases[3]", "below_cases[5]", "inherits", "plain"] {
        assert_eq!(variants.iter().filter(|known| *known == variant).count(), 1, "{variant} in {variants:?}");
    }
}

const GOOD: usize = 11;

#[test]
fn each_body_has_a_process_of_its_own() {
    let project = isolation("isolation-good");
    let captured = project.test(&["--lib", "good::"]);
    assert!(captured.stdout.contains("test result: ok. 11 passed"), "{}", captured.stdout);
    for text in ["on stdout", "an unfinished line", "on stderr", "past the capture", "the answer", "running 0"] {
        assert!(!captured.stdout.contains(text) && !captured.stderr.contains(text), "{text:?} was not captured");
    }
    assert_good_rows(&project.database(), GOOD);

    let shown = project.test(&["--lib", "good::plain", "--", "--nocapture", "--test-threads=1"]);
    assert!(shown.stdout.contains("test good::plain ... on stdout\nan unfinished line"), "{}", shown.stdout);
    assert!(shown.stderr.contains("on stderr\npast the capture\n"), "{}", shown.stderr);
    assert_eq!(shown.stdout.matches("running 1 test").count(), 1, "the other harness's words are shown too");
}

#[test]
fn the_variable_isolates_every_test() {
    let project = isolation("isolation-variable");
    project.write("src/lib.rs", &include_str!("../fixtures/isolation.rs").replace("(isolate)", ""));
    let mut command = project.cargo(&["test", "--lib", "good::"]);
    command.env("MONITOR_ISOLATE", "1");
    let _ = run(command).succeeded();
    assert_good_rows(&project.database(), GOOD);
    // Without it they meet in one process.
    assert_eq!(run(project.cargo(&["test", "--lib", "good::"])).code, Some(101));
}

#[test]
fn nextest_sees_the_same() {
    let project = isolation("isolation-nextest");
    let _ = project.nextest(&["good::"]);
    assert_good_rows(&project.database(), GOOD);
    let failed = run(project.cargo(&["nextest", "run", "--no-fail-fast", "bad::"]));
    assert_eq!(failed.code, Some(100), "{}", failed.stderr);
    assert!(failed.stderr.contains("`aborts` died in its own process: SIGABRT"), "{}", failed.stderr);
    assert_bad_rows(&project.database());
}

fn assert_bad_rows(database: &Database) {
    for item in [
        "aborts",
        "is_killed_and_should_panic",
        "overflows_its_stack",
        "leaves_by_exit",
        "leaves_by_exit_as_if_it_had_passed",
        "finds_an_old_report",
        "forks_and_the_child_returns",
    ] {
        assert_eq!(outcome(database, item), "crashed", "{item}");
    }
    for item in
        ["panics", "panics_otherwise", "should_panic_and_returns", "returns_an_error", "leaves_a_process_behind"]
    {
        assert_eq!(outcome(database, item), "failed", "{item}");
    }
    assert_eq!(outcome(database, "is_over_budget"), "over budget");
}

#[test]
fn failures_are_told_as_without_isolation_and_deaths_by_name() {
    let project = isolation("isolation-bad");
    let mut command = project.cargo(&["test", "--lib", "bad::"]);
    let temporary = tempfile::tempdir().expect("a temporary folder can be made");
    command.env("TMPDIR", temporary.path());
    let failed = run(command);
    assert_eq!(failed.code, Some(101));
    assert!(failed.stdout.contains("0 passed; 13 failed; 1 ignored"), "{}", failed.stdout);
    let told = |test: &str, texts: &[&str]| {
        let report = report(&failed, &format!("bad::{test}"));
        for text in texts {
            assert!(report.contains(text), "{test}: {text:?} is not in\n{report}");
        }
    };
    told("panics", &["said before", "src/lib.rs:", "on purpose"]);
    told("panics_otherwise", &["panic did not contain expected string", "on purpose", "something else"]);
    told("should_panic_and_returns", &["test did not panic as expected"]);
    told("returns_an_error", &["Error: \"no good\"", "failed in its own process"]);
    told("aborts", &["last words", "`aborts` died in its own process: SIGABRT"]);
    told("is_killed_and_should_panic", &["died in its own process: SIGKILL", "test did not panic as expected"]);
    told("overflows_its_stack", &["has overflowed its stack", "died in its own process: SIGABRT"]);
    told("leaves_by_exit", &["did not come to its end in its own process (exit code 3)"]);
    told("leaves_by_exit_as_if_it_had_passed", &["did not come to its end in its own process (exit code 0)"]);
    told("finds_an_old_report", &["did not come to its end in its own process (exit code 0)"]);
    told("leaves_a_process_behind", &["said before it is left", "on purpose"]);
    told("forks_and_the_child_returns", &["died in its own process: SIGABRT"]);
    told("is_over_budget", &["max_heap: 3145728 bytes (3.00 MiB) measured, 1048576 bytes (1.00 MiB) allowed"]);
    assert_bad_rows(&project.database());
    let left = fs::read_dir(temporary.path()).expect("the folder can be read").flatten();
    let left: Vec<_> = left.filter(|entry| entry.path().is_dir()).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Waits until the hanging test has told the numbers of its process and of the one it started.
fn pids(path: &Path) -> Vec<String> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(120) {
        if let Ok(text) = fs::read_to_string(path) {
            return text.split(' ').map(str::to_owned).collect();
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("the test has not begun to hang after two minutes");
}

/// A process that has ended may stay as a zombie where nobody waits for orphans.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

fn assert_gone(pids: &[String]) {
    let start = Instant::now();
    while pids.iter().any(|pid| lives(pid)) {
        assert!(start.elapsed() < Duration::from_secs(20), "of the processes {pids:?} one is left");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_timeout_leaves_no_process_behind() {
    let project = isolation("isolation-timeout");
    let path = project.path("pids");
    let mut command = project.cargo(&["test", "--lib", "hangs", "--", "--ignored"]);
    command.env("PIDS", &path).env("MONITOR_ISOLATE_TIMEOUT", "4s");
    let failed = run(command);
    assert_eq!(failed.code, Some(101), "{}", failed.stdout);
    let told = "`hangs` ran longer than 4s (MONITOR_ISOLATE_TIMEOUT) in its own process";
    assert!(report(&failed, "bad::hangs").contains(told), "{}", failed.stdout);
    assert_gone(&pids(&path));
    assert_eq!(outcome(&project.database(), "hangs"), "crashed");
}

#[test]
fn nothing_outlives_the_process_that_waits() {
    let project = isolation("isolation-killed");
    let binary = project.test_binary();
    let path = project.path("pids");
    let mut waiting: Command = project.command(binary);
    waiting.args(["hangs", "--ignored"]).env("PIDS", &path).stdout(Stdio::null()).stderr(Stdio::null());
    let mut waiting = waiting.spawn().expect("the test binary runs");
    let pids = pids(&path);
    assert!(pids.iter().all(|pid| lives(pid)));
    waiting.kill().expect("it can be killed");
    waiting.wait().expect("it can be waited for");
    assert_gone(&pids);
}

#[test]
fn nextests_timeout_leaves_no_process_behind() {
    let project = isolation("isolation-slow");
    project
        .write(".config/nextest.toml", "[profile.default]\nslow-timeout = { period = \"4s\", terminate-after = 1 }\n");
    let path = project.path("pids");
    let mut command = project.cargo(&["nextest", "run", "--run-ignored=only", "hangs"]);
    command.env("PIDS", &path);
    let failed = run(command);
    assert_eq!(failed.code, Some(100), "{}", failed.stderr);
    assert!(failed.stderr.contains("TIMEOUT"), "{}", failed.stderr);
    assert_gone(&pids(&path));
}
