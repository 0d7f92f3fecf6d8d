//! What a reader finds, also in files that it cannot write.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::*;
use monitor_store::{
    Entry, Kind, Metrics, Monitor, Outcome, OutcomeCounts, Process, Resource, Session, Sessions, Spool, StoreError,
    TestId, Writer,
};
use rusqlite::Connection;

const START: &str = "2026-11-23T01:02:03.000000";

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    (folder, db)
}

fn pytest_monitor_file(db: &Path) {
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pytest-monitor-1.6.6.pymon"), db).unwrap();
}

/// A session a day, each with test `a[1]` of component `demo` (passed, 0.3 s, 0, 10, 20 MiB) and test `b` of
/// none (failed, 7.5 s).
fn three_sessions(db: &Path) {
    let mut writer = Writer::open(db).unwrap();
    for day in 0..3 {
        let (session_h, process_h) = (format!("s{day}"), format!("p{day}"));
        let session = Session {
            run_date: format!("2026-11-2{day}T00:00:00").parse().unwrap(),
            scm_id: format!("{day}abc_%"),
            description: [
                ("pipeline_branch", if day < 2 { "main" } else { "fix" }),
                ("pipeline_build_no", &day.to_string()),
                ("color", "red"),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
            ..session(&session_h)
        };
        let process = Process { env_h: Some("env".into()), ..dead_process(&session_h, &process_h) };
        let (mut a, a_profile) = passed(&key(&session_h, &process_h, "a[1]", START));
        let (mut b, mut b_profile) = passed(&key(&session_h, &process_h, "b", START));
        a.memory_mib = Some(f64::from(10 * day));
        b.component = String::new();
        b.wall_seconds = Some(7.5);
        b_profile.outcome = Outcome::Failed;
        let (context, class) = context();
        let entries = [
            Entry::Session { session, lockfile: Some(format!("lock {}", day / 2)) },
            Entry::Context { context, class },
            Entry::Process(process),
            Entry::Finished { metric: a, profile: a_profile },
            Entry::Finished { metric: b, profile: b_profile },
        ];
        writer.apply(&entries).unwrap();
    }
}

#[test]
fn sessions_are_found_by_what_describes_them() {
    let (_folder, db) = folder();
    three_sessions(&db);
    // As another tool may write it.
    let number = r#"UPDATE TEST_SESSIONS SET RUN_DESCRIPTION = '{"pipeline_branch": "main", "pipeline_build_no": 0, "checked": true}'
                    WHERE SESSION_H = 's0'"#;
    Connection::open(&db).unwrap().execute_batch(number).unwrap();
    let monitor = Monitor::open(&db).unwrap();
    let found = |filter: Sessions| {
        let sessions = monitor.sessions(&filter.newest_first()).unwrap();
        sessions.into_iter().map(|session| session.session_h).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found(Sessions::all()), "s2 s1 s0");
    assert_eq!(found(Sessions::all().pipeline("main")), "s1 s0");
    assert_eq!(found(Sessions::all().build("0")), "s0");
    assert_eq!(found(Sessions::all().tag("color", None)), "s2 s1");
    assert_eq!(found(Sessions::all().tag("color", Some("blue"))), "");
    assert_eq!(found(Sessions::all().tag("checked", Some("True"))), "s0", "as it is listed");
    assert!(monitor.session("s0").unwrap().unwrap().description.contains(&("checked".into(), "True".into())));
    let two = Sessions::all().tag("pipeline_branch", Some("fix")).tag("pipeline_build_no", Some("1"));
    assert_eq!(found(two.clone()), "");
    assert_eq!(found(two.any_tag()), "s2 s1");
    assert_eq!(found(Sessions::all().revision_prefix("1abc_")), "s1");
    assert_eq!(found(Sessions::all().revision_prefix("%")), "");
    assert_eq!(found(Sessions::all().revision("2abc_%")), "s2");
    assert_eq!(found(Sessions::all().id_prefix("s")), "s2 s1 s0");
    assert_eq!(found(Sessions::all().component("demo").newest(1)), "s2");
    assert_eq!(found(Sessions::all().page(1, 1)), "s1");
    assert_eq!(monitor.count_sessions(&Sessions::all().pipeline("main")).unwrap(), 2);
    assert_eq!(monitor.pipelines(&Sessions::all()).unwrap(), ["main", "fix"]);
    assert_eq!(monitor.builds(&Sessions::all().pipeline("main")).unwrap(), ["0", "1"]);
}

#[test]
fn a_description_that_is_no_json_hides_no_other_session() {
    let (_folder, db) = folder();
    three_sessions(&db);
    let garbage = "UPDATE TEST_SESSIONS SET RUN_DESCRIPTION = '{garbage' WHERE SESSION_H = 's0';
                   UPDATE TEST_SESSIONS SET RUN_DESCRIPTION = '[1]' WHERE SESSION_H = 's1'";
    Connection::open(&db).unwrap().execute_batch(garbage).unwrap();
    let monitor = Monitor::open(&db).unwrap();
    assert_eq!(monitor.count_sessions(&Sessions::all().tag("color", Some("red"))).unwrap(), 1);
    assert_eq!(monitor.session("s0").unwrap().unwrap().description, []);
}

#[test]
fn metrics_are_found_by_what_they_are_of() {
    let (_folder, db) = folder();
    three_sessions(&db);
    let monitor = Monitor::open(&db).unwrap();
    let found = |filter: Metrics| {
        let metrics = monitor.metrics(&filter).unwrap();
        let names: Vec<_> = metrics.iter().map(|m| format!("{}/{}", m.session_h, m.item_variant)).collect();
        names.join(" ")
    };
    let all = Metrics::all;
    assert_eq!(found(all().item("a")), "s0/a[1] s1/a[1] s2/a[1]");
    assert_eq!(found(all().variant("a[1]").session("s1")), "s1/a[1]");
    assert_eq!(found(all().variant("a")), "");
    assert_eq!(found(all().variant_prefix("A[").session("s0")), "s0/a[1]");
    assert_eq!(found(all().variant_containing("1]").session("s0")), "s0/a[1]");
    assert_eq!(found(all().variant_containing("%")), "");
    assert_eq!(found(all().item_prefix("_")), "");
    assert_eq!(found(all().item_containing("B").page(1, 1)), "s1/b");
    assert_eq!(found(all().component("").session("s2")), "s2/b");
    assert_eq!(found(all().path("demo::tests").context("env").kind(Kind::Function).page(0, 2)), "s0/a[1] s0/b");
    assert_eq!(found(all().kind(Kind::Module)), "");
    assert_eq!(found(all().sessions(&Sessions::all().pipeline("fix").build("2"))), "s2/a[1] s2/b");
    assert_eq!(found(all().most(Resource::Memory, 2)), "s2/a[1] s1/a[1]");
    assert_eq!(found(all().least(Resource::Memory, 9)), "s0/a[1] s1/a[1] s2/a[1]");
    assert_eq!(found(all().component("demo").most(Resource::TotalTime, 1)), "s0/a[1]");
    assert_eq!(monitor.count_metrics(&all().component("demo")).unwrap(), 3);
    assert_eq!(monitor.components().unwrap(), ["demo", ""]);
    assert_eq!(monitor.count_components().unwrap(), 1);
    assert_eq!(monitor.count_contexts().unwrap(), 1);
    assert_eq!(monitor.contexts().unwrap(), [context().0]);
    assert_eq!(monitor.context("env").unwrap(), Some(context().0));
    assert_eq!(monitor.context("other").unwrap(), None);
    assert_eq!(monitor.class("env").unwrap(), Some(context().1));
}

#[test]
fn what_was_written_comes_back() {
    let (_folder, db) = folder();
    three_sessions(&db);
    let monitor = Monitor::open(&db).unwrap();
    let details = monitor.session_details(&Sessions::all().newest(1)).unwrap().remove(0);
    assert_eq!(details.session, monitor.session("s2").unwrap().unwrap());
    assert_eq!(details.session.description[0], ("pipeline_branch".into(), "fix".into()));
    assert_eq!((details.context, details.class), (Some(context().0), Some(context().1)));
    assert_eq!(details.metrics, 2);
    let lockfile_of = |session| monitor.lockfile(session).unwrap();
    assert_eq!((lockfile_of("s0"), lockfile_of("s2")), (Some("lock 0".into()), Some("lock 1".into())));
    assert_eq!(lockfile_of("s9"), None);
    assert_eq!(query(&db, "SELECT count(*) FROM LOCKFILES"), ["2"]);

    let tests = monitor.tests("s1").unwrap();
    let (mut metric, profile) = passed(&key("s1", "p1", "a[1]", START));
    metric.memory_mib = Some(10.0);
    assert_eq!(tests[0].metric, Some(metric));
    assert_eq!(tests[0].profile, Some(profile));
    assert_eq!(tests[0].class_h.as_deref(), Some("class"));
    assert_eq!(tests.len(), 2);
    assert_eq!(monitor.outcomes("s1").unwrap(), OutcomeCounts { passed: 1, failed: 1, ..OutcomeCounts::default() });
    let process = &monitor.processes("s1").unwrap()[0];
    assert_eq!((process.process_h.as_str(), process.scope_cost_ns), ("p1", Some(900.0)));

    let history = monitor.history(&tests[0].id(), Some("class")).unwrap();
    let memory: Vec<_> = history.iter().map(|test| test.metric.as_ref().unwrap().memory_mib.unwrap()).collect();
    assert_eq!(memory, [0.0, 10.0, 20.0]);
    assert_eq!(monitor.history(&tests[0].id(), Some("another class")).unwrap(), []);
    let runs = monitor.runs(&tests[0].id(), &["s2", "no such session", "s1"]).unwrap();
    assert_eq!(runs.iter().map(|test| test.session_h()).collect::<Vec<_>>(), ["s2", "s1"]);
    assert_eq!(monitor.session_classes().unwrap()["s1"].as_deref(), Some("class"));
    let elsewhere = TestId { binary: "it".into(), ..tests[0].id() };
    assert_eq!(monitor.history(&elsewhere, None).unwrap(), []);
}

#[test]
fn tests_that_did_not_end_are_listed() {
    let (_folder, db) = folder();
    let mut writer = writer(&db, "s", "p");
    writer.apply(&[Entry::Started(running(&key("s", "p", "a[1]", START)))]).unwrap();
    let mut dying = register(&db, dead_process("s", "q"));
    dying.apply(&[Entry::Started(running(&key("s", "q", "b", START)))]).unwrap();
    let monitor = Monitor::open(&db).unwrap();
    let tests = monitor.tests("s").unwrap();
    let rows: Vec<_> = tests.iter().map(|t| (t.item(), t.variant(), t.outcome().unwrap())).collect();
    assert_eq!(rows, [("a", "a[1]", Outcome::Running), ("b", "b", Outcome::Crashed)]);
    assert_eq!(tests[0].class_h.as_deref(), Some("class"));
    assert_eq!(monitor.outcomes("s").unwrap(), OutcomeCounts { running: 1, crashed: 1, ..OutcomeCounts::default() });
}

#[test]
fn a_file_of_pytest_monitor_is_read() {
    let (_folder, db) = folder();
    pytest_monitor_file(&db);
    let monitor = Monitor::open(&db).unwrap();
    let session = monitor.sessions(&Sessions::all()).unwrap().remove(0);
    assert_eq!(session.description[1], ("color".into(), "red".into()));
    let tests = monitor.tests(&session.session_h).unwrap();
    let rows: Vec<_> = tests.iter().map(|t| (t.kind(), t.variant(), t.outcome())).collect();
    assert_eq!(
        rows,
        [
            (Kind::Function, "test_par[1, 2]", None),
            (Kind::Function, "test_par[x, y]", None),
            (Kind::Function, "test_plain", None),
            (Kind::Module, "", None),
        ]
    );
    assert_eq!(monitor.history(&tests[2].id(), None).unwrap(), [tests[2].clone()]);
    assert_eq!(monitor.contexts().unwrap()[0].cpu_frequency_mhz, 2445.404);
    assert_eq!(monitor.session_details(&Sessions::all()).unwrap()[0].class, None);
}

/// Rows that other programs wrote, with what the columns allow.
#[test]
fn what_other_programs_write_is_read_as_it_is_shown() {
    let (_folder, db) = folder();
    pytest_monitor_file(&db);
    let theirs = "UPDATE TEST_SESSIONS SET RUN_DESCRIPTION = '{\"nightly\": true, \"retries\": null, \"n\": 3, \"x\": 1.50}'; \
                  UPDATE TEST_METRICS SET TOTAL_TIME = NULL WHERE ITEM = 'test_par'";
    Connection::open(&db).unwrap().execute_batch(theirs).unwrap();
    let monitor = Monitor::open(&db).unwrap();
    let sessions = monitor.sessions(&Sessions::all()).unwrap();
    for (name, value) in &sessions[0].description {
        let found = Sessions::all().tag(name, Some(value));
        assert_eq!(monitor.sessions(&found).unwrap().len(), sessions.len(), "{name} {value}");
    }
    assert_eq!(sessions[0].description[0], ("nightly".to_owned(), "True".to_owned()));
    let rows = monitor.metrics(&Metrics::all().item("test_par")).unwrap();
    assert!(rows.iter().all(|row| row.wall_seconds.is_none()) && !rows.is_empty());
}

#[test]
fn a_reader_imports_spool_files() {
    let (_folder, db) = folder();
    writer(&db, "s", "p").close(true).unwrap();
    let mut spool = Spool::create(&db, 1).unwrap();
    spool.append(&[finished(&key("s", "p", "a", START))]).unwrap();
    drop(spool);
    assert_eq!(Monitor::open(&db).unwrap().count_metrics(&Metrics::all()).unwrap(), 1);
}

#[test]
fn missing_empty_and_wrong_files() {
    let (folder, db) = folder();
    assert!(matches!(Monitor::open(&db), Err(StoreError::Missing { .. })));
    assert!(!db.exists());
    assert!(matches!(Monitor::open(folder.path()), Err(StoreError::Folder { .. })));
    fs::write(&db, "").unwrap();
    assert_eq!(Monitor::open(&db).unwrap().sessions(&Sessions::all()).unwrap(), []);
    fs::write(&db, vec![7; 4096]).unwrap();
    assert!(matches!(Monitor::open(&db), Err(StoreError::Corrupt { .. })));
}

#[test]
fn a_newer_file_is_read_and_not_changed() {
    let (_folder, db) = folder();
    three_sessions(&db);
    let newer = "PRAGMA user_version = 99; ALTER TABLE RUNS ADD COLUMN MOOD text; PRAGMA wal_checkpoint(TRUNCATE)";
    Connection::open(&db).unwrap().execute_batch(newer).unwrap();
    let before = fs::read(&db).unwrap();
    let monitor = Monitor::open(&db).unwrap();
    assert_eq!(monitor.tests("s1").unwrap().len(), 2);
    assert_eq!(fs::read(&db).unwrap(), before);
}

#[test]
fn a_locked_file_is_read() {
    let (_folder, db) = folder();
    pytest_monitor_file(&db);
    drop(writer(&db, "s", "p"));
    drop(register(&db, dead_process("s", "q")));
    let other = Connection::open(&db).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(Monitor::open(&db).unwrap().count_metrics(&Metrics::all()).unwrap(), 4);
}

/// Set for the child process of [`as_nobody`]: the file to read.
const READ_ONLY_DB: &str = "MONITOR_STORE_TEST_READ_ONLY_DB";

/// Not a test by itself: what an ordinary user's process sees in a folder that it cannot write.
#[test]
fn read_as_an_ordinary_user() {
    let Some(db) = std::env::var_os(READ_ONLY_DB) else {
        return;
    };
    let db = Path::new(&db);
    assert!(fs::write(db.with_extension("probe"), "").is_err(), "the folder is read-only");
    let monitor = Monitor::open(db).unwrap();
    let metrics = monitor.count_metrics(&Metrics::all()).unwrap();
    let outcomes = monitor.outcomes("s").unwrap();
    println!("metrics {metrics} crashed {}", outcomes.crashed);
    let error =
        Writer::open(db).and_then(|mut writer| writer.apply(&[finished(&key("s", "p", "z", START))])).unwrap_err();
    assert!(matches!(error, StoreError::Unwritable { .. }), "{error:?}");
}

/// Runs [`read_as_an_ordinary_user`] on the file, in a folder that is read-only for it; `None` if this user is not root.
#[cfg(unix)]
fn as_nobody(db: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = db.parent().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    // The test binary may lie where an ordinary user cannot reach it.
    let tools = tempfile::tempdir().unwrap();
    fs::set_permissions(tools.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let binary = tools.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(binary);
    command.args(["--exact", "read_as_an_ordinary_user", "--nocapture"]).env(READ_ONLY_DB, db).current_dir("/");
    let output = command.output().ok()?;
    let talk = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if talk.contains("Operation not permitted") || talk.contains("setpriv: ") {
        println!("skipped: this user may not become another one");
        return None;
    }
    assert!(output.status.success(), "{talk}");
    let line = talk.lines().find(|line| line.contains("metrics ")).unwrap();
    Some(line[line.find("metrics ").unwrap()..].to_owned())
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_read_with_and_without_a_log() {
    let (_folder, db) = folder();
    let mut dying = register(&db, dead_process("s", "p"));
    dying.apply(&[finished(&key("s", "p", "a", START))]).unwrap();
    dying.apply(&[Entry::Started(running(&key("s", "p", "b", START)))]).unwrap();
    dying.close(true).unwrap();
    Connection::open(&db).unwrap().execute_batch("UPDATE TEST_PROCESSES SET STATE = 'running'").unwrap();

    let (_with_log, copy) = folder();
    let mut dying = register(&copy, dead_process("s", "p"));
    dying.apply(&[finished(&key("s", "p", "a", START))]).unwrap();
    dying.apply(&[Entry::Started(running(&key("s", "p", "b", START)))]).unwrap();
    std::mem::forget(dying);
    let log = |db: &Path| PathBuf::from(format!("{}-wal", db.display()));
    assert!(!log(&db).exists() && log(&copy).exists());
    let _ = fs::remove_file(format!("{}-shm", copy.display()));

    for db in [&db, &copy] {
        let Some(line) = as_nobody(db) else { return };
        assert_eq!(line, "metrics 1 crashed 1");
    }
}

#[cfg(unix)]
#[test]
fn a_read_only_file_of_pytest_monitor_is_read() {
    let (_folder, db) = folder();
    pytest_monitor_file(&db);
    let before = fs::read(&db).unwrap();
    let Some(line) = as_nobody(&db) else { return };
    assert_eq!(line, "metrics 4 crashed 0");
    assert_eq!(fs::read(&db).unwrap(), before);
}
