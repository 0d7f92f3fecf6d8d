//! `MONITOR_SCOPE`: rows of functions, modules and the session, also where the session is spread over processes.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use monitor_store::Monitor;
use monitor_tests::members::{self, DOC_TESTS_PER_MEMBER, MEMBERS, TESTS_PER_MEMBER};
use monitor_tests::{Database, Project, nextest_is_there, repository, run};
use tempfile::TempDir;

static WORKSPACE: LazyLock<Project> = LazyLock::new(|| members::workspace("scopes"));

/// `doubles` and `halves` of the unit tests, and the file of the integration test.
const MODULES_PER_MEMBER: usize = 3;

fn record(scope: &str, args: &[&str]) -> (TempDir, PathBuf) {
    record_with(&[("MONITOR_SCOPE", scope)], args)
}

/// Runs `cargo ARGS`, then opens the file as the next reader does.
fn record_with(variables: &[(&str, &str)], args: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("x.pymon");
    let mut command = WORKSPACE.cargo(args);
    command.env("MONITOR_DB", &path).envs(variables.iter().copied());
    let _ = run(command).succeeded();
    settle(&path);
    (folder, path)
}

fn settle(path: &Path) {
    drop(Monitor::open(path).expect("the file can be read"));
}

fn kinds(path: &Path) -> Vec<(String, usize)> {
    let rows = Database::open(path).rows("select KIND, count(*) from TEST_METRICS group by 1 order by 1");
    rows.into_iter().map(|row| (row[0].clone(), row[1].parse().expect("a count"))).collect()
}

fn expected(rows: &[(&str, usize)]) -> Vec<(String, usize)> {
    rows.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
}

/// Sums of the function rows that a module's or session's row stands for, beside what the row says.
fn assert_sums(database: &Database, row: &str, tests: &str) {
    let seconds = "(julianday(ITEM_START_TIME) * 86400 + TOTAL_TIME)";
    let figures = |table: &str, condition: &str, wall: &str| {
        let sql = format!(
            "select {wall}, total(USER_TIME), total(KERNEL_TIME), max(MEM_USAGE), sum(ALLOCATIONS), min(ITEM_START_TIME) \
             from {table} join TEST_PROFILES using (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME) where {condition}"
        );
        database.rows(&sql).swap_remove(0)
    };
    let of_row = figures("TEST_METRICS", row, "total(TOTAL_TIME)");
    let of_tests = figures(
        "TEST_METRICS",
        &format!("KIND = 'function' and {tests}"),
        &format!("max({seconds}) - min(julianday(ITEM_START_TIME) * 86400)"),
    );
    let number = |text: &String| text.parse::<f64>().unwrap_or_else(|_| panic!("{row}: {text} is no number"));
    let pairs: Vec<(f64, f64)> = of_row[..5].iter().map(number).zip(of_tests[..5].iter().map(number)).collect();
    // SQLite reads times to the millisecond.
    assert!((pairs[0].0 - pairs[0].1).abs() < 0.005, "{row}: wall {:?}", pairs[0]);
    for (name, (of_row, of_tests)) in [("user", pairs[1]), ("kernel", pairs[2])] {
        assert!((of_row - of_tests).abs() < 1e-9, "{row}: {name} {of_row} of {of_tests} s");
    }
    assert!(pairs[3].0 >= pairs[3].1, "{row}: memory {:?}", pairs[3]);
    assert_eq!(pairs[4].0, pairs[4].1, "{row}: allocations");
    assert_eq!(of_row[5], of_tests[5], "{row}: start");
}

fn assert_rows(path: &Path) {
    let database = Database::open(path);
    for member in MEMBERS {
        let member = format!("scopes_{member}");
        for module in ["doubles", "halves"] {
            let row = format!("KIND = 'module' and ITEM_PATH = '{member}' and ITEM = '{module}'");
            assert_sums(&database, &row, &format!("ITEM_PATH = '{member}::{module}'"));
        }
    }
    assert_sums(&database, "KIND = 'session'", "true");
    assert_eq!(database.column("select distinct OUTCOME from TEST_PROFILES"), ["passed"]);
    assert_eq!(database.column("select distinct STATE from PROCESSES"), ["settled"]);
    let held = database.number("select min(MEM_USAGE) from TEST_METRICS where KIND = 'module' and ITEM = 'doubles'");
    assert!((3.0..3.5).contains(&held), "{held} MiB where a test holds 3");
}

