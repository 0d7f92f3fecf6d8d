//! Files of earlier versions: nothing in them is lost or read differently, whatever happens meanwhile.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use common::*;
use monitor_store::{Metrics, Monitor, Writer};
use rusqlite::{Connection, params};

/// What each version of the schema added. A released file is never edited.
const VERSIONS: [&str; 3] = [
    include_str!("../src/sqlite/migrations/0001_pytest_monitor.sql"),
    include_str!("../src/sqlite/migrations/0002_profiles.sql"),
    include_str!("../src/sqlite/migrations/0003_indexes.sql"),
];

const TO_VERSION_9: [&str; 5] = [
    include_str!("../src/sqlite/migrations/0004_compact.sql"),
    include_str!("../src/sqlite/migrations/0005_child_rss_peak.sql"),
    include_str!("../src/sqlite/migrations/0006_instructions.sql"),
    include_str!("../src/sqlite/migrations/0007_clock_offset.sql"),
    include_str!("../src/sqlite/migrations/0008_count_flags.sql"),
];

/// Start times as our versions, pytest-monitor, its server and people wrote them.
const STARTS: [&str; 12] = [
    "2026-11-23T01:02:03.456789",
    "2026-11-23T01:02:03.000000",
    "1970-01-01T00:00:00.000000",
    "9999-12-31T23:59:59.999999",
    "1969-12-31T23:59:59.999999",
    "2026-11-23T01:02:03",
    "2026-11-23 01:02:03.456789",
    "2026-11-23T01:02:03.456789+02:00",
    "2026-11-23T01:02:03.4567",
    "2026-02-30T01:02:03.456789",
    "2026-11-23T24:02:03.456789",
    "yesterday",
];

/// Numbers that do not come back if they are rounded on their way.
const NUMBERS: [f64; 6] = [0.1 + 0.2, 1.0 / 3.0, 5e-324, f64::MAX, -0.0, 2.0];

fn old_file(db: &Path, version: usize, rows: usize) {
    let connection = Connection::open(db).unwrap();
    VERSIONS[..version].iter().for_each(|sql| connection.execute_batch(sql).unwrap());
    let sessions = "INSERT INTO TEST_SESSIONS VALUES ('s', '2026-11-23T01:00:00.000000', 'abc', '{}');
                    INSERT INTO EXECUTION_CONTEXTS (ENV_H, CPU_COUNT, CPU_VENDOR) VALUES ('e', 2, 'a processor')";
    connection
        .execute_batch(&format!("PRAGMA foreign_keys = OFF; PRAGMA user_version = {version}; BEGIN; {sessions}"))
        .unwrap();
    for row in 0..rows {
        let variant = format!("test_{}[{}]", row % 7, row % 11);
        let (start, number) = (STARTS[row % STARTS.len()], NUMBERS[row % NUMBERS.len()]);
        let start = if row < STARTS.len() { start.to_owned() } else { format!("{}{row:06}", &STARTS[0][..20]) };
        // Rows of pytest-monitor may lack anything.
        let component = (row % 3 > 0).then_some("part");
        let session = ["s", "gone"][row % 2];
        let values = params![session, start, variant, component, number, (row % 5 > 0).then_some(number)];
        let metric = "INSERT INTO TEST_METRICS VALUES
            (?1, 'e', ?2, 'demo::tests', 'test', ?3, 'src/lib.rs', 'function', ?4, ?5, ?6, ?6, ?5, NULL)";
        connection.execute(metric, values).unwrap();
        if version > 1 && row % 4 > 0 {
            let profile =
                "INSERT INTO TEST_PROFILES (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME, PROCESS_H, PACKAGE,
                BINARY, ATTEMPT, OUTCOME, ATTRIBUTION, HEAP_PEAK, HEAP_RETAINED, CHILD_USER_TIME) VALUES
                (?1, 'demo::tests', ?3, ?2, ?4, 'demo', 'demo::bin', 1, 'passed', 'threads', ?5, -16, ?6)";
            let process = ["p", "unknown"][row % 2];
            connection.execute(profile, params![session, start, variant, process, row as i64, number]).unwrap();
        }
    }
    if version > 1 {
        let unfinished = "INSERT INTO PROCESSES VALUES ('s', 'p', 'e', 'm', 'h', 'b', 1, 1, NULL, NULL, 'function',
                '2026-11-23T01:00:00.000000', 1, 1, 1, 'settled');
            INSERT INTO PROCESSES SELECT SESSION_H, 'p' || value, iif(value % 3, ENV_H, ''), MACHINE_KEY || value % 2, HOST, BOOT_ID,
                value, value * 7, iif(value % 4, 3, NULL), iif(value % 4, 4, NULL), iif(value % 5, SCOPES, 'function,module'),
                iif(value % 6, STARTED_AT, '2026-11-23 01:00'), NULL, value / 3.0, NULL, 'settled'
                FROM PROCESSES, json_each('[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]');
            INSERT INTO CONTEXT_CLASSES VALUES ('e', 'class', '1.95', 'dev', '0', 'x86_64');
            INSERT INTO TEST_PROFILES (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME, PROCESS_H, PACKAGE, BINARY, ATTEMPT,
                OUTCOME) VALUES
                ('s', 'demo::tests', 'died[1]', '2026-11-23T01:02:04.000000', 'p', 'demo', 'demo', 2, 'crashed'),
                ('s', 'demo::tests', 'runs', '2026-11-23T01:02:05.000000', NULL, 'demo', 'demo', 1, 'running'),
                ('s', 'demo::tests', 'alone', '2026-11-23T01:02:06.000000', 'p', 'demo', 'demo', 1, 'passed')";
        connection.execute_batch(unfinished).unwrap();
    }
    connection.execute_batch("INSERT INTO TEST_METRICS (ITEM) VALUES (NULL), (NULL); COMMIT").unwrap();
}

