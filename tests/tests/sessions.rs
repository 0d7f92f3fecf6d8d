//! What a session is: one command, however many binaries and processes it starts.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::thread;

use monitor_tests::members::{self, DOC_TESTS_PER_MEMBER, MEMBERS, TESTS_PER_MEMBER};
use monitor_tests::{Database, Project, Run, nextest_is_there, run};
use tempfile::TempDir;

static WORKSPACE: LazyLock<Project> = LazyLock::new(|| members::workspace("sessions"));

const TESTS: usize = MEMBERS.len() * TESTS_PER_MEMBER;
const DOC_TESTS: usize = MEMBERS.len() * DOC_TESTS_PER_MEMBER;

fn database() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("x.pymon");
    (folder, path)
}

fn cargo(args: &[&str], path: &Path) -> Command {
    let mut command = WORKSPACE.cargo(args);
    command.env("MONITOR_DB", path);
    command
}

fn cargo_runs(args: &[&str], path: &Path) -> Run {
    run(cargo(args, path)).succeeded()
}

/// Runner and number of tests of each session, the first one first.
fn sessions(path: &Path) -> Vec<Vec<String>> {
    Database::open(path).rows(
        "select json_extract(RUN_DESCRIPTION, '$.rust_runner'), \
         (select count(*) from TEST_METRICS m where m.SESSION_H = s.SESSION_H) from TEST_SESSIONS s order by RUN_DATE",
    )
}

fn session(runner: &str, tests: usize) -> Vec<String> {
    vec![runner.to_owned(), tests.to_string()]
}

#[test]
fn one_cargo_test_is_one_session() {
    let (_folder, path) = database();
    let _ = cargo_runs(&["test"], &path);
    assert_eq!(sessions(&path), [session("cargo", TESTS + DOC_TESTS)]);
    let _ = cargo_runs(&["test", "--package", "sessions-two"], &path);
    let second = session("cargo", TESTS_PER_MEMBER + DOC_TESTS_PER_MEMBER);
    assert_eq!(sessions(&path), [session("cargo", TESTS + DOC_TESTS), second]);

    let database = Database::open(&path);
    let unit_tests =
        "where ITEM = 'small' and SESSION_H = (select SESSION_H from TEST_SESSIONS order by RUN_DATE limit 1)";
    assert_eq!(
        database.rows(&format!(
            "select PACKAGE, BINARY from TEST_PROFILES join TEST_METRICS m using \
            (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME) {unit_tests} order by 1"
        )),
        [["sessions-one"; 2], ["sessions-three"; 2], ["sessions-two"; 2]]
    );
    assert_eq!(
        database.column("select distinct BINARY from TEST_PROFILES where ITEM_VARIANT = 'from_outside' order by 1"),
        ["sessions-one::outside", "sessions-three::outside", "sessions-two::outside"]
    );
    assert_eq!(
        database.column("select distinct BINARY from TEST_PROFILES where ITEM_VARIANT = 'documented' order by 1"),
        ["sessions-one::doc", "sessions-three::doc", "sessions-two::doc"]
    );
    assert_eq!(database.column("select distinct STATE from PROCESSES"), ["settled"]);
    assert_eq!(database.value("select count(*) from EXECUTION_CONTEXTS"), "1");
}

#[test]
fn two_commands_at_once_are_two_sessions() {
    let (_folder, path) = database();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| cargo_runs(&["test", "--tests"], &path));
        }
    });
    assert_eq!(sessions(&path), [session("cargo", TESTS), session("cargo", TESTS)]);
}

