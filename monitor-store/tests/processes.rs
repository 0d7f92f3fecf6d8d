//! Many real processes on one file.

mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, fs, thread, time::Duration};

use common::*;
use monitor_store::{Entry, Writer};

const ROLE: &str = "MONITOR_STORE_TEST_ROLE";
const DB: &str = "MONITOR_STORE_TEST_DB";
const PROCESSES: usize = 32;
const ROWS: usize = 10;

/// Runs this binary again as `role`; see [`a_child_process`].
fn child(role: &str, db: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_child_process", "--nocapture"])
        .env(ROLE, role)
        .env(DB, db)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// No test by itself: what [`child`] runs.
#[test]
fn a_child_process() {
    let (Ok(role), Some(db)) = (env::var(ROLE), env::var_os(DB)) else {
        return;
    };
    let db = Path::new(&db);
    let process_h = format!("{}", std::process::id());
    match role.as_str() {
        "writes" => {
            // All at once: they wait for the starting gun.
            while !db.with_extension("go").exists() {
                thread::sleep(Duration::from_millis(1));
            }
            let mut writer = writer(db, "s", &process_h);
            for row in 0..ROWS {
                let key = key("s", &process_h, &format!("test[{row}]"), "2026-11-23T01:02:03.000000");
                writer.apply(&[Entry::Started(running(&key))]).unwrap();
                writer.apply(&[finished(&key)]).unwrap();
            }
            writer.close(true).unwrap();
        }
        "dies" => {
            let mut writer = writer(db, "s", &process_h);
            let (ended, died) = (key("s", &process_h, "ended", START), key("s", &process_h, "died", START));
            writer.apply(&[Entry::Started(running(&ended))]).unwrap();
            writer.apply(&[finished(&ended)]).unwrap();
            writer.apply(&[Entry::Started(running(&died))]).unwrap();
            std::process::abort();
        }
        other => panic!("unknown role {other}"),
    }
}

const START: &str = "2026-11-23T01:02:03.000000";

fn write_at_once(db: &Path) {
    let children: Vec<_> = (0..PROCESSES).map(|_| child("writes", db)).collect();
    thread::sleep(Duration::from_millis(300));
    fs::write(db.with_extension("go"), "").unwrap();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn many_processes_on_a_new_file_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("new.pymon");
    write_at_once(&db);
    let all = (PROCESSES * ROWS).to_string();
    assert_eq!(query(&db, "SELECT count(*) FROM TEST_METRICS"), [all.as_str()]);
    assert_eq!(query(&db, "SELECT count(*) FROM TESTS WHERE outcome = 'passed'"), [all]);
    assert_eq!(query(&db, "SELECT count(*) FROM TEST_SESSIONS"), ["1"]);
    assert_eq!(query(&db, "SELECT count(*) FROM EXECUTION_CONTEXTS"), ["1"]);
    assert_eq!(query(&db, "SELECT STATE, count(*) FROM PROCESSES GROUP BY 1"), [format!("settled|{PROCESSES}")]);
    assert_eq!(query(&db, "PRAGMA journal_mode"), ["wal"]);
}

#[test]
fn many_processes_on_a_file_of_pytest_monitor_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("old.pymon");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pytest-monitor-1.6.6.pymon"), &db).unwrap();
    write_at_once(&db);
    assert_eq!(query(&db, "SELECT count(*) FROM TEST_METRICS"), [(PROCESSES * ROWS + 4).to_string()]);
}

#[test]
fn a_process_that_dies_leaves_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("x.pymon");
    assert!(!child("dies", &db).wait().unwrap().success());
    assert_eq!(query(&db, "SELECT variant, outcome FROM TESTS ORDER BY 1"), ["died|running", "ended|passed"]);
    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, "SELECT variant, outcome FROM TESTS ORDER BY 1"), ["died|crashed", "ended|passed"]);
}

#[test]
fn processes_are_found_without_reading_those_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("x.pymon");
    drop(Writer::open(&db).unwrap());
    let this =
        "SESSION = (SELECT ID FROM TEXTS WHERE TEXT = 's') AND PROCESS = (SELECT ID FROM TEXTS WHERE TEXT = 'p')";
    for sql in [
        "SELECT * FROM PROCESSES WHERE SESSION_H = 's'",
        "SELECT * FROM PROCESSES WHERE SESSION_H = 's' AND PROCESS_H = 'p'",
        "SELECT g.ID FROM TEXTS s CROSS JOIN PROCESS_GROUPS g ON SESSION = s.ID WHERE s.TEXT = 's'",
        &format!("UPDATE TEST_PROCESSES SET STATE = 'settled' WHERE {this}"),
        &format!("UPDATE RUNS SET OUTCOME = 'crashed' WHERE {this}"),
    ] {
        let connection = rusqlite::Connection::open(&db).unwrap();
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> = plan.query_map([], |row| row.get("detail")).unwrap().map(Result::unwrap).collect();
        assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{sql}: {steps:?}");
    }
}
