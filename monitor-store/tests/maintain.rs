//! Merging files and deleting sessions.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::*;
use monitor_store::{Entry, Merged, Monitor, Process, Sessions, Writer};
use rusqlite::{Connection, StatementStatus};

const START: &str = "2026-11-23T01:02:03.000000";

fn file(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

/// A file with one process of a session, with one test that passed and one that crashed.
fn shard(db: &Path, session_h: &str, process_h: &str) {
    let process = Process { scopes: "function,module,session".into(), ..dead_process(session_h, process_h) };
    let mut writer = register(db, process);
    let [a, b] = ["a", "b"].map(|test| key(session_h, process_h, &format!("{test}_{process_h}"), START));
    writer.apply(&[finished(&a), Entry::Started(running(&b))]).unwrap();
    writer
        .apply(&[Entry::Session { session: session(session_h), lockfile: Some(format!("lock {session_h}")) }])
        .unwrap();
    drop(writer);
    drop(Writer::open(db).unwrap());
}

fn merge(target: &Path, source: &Path) -> Merged {
    Writer::open(target).unwrap().merge(&Monitor::open(source).unwrap()).unwrap()
}

fn content(db: &Path) -> Vec<String> {
    let tests =
        "SELECT session, kind, variant, outcome, wall_seconds, concurrency, machine_class FROM TESTS ORDER BY 1, 2, 3";
    let processes = "SELECT SESSION_H, PROCESS_H, STATE FROM PROCESSES ORDER BY 1, 2";
    let lockfiles = "SELECT SESSION_H, CONTENT FROM SESSION_LOCKFILES JOIN LOCKFILES USING (LOCKFILE_H) ORDER BY 1";
    [tests, processes, lockfiles].iter().flat_map(|sql| query(db, sql)).collect()
}

#[test]
fn files_become_one_and_a_second_merge_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two, all) = (file(&folder, "one"), file(&folder, "two"), file(&folder, "all"));
    shard(&one, "s", "p");
    shard(&two, "t", "q");
    assert_eq!(merge(&all, &one), Merged { sessions: 1, metrics: 3 });
    assert_eq!(merge(&all, &two), Merged { sessions: 1, metrics: 3 });
    let mut both = [content(&one), content(&two)].concat();
    let mut merged = content(&all);
    both.sort();
    merged.sort();
    assert_eq!(merged, both);
    assert_eq!(merge(&all, &one), Merged::default());
    assert_eq!(merge(&all, &all), Merged::default());
}

#[test]
fn shards_of_one_session_make_one_session() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two, all) = (file(&folder, "one"), file(&folder, "two"), file(&folder, "all"));
    shard(&one, "s", "p");
    shard(&two, "s", "q");
    merge(&all, &one);
    assert_eq!(merge(&all, &two), Merged { sessions: 0, metrics: 2 }, "a test and a module");
    let session = "SELECT wall_seconds, concurrency, outcome FROM TESTS WHERE kind = 'session'";
    assert_eq!(query(&all, session), ["0.3|2|failed"]);
    assert_eq!(query(&all, "SELECT count(*) FROM TESTS WHERE outcome = 'crashed'"), ["2"]);
}

#[test]
fn rows_of_pytest_monitor_are_merged_once() {
    let folder = tempfile::tempdir().unwrap();
    let (one, all) = (file(&folder, "one"), file(&folder, "all"));
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pytest-monitor-1.6.6.pymon"), &one).unwrap();
    assert_eq!(merge(&all, &one), Merged { sessions: 1, metrics: 4 });
    assert_eq!(merge(&all, &one), Merged::default());
    assert_eq!(
        query(&all, "SELECT * FROM TEST_METRICS ORDER BY 3"),
        query(&one, "SELECT * FROM TEST_METRICS ORDER BY 3")
    );
}

#[test]
fn a_deleted_session_leaves_nothing_and_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (file(&folder, "one"), file(&folder, "two"));
    shard(&one, "s", "p");
    shard(&two, "t", "q");
    let only_t = content(&two);
    merge(&one, &two);
    let mut writer = Writer::open(&one).unwrap();
    assert_eq!(writer.delete_sessions(&["s", "unknown"]).unwrap(), 1);
    writer.compact().unwrap();
    assert_eq!(content(&one), only_t);
    assert_eq!(query(&one, "SELECT count(*) FROM EXECUTION_CONTEXTS"), ["1"]);
    assert_eq!(writer.delete_sessions(&["t"]).unwrap(), 1);
    for table in ["TEST_METRICS", "TEST_PROFILES", "EXECUTION_CONTEXTS", "CONTEXT_CLASSES", "LOCKFILES", "PROCESSES"] {
        assert_eq!(query(&one, &format!("SELECT count(*) FROM {table}")), ["0"], "{table}");
    }
}

#[test]
fn a_process_that_registers_while_its_context_is_deleted_brings_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let db = file(&folder, "x.pymon");
    shard(&db, "s", "p");
    let mut registering = Writer::open(&db).unwrap();
    Writer::open(&db).unwrap().delete_sessions(&["s"]).unwrap();
    registering
        .register(
            Process { env_h: Some("env".to_owned()), ..process("t", "q") },
            || (session("t"), None),
            context,
            |_| &[],
        )
        .unwrap();
    assert_eq!(query(&db, "SELECT ENV_H FROM EXECUTION_CONTEXTS"), ["env"]);
    assert_eq!(Monitor::open(&db).unwrap().count_sessions(&Sessions::all()).unwrap(), 1);
}

/// People delete by plain SQL too, also all 5,000 rows of a session.
#[test]
fn deleting_a_row_by_sql_takes_as_many_steps_in_a_long_session_as_in_a_short_one() {
    let steps = |rows: usize| {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join(".pymon");
        let mut writer = writer(&db, "s", "p");
        for row in 0..rows {
            writer.apply(&[finished(&key("s", "p", &format!("test_{row}"), START))]).unwrap();
        }
        let connection = Connection::open(&db).unwrap();
        let mut delete = connection.prepare("DELETE FROM TEST_METRICS WHERE SESSION_H = 's'").unwrap();
        delete.execute([]).unwrap();
        assert_eq!(query(&db, "SELECT count(*) FROM RUNS"), ["0"]);
        delete.get_status(StatementStatus::VmStep) / i32::try_from(rows).unwrap()
    };
    let (short, long) = (steps(10), steps(400));
    assert!(long <= short, "{long} steps a row of 400, {short} a row of 10");
}

/// A module and its first test may begin in one microsecond, and a test may be retried at once.
#[test]
fn deleting_a_row_by_sql_takes_that_row_alone() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let mut one = writer(&db, "s", "p");
    let mut other = writer(&db, "t", "q");
    let later = "2026-11-23T01:02:04.000000";
    for (variant, start) in [("test_x", START), ("test_x", later), ("test_y", START)] {
        one.apply(&[finished(&key("s", "p", variant, start))]).unwrap();
    }
    other.apply(&[finished(&key("t", "q", "test_x", START))]).unwrap();
    let connection = Connection::open(&db).unwrap();
    let condition = format!("SESSION_H = 's' AND ITEM_VARIANT = 'test_x' AND ITEM_START_TIME = '{START}'");
    connection.execute(&format!("DELETE FROM TEST_METRICS WHERE {condition}"), []).unwrap();
    let left = query(&db, "SELECT session || ' ' || variant || ' ' || start_time FROM TESTS ORDER BY 1");
    assert_eq!(left, [format!("s test_x {later}"), format!("s test_y {START}"), format!("t test_x {START}")]);
}