#[test]
fn modules_and_the_session_have_rows_after_cargo_test() {
    let (_folder, path) = record("function,module,session", &["test", "--tests"]);
    let tests = MEMBERS.len() * TESTS_PER_MEMBER;
    let modules = MEMBERS.len() * MODULES_PER_MEMBER;
    assert_eq!(kinds(&path), expected(&[("function", tests), ("module", modules), ("session", 1)]));
    assert_rows(&path);
    settle(&path);
    assert_eq!(kinds(&path).len(), 3, "nothing is written twice");
}

#[test]
fn doc_tests_are_part_of_the_session() {
    let (_folder, path) = record("function,session", &["test", "--doc"]);
    let tests = MEMBERS.len() * DOC_TESTS_PER_MEMBER;
    assert_eq!(kinds(&path), expected(&[("function", tests), ("session", 1)]));
    assert_sums(&Database::open(&path), "KIND = 'session'", "true");
}

#[test]
fn modules_and_the_session_have_one_row_each_where_every_test_is_a_process() {
    if !nextest_is_there() {
        return;
    }
    // One after another, so that now and then none of the session's processes lives.
    let (_folder, path) = record("function,module,session", &["nextest", "run", "--test-threads=1"]);
    let tests = MEMBERS.len() * TESTS_PER_MEMBER;
    let modules = MEMBERS.len() * MODULES_PER_MEMBER;
    assert_eq!(kinds(&path), expected(&[("function", tests), ("module", modules), ("session", 1)]));
    assert_rows(&path);
}

#[test]
fn isolated_tests_share_their_module() {
    let variables = [("MONITOR_SCOPE", "function,module,session"), ("MONITOR_ISOLATE", "1")];
    let (_folder, path) = record_with(&variables, &["test", "--tests"]);
    let tests = MEMBERS.len() * TESTS_PER_MEMBER;
    let modules = MEMBERS.len() * MODULES_PER_MEMBER;
    assert_eq!(kinds(&path), expected(&[("function", tests), ("module", modules), ("session", 1)]));
    assert_rows(&path);
}

#[test]
fn only_what_is_asked_for_is_kept() {
    let modules = MEMBERS.len() * MODULES_PER_MEMBER;
    for (scope, kept) in [
        ("function", &[("function", MEMBERS.len() * TESTS_PER_MEMBER)][..]),
        ("module", &[("module", modules)]),
        ("session", &[("session", 1)]),
        ("session, module", &[("module", modules), ("session", 1)]),
    ] {
        let (_folder, path) = record(scope, &["test", "--tests"]);
        assert_eq!(kinds(&path), expected(kept), "{scope}");
        let database = Database::open(&path);
        let rows = database.value("select count(*) from TEST_METRICS");
        assert_eq!(database.value("select count(*) from TEST_PROFILES"), rows, "{scope}: profiles without metrics");
        assert_eq!(database.value("select count(*) from TESTS where machine_class is null"), "0", "{scope}");
    }
}

/// The second binary of the session begins when the clock has been set back by an hour.
#[test]
fn a_clock_that_is_set_between_two_binaries_moves_no_sum() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let library = folder.path().join("stepped_clock.so");
    let mut compile = WORKSPACE.command("cc");
    compile.args(["-shared", "-fPIC", "-o"]).arg(&library);
    compile.arg(repository().join("tests/fixtures/set_ups/stepped_clock.c"));
    let _ = run(compile).succeeded();
    let script =
        format!("case $1 in */outside-*) export CLOCK_STEP=-3600;; esac; LD_PRELOAD={} exec \"$@\"", library.display());
    let runner = format!("target.'cfg(all())'.runner = ['sh', '-c', '{script}', 'runner']");
    let (_folder, path) =
        record("function,session", &["test", "--tests", "--package", "scopes-one", "--config", &runner]);
    let database = Database::open(&path);
    assert_eq!(kinds(&path), expected(&[("function", TESTS_PER_MEMBER), ("session", 1)]));
    let wall = database.number("select TOTAL_TIME from TEST_METRICS where KIND = 'session'");
    assert!(wall < 600.0, "{wall} s");
    let last = "select ITEM_FS_LOC from TEST_METRICS where KIND = 'function' order by ITEM_START_TIME desc limit 1";
    assert!(database.value(last).contains("outside"), "tests of a session start in their order");
}
