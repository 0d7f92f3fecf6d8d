//! Module and session rows: when they are written, and that they are written once.

mod common;

use std::path::Path;

use common::*;
use monitor_store::{Entry, Process, Writer, liveness};

const ROWS: &str = "SELECT kind, path, item, \"binary\", wall_seconds, cpu_usage, outcome FROM TESTS \
                    WHERE kind <> 'function' ORDER BY 1, 2, 3, 4";

fn all_scopes(process: Process) -> Process {
    Process { scopes: "function,module,session".into(), ..process }
}

/// A leader that has ended: no process has this id.
fn led(process: Process) -> Process {
    Process { leader_pid: Some(u32::MAX), leader_started: Some(1), ..process }
}

fn led_by_us(process: Process) -> Process {
    let pid = std::process::id();
    Process { leader_pid: Some(pid), leader_started: liveness::started(pid), ..process }
}

/// One process with two tests, the second of which begins 0.1 s after the first; each takes 0.3 s.
fn run(db: &Path, process: Process, summarise: bool) {
    let (session_h, process_h) = (process.session_h.clone(), process.process_h.clone());
    let mut writer = register(db, process);
    for (variant, start) in [("a", "2026-11-23T01:02:03.000000"), ("b", "2026-11-23T01:02:03.100000")] {
        writer.apply(&[finished(&key(&session_h, &process_h, variant, start))]).unwrap();
    }
    if summarise {
        writer.summarise().unwrap();
        writer.summarise().unwrap();
    }
    writer.close(true).unwrap();
}

#[test]
fn a_process_that_is_the_session_writes_all_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("x.pymon");
    run(&db, all_scopes(process("s", "p")), true);
    let rows =
        ["module|demo|tests|demo|0.4|1.4999999999999998|passed", "session||session|demo|0.4|1.4999999999999998|passed"];
    assert_eq!(query(&db, ROWS), rows);
    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, ROWS), rows, "nothing is due any more");
}

#[test]
fn functions_only_is_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("x.pymon");
    run(&db, process("s", "p"), true);
    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, ROWS), Vec::<String>::new());
}

#[test]
fn a_session_of_several_binaries_is_summed_up_when_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("x.pymon");
    run(&db, all_scopes(led(process("s", "p"))), true);
    assert_eq!(query(&db, ROWS).len(), 1, "the module's row, not the session's");
    run(&db, all_scopes(led(process("s", "q"))), true);
    drop(Writer::open(&db).unwrap());
    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, "SELECT kind, count(*) FROM TESTS GROUP BY 1"), ["function|4", "module|2", "session|1"]);
    let session = "SELECT wall_seconds, concurrency FROM TESTS WHERE kind = 'session'";
    assert_eq!(query(&db, session), ["0.400001|4"]);
}

#[test]
fn a_session_whose_leader_lives_waits() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("x.pymon");
    run(&db, all_scopes(led_by_us(process("s", "p"))), true);
    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, "SELECT kind, count(*) FROM TESTS GROUP BY 1"), ["function|2", "module|1"]);
    assert_eq!(query(&db, "SELECT STATE FROM PROCESSES"), ["summarised"]);
}

#[test]
fn tests_in_processes_of_their_own_share_their_module() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("x.pymon");
    for process_h in ["p", "q", "r"] {
        let mut writer = register(&db, all_scopes(led_by_us(process("s", process_h))));
        let start = format!("2026-11-23T01:02:03.{}", if process_h == "q" { "200000" } else { "000000" });
        writer.apply(&[finished(&key("s", process_h, process_h, &start))]).unwrap();
        writer.close(false).unwrap();
    }
    let connection = rusqlite::Connection::open(&db).unwrap();
    connection.execute("UPDATE PROCESS_GROUPS SET LEADER_PID = ?1", [u32::MAX]).unwrap();
    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, ROWS), ["module|demo|tests|demo|0.5|1.8|passed", "session||session|demo|0.5|1.8|passed"]);
}