/// Makes a file of the third version one of the ninth, as the migrations between them do; only the views are left out.
fn to_version_9(db: &Path) {
    let connection = Connection::open(db).unwrap();
    TO_VERSION_9.iter().for_each(|sql| connection.execute_batch(sql).unwrap());
    connection.execute_batch("PRAGMA user_version = 9; PRAGMA application_id = 0x70796d6e").unwrap();
}

/// Every row as plain SQL reads it, that of metrics in their order.
fn content(db: &Path, version: usize) -> Vec<Vec<String>> {
    let profile = "SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME, PROCESS_H, PACKAGE, BINARY, ATTEMPT, OUTCOME, \
                   ATTRIBUTION, MEM_SOURCE, HEAP_PEAK, HEAP_RETAINED, CHILD_USER_TIME, CONCURRENCY";
    let test = "session, session_date, package, component, path, item, variant, file, kind, start_time, outcome, \
                wall_seconds, kernel_seconds, heap_peak_bytes, child_user_seconds, context, cpu, machine_class";
    let mut queries = vec!["SELECT * FROM TEST_METRICS".to_owned(), "SELECT * FROM TEST_SESSIONS".to_owned()];
    if version > 1 {
        queries.push(format!("SELECT {profile} FROM TEST_PROFILES ORDER BY {profile}"));
        queries.push(format!("SELECT {test} FROM TESTS ORDER BY {test}"));
        let process = "SESSION_H, PROCESS_H, ENV_H, MACHINE_KEY, HOST, BOOT_ID, PID, PID_STARTED, LEADER_PID, LEADER_STARTED, \
                       SCOPES, STARTED_AT, CLOCK_COST_NS, SCOPE_COST_NS, ALLOCATION_COST_NS, STATE";
        queries.push(format!("SELECT {process} FROM PROCESSES ORDER BY {process}"));
    }
    queries.iter().map(|sql| query(db, sql)).collect()
}

#[test]
fn every_row_of_an_earlier_version_reads_as_before() {
    for version in 1..=VERSIONS.len() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join(".pymon");
        old_file(&db, version, 100);
        let before = content(&db, version);
        drop(Writer::open(&db).unwrap());
        assert_eq!(query(&db, "PRAGMA user_version"), ["12"]);
        let after = content(&db, version);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before, after, "version {version}");
        }
        assert_eq!(query(&db, "PRAGMA integrity_check"), ["ok"]);
        let numbers = query(&db, "SELECT count(*) FROM RUNS WHERE typeof(START) = 'integer'");
        assert_eq!(numbers, [if version > 1 { "95" } else { "92" }], "those that come back from a number");
    }
}

#[test]
fn a_file_of_the_last_version_keeps_its_processes() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    old_file(&db, 3, 100);
    let before = content(&db, 3);
    to_version_9(&db);
    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, "PRAGMA user_version"), ["12"]);
    assert_eq!(content(&db, 3), before);
    assert_eq!(query(&db, "SELECT count(*) FROM TEST_PROCESSES"), ["17"]);
}

#[test]
fn a_file_of_an_earlier_version_that_cannot_be_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    old_file(&db, 3, 12);
    Connection::open(&db).unwrap().execute_batch("UPDATE TEST_METRICS SET ITEM_START_TIME = '2026-11-23'").unwrap();
    let (before, content) = (fs::read(&db).unwrap(), content(&db, 1));
    let other = Connection::open(&db).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let monitor = Monitor::open(&db).unwrap();
    assert_eq!(monitor.count_metrics(&Metrics::all()).unwrap(), content[0].len() as u64);
    assert_eq!(monitor.tests("s").unwrap().len(), 6 + 2);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(fs::read(&db).unwrap(), before);
}

/// Set for the child process of [`killed_at_any_point_it_leaves_the_old_or_the_new_file`]: the file to migrate.
const DB: &str = "MONITOR_STORE_TEST_MIGRATE";

/// No test by itself: what the child does.
#[test]
fn a_child_process_migrates() {
    if let Some(db) = env::var_os(DB) {
        Writer::open(Path::new(&db)).unwrap().close(true).unwrap();
    }
}

/// The kernel kills the process as it writes past a limit: at each page of the log, and then at each that goes from there
/// into the file.
#[cfg(target_os = "linux")]
#[test]
fn killed_at_any_point_it_leaves_the_old_or_the_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.pymon");
    old_file(&old, 3, 150);
    let before = content(&old, 3);
    let (mut killed, mut versions) = (0, Vec::new());
    for pages in 0.. {
        let db: PathBuf = folder.path().join(format!("{pages}.pymon"));
        fs::copy(&old, &db).unwrap();
        // In blocks of 512 bytes, as POSIX has it.
        let script = format!("ulimit -c 0; ulimit -f {}; exec \"$0\" \"$@\"", pages * 8);
        let child = Command::new("sh")
            .args(["-c", &script])
            .arg(env::current_exe().unwrap())
            .args(["--exact", "a_child_process_migrates"])
            .env(DB, &db)
            .output()
            .unwrap();
        assert_eq!(content(&db, 3), before, "killed at page {pages}");
        assert_eq!(query(&db, "PRAGMA integrity_check"), ["ok"]);
        versions.extend(query(&db, "PRAGMA user_version").iter().map(|version| version.parse::<u32>().unwrap()));
        if child.status.success() {
            break;
        }
        killed += 1;
        assert!(pages < 1000, "{}", String::from_utf8_lossy(&child.stderr));
    }
    assert!(killed > 20, "killed {killed} times");
    assert!(versions.is_sorted(), "{versions:?}");
    assert_eq!((versions[0], versions[killed]), (3, 12));
}
