//! Processes that end in the middle of a test: what had ended is kept, the test they died in is `crashed`, and the run
//! ends as it would without us.
#![forbid(unsafe_code)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;

use monitor_store::Monitor;
use monitor_tests::{Database, Project, Run, manifest, nextest_is_there, run};
use tempfile::TempDir;

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let manifest = manifest("crashes", "libc = \"0.2\"\n");
    Project::kept("crashes", &[("Cargo.toml", &manifest), ("src/lib.rs", include_str!("../fixtures/crashes.rs"))])
});

static TEN_TESTS: LazyLock<Project> = LazyLock::new(|| {
    let manifest = manifest("crashes-killed", "");
    let source = include_str!("../fixtures/ten_tests.rs");
    Project::kept("crashes-killed", &[("Cargo.toml", &manifest), ("src/lib.rs", source)])
});

/// Modules of the fixture, and what the test is before another process has found out that it is `crashed`: exit handlers know
/// at once.
const WAYS: &[(&str, &str)] = &[
    ("killed", "running"),
    ("aborts", "running"),
    ("overflows", "running"),
    ("exits", "crashed"),
    ("leaves_at_once", "running"),
    ("segfaults", "running"),
    ("panics_while_panicking", "running"),
];

fn database() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("x.pymon");
    (folder, path)
}

/// Runs `cargo ARGS` with and without monitoring and compares how they end.
fn ends_as_without_us(args: &[&str], path: &Path) {
    let ends = |variable: (&str, &Path)| {
        let mut command = PROJECT.cargo(args);
        command.env(variable.0, variable.1);
        run(command)
    };
    let plain = ends(("MONITOR", Path::new("off")));
    let monitored = ends(("MONITOR_DB", path));
    assert_eq!(monitored.code, plain.code, "{args:?}: {}{}", monitored.stdout, monitored.stderr);
    assert_eq!(monitored.warnings(), [] as [&str; 0]);
    let signal = |run: &Run| run.stderr.lines().find(|line| line.contains("signal:")).map(str::to_owned);
    assert_eq!(signal(&monitored), signal(&plain), "{args:?}");
    let overflow = |run: &Run| (run.stdout.clone() + &run.stderr).contains("has overflowed its stack");
    assert_eq!(overflow(&monitored), overflow(&plain), "{args:?}");
}

fn outcomes(path: &Path) -> Vec<Vec<String>> {
    Database::open(path).rows("select item, outcome from TESTS order by 1")
}

#[test]
fn a_process_that_dies_under_cargo_test_leaves_its_rows() {
    let _ = PROJECT.test_binary();
    for &(way, found) in WAYS {
        let (_folder, path) = database();
        let filter = format!("{way}::");
        ends_as_without_us(&["test", "--lib", &filter, "--", "--test-threads=1"], &path);
        assert_eq!(outcomes(&path), [["a_first", "passed"], ["b_fatal", found]], "{way}");
        // Reading what is there counts as opening the file.
        drop(Monitor::open(&path).expect("the file can be read"));
        assert_eq!(outcomes(&path), [["a_first", "passed"], ["b_fatal", "crashed"]], "{way}");
        let database = Database::open(&path);
        assert_eq!(database.column("select ITEM from TEST_METRICS"), ["a_first"], "{way}");
        assert_eq!(database.column("select distinct STATE from PROCESSES"), ["settled"], "{way}");
        assert_eq!(database.value("pragma integrity_check"), "ok", "{way}");
    }
}

#[test]
fn a_process_that_dies_under_nextest_leaves_its_rows() {
    if !nextest_is_there() {
        return;
    }
    for &(way, _) in WAYS {
        let (_folder, path) = database();
        let filter = format!("{way}::");
        ends_as_without_us(&["nextest", "run", "--no-fail-fast", &filter], &path);
        drop(Monitor::open(&path).expect("the file can be read"));
        assert_eq!(outcomes(&path), [["a_first", "passed"], ["b_fatal", "crashed"], ["c_last", "passed"]], "{way}");
    }
}