#[test]
fn a_runner_around_the_tests_changes_nothing() {
    let (_folder, path) = database();
    // As many processes as `xvfb-run` and `dbus-run-session` make.
    let shell = "'sh', '-c', '\"$@\"; exit $?', 'runner'";
    let runner = format!("target.'cfg(all())'.runner = [{shell}, {shell}, {shell}]");
    let _ = cargo_runs(&["test", "--config", &runner], &path);
    assert_eq!(sessions(&path), [session("cargo", TESTS + DOC_TESTS)]);
    if nextest_is_there() {
        let _ = cargo_runs(&["nextest", "run", "--config", &runner], &path);
        assert_eq!(sessions(&path)[1..], [session("nextest", TESTS)]);
    }
}

#[test]
fn one_nextest_run_is_one_session() {
    if !nextest_is_there() {
        return;
    }
    let (_folder, path) = database();
    let _ = cargo_runs(&["nextest", "run"], &path);
    let _ = cargo_runs(&["nextest", "run", "--package", "sessions-two"], &path);
    assert_eq!(sessions(&path), [session("nextest", TESTS), session("nextest", TESTS_PER_MEMBER)]);
    let database = Database::open(&path);
    assert_eq!(database.column("select distinct ATTRIBUTION from TEST_PROFILES"), ["process"]);
    assert_eq!(
        database.value("select count(distinct PROCESS_H) from TEST_PROFILES"),
        (TESTS + TESTS_PER_MEMBER).to_string()
    );
}

#[test]
fn a_binary_started_by_hand_is_a_session() {
    let (_folder, path) = database();
    let binary = WORKSPACE.test_binary_of(&["--package", "sessions-one"]);
    for _ in 0..2 {
        // Two shells, so that the cargo that runs this very test is too far away to count.
        let mut command = WORKSPACE.command("sh");
        command.args(["-c", "sh -c '\"$0\"; exit $?' \"$0\"; exit $?"]).arg(&binary).env("MONITOR_DB", &path);
        let _ = run(command).succeeded();
    }
    assert_eq!(sessions(&path), [session("direct", 3), session("direct", 3)]);
}

#[test]
fn listing_records_nothing() {
    let (_folder, path) = database();
    let listed = cargo_runs(&["test", "--", "--list"], &path);
    assert!(listed.stdout.contains("doubles::small: test"), "{}", listed.stdout);
    if nextest_is_there() {
        let listed = cargo_runs(&["nextest", "list"], &path);
        assert!(listed.stdout.contains("doubles::small"), "{}", listed.stdout);
    }
    assert!(!path.exists(), "a list of tests left {}", path.display());
}

#[test]
fn retries_are_attempts_of_one_session() {
    if !nextest_is_there() {
        return;
    }
    let (_folder, path) = database();
    let args = ["nextest", "run", "--package", "sessions-one", "--retries", "3", "--run-ignored", "only"];
    let _ = cargo_runs(&args, &path);
    assert_eq!(
        Database::open(&path).rows("select variant, attempt, outcome from TESTS order by start_time"),
        [("1", "failed"), ("2", "failed"), ("3", "passed")].map(|(attempt, outcome)| [
            "succeeds_at_the_third_attempt",
            attempt,
            outcome
        ])
    );
    assert_eq!(sessions(&path), [session("nextest", 3)]);
}

#[test]
fn a_session_with_a_name_is_shared_by_commands() {
    let (_folder, path) = database();
    let named = |name: &str, args: &[&str]| {
        let mut command = cargo(args, &path);
        command.env("MONITOR_SESSION", name);
        let _ = run(command).succeeded();
    };
    named("nightly 1", &["test", "--package", "sessions-one", "--lib"]);
    named("nightly 1", &["test", "--package", "sessions-two", "--lib"]);
    assert_eq!(sessions(&path), [session("cargo", 6)]);
    named("nightly 2", &["test", "--package", "sessions-one", "--lib"]);
    assert_eq!(sessions(&path), [session("cargo", 6), session("cargo", 3)]);
    if nextest_is_there() {
        named("nightly 2", &["nextest", "run", "--package", "sessions-three", "--lib"]);
        assert_eq!(sessions(&path), [session("cargo", 6), session("cargo", 6)]);
    }
}
