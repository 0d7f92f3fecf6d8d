//! Threads that outlive their test: what they cost later ones, and which rows they mark.
#![forbid(unsafe_code)]

use std::sync::LazyLock;

use monitor_tests::{Database, Project, manifest, run};
use tempfile::TempDir;

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    Project::kept(
        "leaked-threads",
        &[
            ("Cargo.toml", &manifest("leaked-threads", "libc = \"0.2\"\n")),
            ("src/lib.rs", include_str!("../fixtures/leaked_threads.rs")),
        ],
    )
});

/// Runs one test; `threads` is how many the harness may run at once.
fn recorded(test: &str, threads: &str) -> (TempDir, Database) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("x.pymon");
    let mut command = PROJECT.cargo(&["test", "--lib", test, "--", "--ignored", threads]);
    command.env("MONITOR_DB", &path);
    let _ = run(command).succeeded();
    let database = Database::open(&path);
    (folder, database)
}

#[test]
fn a_later_test_pays_for_none_of_two_thousand() {
    let rows = "select distinct attribution from TESTS where item = 'empty'";
    for (threads, attribution) in [("--test-threads=1", "process"), ("--test-threads=2", "threads")] {
        let (_folder, database) = recorded("cost_", threads);
        assert_eq!(database.column(rows), [attribution]);
    }
}

/// Only some of a hundred threads are looked at by each test. A test that was under way while one of them worked is found
/// at last, and with it those that ran since that thread was looked at, but none before.
#[test]
fn who_uses_one_of_many_is_marked() {
    let (_folder, database) = recorded("marks", "--test-threads=2");
    let shared = |item: &str| {
        database.value(&format!("select count(*) from TESTS where attribution = 'shared' and item = '{item}'"))
    };
    assert_eq!(shared("leaks_a_hundred"), "1");
    assert_eq!(shared("uses_a_leaked_thread"), "1");
    let blamed: usize = shared("empty").parse().expect("a count");
    assert!(blamed <= 4, "{blamed} of 40 rows are marked");
}