/// All that a runner learns of such a test is that its process ended with success.
#[test]
fn a_test_that_ends_its_process_with_success_has_passed_as_its_runner_says() {
    let (_folder, path) = database();
    ends_as_without_us(&["test", "--lib", "exits_with_success::", "--", "--test-threads=1"], &path);
    let figures = "select item, outcome, attribution, wall_seconds > 0, allocations >= 0 from TESTS order by 1";
    let (first, fatal) = (["a_first", "passed", "process", "1", "1"], ["b_fatal", "passed", "shared", "1", "1"]);
    assert_eq!(Database::open(&path).rows(figures), [first, fatal]);
    // Those beside it are cut short: nobody says that they passed.
    let (_folder, path) = database();
    ends_as_without_us(&["test", "--lib", "exits_beside::"], &path);
    assert_eq!(outcomes(&path), [["a_long", "crashed"], ["b_fatal", "passed"]]);
    if nextest_is_there() {
        let (_folder, path) = database();
        ends_as_without_us(&["nextest", "run", "exits_with_success::"], &path);
        let last = ["c_last", "passed", "process", "1", "1"];
        assert_eq!(Database::open(&path).rows(figures), [first, fatal, last]);
    }
}

#[test]
fn the_next_run_finds_what_died() {
    let (_folder, path) = database();
    for way in ["killed::", "aborts::"] {
        let mut command = PROJECT.cargo(&["test", "--lib", way, "--", "--test-threads=1"]);
        command.env("MONITOR_DB", &path);
        assert_eq!(run(command).code, Some(101));
    }
    let database = Database::open(&path);
    assert_eq!(
        database.rows("select path, item, outcome from TESTS order by start_time"),
        [
            ["crashes::killed", "a_first", "passed"],
            ["crashes::killed", "b_fatal", "crashed"],
            ["crashes::aborts", "a_first", "passed"],
            ["crashes::aborts", "b_fatal", "running"]
        ]
    );
}

#[test]
fn neighbours_of_a_crash_keep_what_they_had_ended() {
    let (_folder, path) = database();
    let mut command = PROJECT.cargo(&["test", "--lib", "killed::", "--", "--test-threads=8"]);
    command.env("MONITOR_DB", &path);
    assert_eq!(run(command).code, Some(101));
    drop(Monitor::open(&path).expect("the file can be read"));
    let outcomes = outcomes(&path);
    assert!(outcomes.contains(&vec!["b_fatal".to_owned(), "crashed".to_owned()]), "{outcomes:?}");
    let database = Database::open(&path);
    let halves = "select count(*) from TEST_PROFILES where OUTCOME = 'passed' and HEAP_PEAK is null";
    assert_eq!(database.value(halves), "0");
    assert_eq!(
        database.value("select count(*) from TEST_METRICS"),
        database.value("select count(*) from TEST_PROFILES where OUTCOME = 'passed'")
    );
}

/// Kills a process once the harness has told that `count` tests passed; all of which it told so.
fn passed_until_killed(binary: &Path, path: &Path, session: usize, count: usize) -> Vec<String> {
    let mut command = TEN_TESTS.command(binary);
    command.env("MONITOR_DB", path).env("MONITOR_SESSION", session.to_string()).stdout(Stdio::piped());
    let mut child = command.arg("--test-threads=2").spawn().expect("the test binary starts");
    let stdout = BufReader::new(child.stdout.take().expect("its output is a pipe"));
    let lines = stdout.lines().map(|line| line.expect("the harness prints text"));
    let mut tests =
        lines.filter_map(|line| Some(line.strip_prefix("test tests::")?.strip_suffix(" ... ok")?.to_owned()));
    let mut passed: Vec<String> = tests.by_ref().take(count).collect();
    child.kill().expect("the process can be killed, also one that has ended");
    passed.extend(tests);
    child.wait().expect("it ends");
    passed
}

#[test]
fn what_the_harness_has_told_is_in_the_file_whenever_the_process_is_killed() {
    let binary = TEN_TESTS.test_binary();
    let (_folder, path) = database();
    for session in 0..30 {
        let passed = passed_until_killed(&binary, &path, session, session % 10);
        if passed.is_empty() {
            continue;
        }
        drop(Monitor::open(&path).expect("the file can be read"));
        let database = Database::open(&path);
        let newest = "(select SESSION_H from TEST_SESSIONS order by RUN_DATE desc limit 1)";
        let rows = database.column(&format!("select ITEM from TEST_METRICS where SESSION_H = {newest}"));
        let lost: Vec<&String> = passed.iter().filter(|test| !rows.contains(test)).collect();
        assert_eq!(lost, [] as [&str; 0], "killed after {} tests", session % 10);
        assert_eq!(database.value("select count(*) from TEST_PROFILES where OUTCOME = 'running'"), "0");
        assert_eq!(database.value("pragma integrity_check"), "ok");
    }
}
