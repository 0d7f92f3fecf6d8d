//! Processes that end in the middle of a test: what had ended is kept, the test they died in is `crashed`, and the run
//! ends as it would without us.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use monitor_store::Monitor;
use monitor_tests::{Database, Project, Run, manifest, nextest_is_there, run};
use tempfile::TempDir;

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let manifest = manifest("crashes", "libc = \"0.2\"\n");
    Project::kept("crashes", &[("Cargo.toml", &manifest), ("src/lib.rs", include_str!("../fixtures/crashes.rs"))])
});

/// Modules of the fixture, and whether the exit handlers run, so that no other process has to find out.
const WAYS: &[(&str, bool)] = &[
    ("killed", false),
    ("aborts", false),
    ("overflows", false),
    ("exits", true),
    ("exits_with_success", true),
    ("leaves_at_once", false),
    ("segfaults", false),
    ("panics_while_panicking", false),
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
    for &(way, handlers_run) in WAYS {
        let (_folder, path) = database();
        let filter = format!("{way}::");
        ends_as_without_us(&["test", "--lib", &filter, "--", "--test-threads=1"], &path);
        let found = if handlers_run { "crashed" } else { "running" };
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