/// The second process of a run begins 0.2 s after the first, when the clock has been set back by an hour.
#[test]
fn a_clock_that_is_set_between_two_processes_moves_no_sum() {
    const STARTS: [(i64, &str); 3] = [(0, "p"), (-3600, "q"), (3600, "r")];
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("x.pymon");
    let first: monitor_store::Timestamp = "2026-11-23T01:02:03.000000".parse().unwrap();
    for (since_boot, (set_by, process_h)) in (0..).map(|tenths| tenths * 100_000).zip(STARTS) {
        let own = first.as_micros() + set_by * 1_000_000;
        let process = Process { clock_offset_us: Some(own), ..all_scopes(led_by_us(process("s", process_h))) };
        let mut writer = Writer::open(&db).unwrap();
        let entries = std::cell::OnceCell::new();
        let test = |process: &Process| {
            let start = first.after_micros(process.clock_offset_us.unwrap() - first.as_micros() + since_boot);
            [finished(&key("s", process_h, process_h, &start.to_string()))]
        };
        let session = || (session("s"), None);
        writer.register(process, session, context, |process| entries.get_or_init(|| test(process))).unwrap();
        writer.close(false).unwrap();
    }
    let connection = rusqlite::Connection::open(&db).unwrap();
    connection.execute("UPDATE PROCESS_GROUPS SET LEADER_PID = ?1", [u32::MAX]).unwrap();
    drop(Writer::open(&db).unwrap());
    assert_eq!(
        query(&db, "SELECT kind, wall_seconds FROM TESTS WHERE kind <> 'function'"),
        ["module|0.5", "session|0.5"]
    );
    assert_eq!(query(&db, "SELECT variant FROM TESTS WHERE kind = 'function' ORDER BY start_time"), ["p", "q", "r"]);
}

#[test]
fn a_crash_fails_its_module_and_session() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("x.pymon");
    let mut writer = register(&db, all_scopes(dead_process("s", "p")));
    writer.apply(&[finished(&key("s", "p", "a", "2026-11-23T01:02:03.000000"))]).unwrap();
    writer.apply(&[Entry::Started(running(&key("s", "p", "b", "2026-11-23T01:02:03.000000")))]).unwrap();
    drop(writer);
    drop(Writer::open(&db).unwrap());
    assert_eq!(
        query(&db, "SELECT kind, outcome FROM TESTS WHERE kind <> 'function'"),
        ["module|failed", "session|failed"]
    );
}

#[test]
fn rows_of_tests_that_nobody_asked_for_are_removed_once_they_are_summed_up() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("x.pymon");
    let wants = |scopes: &str, process: Process| Process { scopes: scopes.into(), ..process };
    run(&db, wants("module", led_by_us(process("modules", "p"))), true);
    assert_eq!(query(&db, "SELECT kind, wall_seconds FROM TESTS"), ["module|0.4"]);

    run(&db, wants("session", led(process("sessions", "p"))), true);
    run(&db, wants("session", led(process("sessions", "q"))), true);
    let sessions = "SELECT kind, user_seconds FROM TESTS WHERE session = 'sessions' ORDER BY 1";
    assert_eq!(query(&db, sessions).len(), 3, "the row of the first, and the second's tests until it is settled too");
    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, sessions).len(), 1);
    let both = query(&db, sessions);
    // A session with a name may go on: what was removed is still in its row.
    run(&db, wants("session", led(process("sessions", "r"))), true);
    drop(Writer::open(&db).unwrap());
    let three = query(&db, sessions);
    let seconds = |row: &[String]| row[0].split_once('|').unwrap().1.parse::<f64>().unwrap();
    assert!((seconds(&three) / seconds(&both) - 1.5).abs() < 1e-9, "{both:?} {three:?}");
    assert_eq!(query(&db, "SELECT count(*) FROM TEST_PROFILES"), ["2"]);
}

#[test]
fn a_crash_stays_also_where_only_sums_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("x.pymon");
    let mut writer = register(&db, Process { scopes: "module".into(), ..dead_process("s", "p") });
    writer.apply(&[finished(&key("s", "p", "a", "2026-11-23T01:02:03.000000"))]).unwrap();
    writer.apply(&[Entry::Started(running(&key("s", "p", "b", "2026-11-23T01:02:03.000000")))]).unwrap();
    drop(writer);
    drop(Writer::open(&db).unwrap());
    let rows = "SELECT kind, variant, outcome FROM TESTS ORDER BY 1";
    assert_eq!(query(&db, rows), ["function|b|crashed", "module|tests|failed"]);
}
