//! Files that are not what one hoped for: each gives its error, and none is damaged.

mod common;

use std::fs::{self, Permissions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::*;
use monitor_store::{Entry, Spool, StoreError, Writer};
use rusqlite::Connection;

const PATIENCE: Duration = Duration::from_millis(300);
const START: &str = "2026-11-23T01:02:03.456789";

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    (folder, db)
}

fn error_of(db: &Path) -> StoreError {
    Writer::open_with_patience(db, PATIENCE).map(drop).unwrap_err()
}

fn pytest_monitor_file(db: &Path) {
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pytest-monitor-1.6.6.pymon"), db).unwrap();
}

#[test]
fn a_file_of_pytest_monitor_gains_our_tables_and_keeps_its_columns_and_rows() {
    let (_folder, db) = folder();
    pytest_monitor_file(&db);
    let tables = ["TEST_SESSIONS", "EXECUTION_CONTEXTS", "TEST_METRICS"];
    let rows = || tables.map(|table| query(&db, &format!("SELECT * FROM {table} ORDER BY 1, 3")));
    let before = rows();
    assert_eq!(before[2].len(), 4);

    let mut writer = writer(&db, "s", "p");
    assert_eq!(query(&db, "SELECT item, kind, outcome FROM TESTS ORDER BY start_time")[1], "test_par|function|NULL");
    writer.apply(&[finished(&key("s", "p", "ours", START))]).unwrap();
    writer.close(true).unwrap();

    let after = rows();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(after.len(), before.len() + 1);
        assert!(before.iter().all(|row| after.contains(row)));
    }
    assert_eq!(query(&db, "PRAGMA integrity_check"), ["ok"]);
}

#[test]
fn pytest_monitor_reads_its_own_columns_from_a_file_of_ours() {
    let (_folder, db) = folder();
    let (_other, theirs) = folder();
    pytest_monitor_file(&theirs);
    drop(Writer::open(&db).unwrap());
    for table in ["TEST_SESSIONS", "EXECUTION_CONTEXTS", "TEST_METRICS"] {
        // The view computes the start, so that it has no declared type there.
        let columns = format!(
            "SELECT name, iif(name = 'ITEM_START_TIME', '', type), pk, \"notnull\" FROM pragma_table_info('{table}')"
        );
        assert_eq!(query(&db, &columns), query(&theirs, &columns));
    }
}

#[test]
fn a_newer_file_is_not_written() {
    let (_folder, db) = folder();
    writer(&db, "s", "p").close(true).unwrap();
    Connection::open(&db).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let before = fs::read(&db).unwrap();
    let error = error_of(&db);
    let StoreError::Newer { found: 99, known, .. } = error else { panic!("{error}") };
    assert!(error.to_string().contains(&format!("schema version 99, newer than {known}")), "{error}");
    assert_eq!(fs::read(&db).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_is_left_untouched() {
    for content in [&b"x"[..], b"not a database", &[0x42; 8192], b"SQLite format 3\0 and then nonsense"] {
        let (folder, db) = folder();
        fs::write(&db, content).unwrap();
        let error = error_of(&db);
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("it is not changed"), "{error}");
        assert_eq!(fs::read(&db).unwrap(), content);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no file beside it");
    }
}

#[test]
fn a_truncated_database_is_left_untouched() {
    let (_folder, db) = folder();
    pytest_monitor_file(&db);
    let content = &fs::read(&db).unwrap()[..10_000];
    fs::write(&db, content).unwrap();
    let error = error_of(&db);
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert_eq!(fs::read(&db).unwrap(), content);
}

/// Other programs number their schemas where we do, and may use a write-ahead log, which has rows of theirs after a crash.
#[test]
fn a_database_of_another_program_is_left_untouched() {
    let theirs = "CREATE TABLE users (name); INSERT INTO users VALUES ('me')";
    let alike = "CREATE TABLE TEST_SESSIONS (SESSION_H, RUN_DATE, SCM_REF, DESCRIPTION)";
    for schema in [theirs, alike] {
        for version in [0, 1, 2, 3, 7, 99] {
            for journal in ["delete", "wal"] {
                let (folder, db) = folder();
                let program = folder.path().join("program.db");
                let theirs = Connection::open(&program).unwrap();
                theirs.query_row(&format!("PRAGMA journal_mode = {journal}"), [], |_| Ok(())).unwrap();
                theirs.execute_batch(&format!("{schema}; PRAGMA user_version = {version}")).unwrap();
                let mut before = Vec::new();
                for behind in ["", "-wal"] {
                    let of = |path: &Path| PathBuf::from(format!("{}{behind}", path.display()));
                    if let Ok(content) = fs::read(of(&program)) {
                        fs::write(of(&db), &content).unwrap();
                        before.push((of(&db), content));
                    }
                }
                assert_eq!(before.len(), if journal == "wal" { 2 } else { 1 });
                for error in [error_of(&db), monitor_store::Monitor::open(&db).map(drop).unwrap_err()] {
                    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
                }
                for (path, content) in before {
                    assert!(fs::read(&path).unwrap() == content, "{} of version {version}", path.display());
                }
            }
        }
    }
}

#[test]
fn a_database_with_an_application_id_of_its_own_is_left_untouched() {
    let (_folder, db) = folder();
    Connection::open(&db).unwrap().execute_batch("PRAGMA application_id = 1; PRAGMA user_version = 3").unwrap();
    let before = fs::read(&db).unwrap();
    let error = error_of(&db);
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    assert_eq!(fs::read(&db).unwrap(), before);
}

#[test]
fn files_of_ours_from_before_they_had_an_application_id_stay_ours() {
    let migrations = ["0001_pytest_monitor", "0002_profiles", "0003_indexes"];
    for version in 1..=migrations.len() {
        let (_folder, db) = folder();
        let old = Connection::open(&db).unwrap();
        for name in &migrations[..version] {
            let file = format!("{}/src/sqlite/migrations/{name}.sql", env!("CARGO_MANIFEST_DIR"));
            old.execute_batch(&fs::read_to_string(file).unwrap()).unwrap();
        }
        old.execute_batch(&format!("PRAGMA user_version = {version}")).unwrap();
        drop(old);
        writer(&db, "s", "p").close(true).unwrap();
        assert_eq!(query(&db, "SELECT SESSION_H FROM TEST_SESSIONS"), ["s"]);
    }
}

/// A migration that fails leaves nothing behind: the file is the old one, wholly.
#[test]
fn migrations_happen_together_or_not_at_all() {
    let (_folder, db) = folder();
    pytest_monitor_file(&db);
    Connection::open(&db).unwrap().execute_batch("CREATE TABLE PROCESSES (NOT_OURS)").unwrap();
    let tables = "SELECT name FROM sqlite_master ORDER BY 1";
    let before = query(&db, tables);
    error_of(&db);
    assert_eq!(query(&db, tables), before);
    assert_eq!(query(&db, "PRAGMA user_version"), ["0"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_file_and_is_not_waited_for() {
    let (_folder, db) = folder();
    assert!(Command::new("mkfifo").arg(&db).status().unwrap().success());
    let error = error_of(&db);
    assert!(matches!(error, StoreError::Special { .. }), "{error}");
}

#[test]
fn a_folder_and_a_missing_folder_say_so() {
    let (folder, db) = folder();
    let error = error_of(folder.path());
    assert!(matches!(error, StoreError::Folder { .. }), "{error}");
    let error = error_of(&db.join("missing").join(".pymon"));
    assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
    assert!(error.to_string().contains("its folder does not exist"), "{error}");
    assert!(Spool::create(&db.join("missing").join(".pymon"), 1).is_err());
}

#[test]
fn a_file_locked_by_another_program_gives_up_after_the_patience() {
    let (_folder, db) = folder();
    writer(&db, "s", "p").close(true).unwrap();
    let other = Connection::open(&db).unwrap();
    let mut writer = Writer::open_with_patience(&db, PATIENCE).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let started = Instant::now();
    let entry = Entry::Started(running(&key("s", "p", "prime", START)));
    let error = writer.apply(std::slice::from_ref(&entry)).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert!(started.elapsed() >= PATIENCE && started.elapsed() < PATIENCE * 10);
    other.execute_batch("COMMIT").unwrap();
    writer.apply(&[entry]).unwrap();
}

#[test]
fn a_lock_that_is_released_in_time_loses_nothing() {
    let (_folder, db) = folder();
    let mut writer = writer(&db, "s", "p");
    let other = Connection::open(&db).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let holder = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1500));
        other.execute_batch("COMMIT").unwrap();
    });
    writer.apply(&[finished(&key("s", "p", "prime", START))]).unwrap();
    holder.join().unwrap();
    assert_eq!(query(&db, "SELECT count(*) FROM TEST_METRICS"), ["1"]);
}

#[test]
fn names_with_spaces_and_other_letters_are_paths_like_any_other() {
    let (folder, _) = folder();
    let db = folder.path().join("mesures été ?mode=ro#1 %41 日本.pymon");
    writer(&db, "s", "p").close(true).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(query(&db, "SELECT SESSION_H FROM TEST_SESSIONS"), ["s"]);
}

#[cfg(unix)]
#[test]
fn a_read_only_file_or_folder_says_so() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, db) = folder();
    writer(&db, "s", "p").close(true).unwrap();
    let before = fs::read(&db).unwrap();
    fs::set_permissions(&db, Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
    let may_write_anyway = fs::write(folder.path().join("probe"), "").is_ok();
    if may_write_anyway {
        println!("skipped: this user may write read-only folders");
    } else {
        let write = |db| {
            Writer::open_with_patience(db, PATIENCE)?.apply(&[Entry::Started(running(&key("s", "p", "a", START)))])
        };
        for db in [&db, &folder.path().join("new")] {
            let error = write(db).unwrap_err();
            assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
        }
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(fs::read(&db).unwrap(), before);
}

/// A small file system in memory, which only root may mount.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(folder: &Path, bytes: u32) -> Option<Self> {
        let options = format!("size={bytes}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(folder.to_owned()))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

#[test]
fn a_full_disk_keeps_what_was_written_before() {
    let (folder, db) = folder();
    let Some(_mount) = Tmpfs::mount(folder.path(), 1 << 20) else {
        println!("skipped: this user may not mount a file system");
        return;
    };
    let mut writer = writer(&db, "s", "p");
    let mut written = 0;
    let error = loop {
        let variant = format!("{}[{written}]", "long_".repeat(400));
        match writer.apply(&[finished(&key("s", "p", &variant, START))]) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(written > 10);
    drop(writer);
    assert_eq!(query(&db, "SELECT count(*) FROM TEST_METRICS"), [written.to_string()]);

    let (other, new) = self::folder();
    let _full = Tmpfs::mount(other.path(), 4096).unwrap();
    fs::write(other.path().join("filler"), [0; 4096]).unwrap();
    let error = error_of(&new);
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
}

/// What stands in the schema is parsed by each process that opens the file.
#[test]
fn a_new_file_has_a_schema_without_comments_and_indentation() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    drop(Writer::open(&db).unwrap());
    let schema = query(&db, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL");
    assert!(schema.len() > 15);
    for sql in &schema {
        assert!(!sql.contains("--") && !sql.contains('\n') && !sql.contains("  "), "{sql}");
    }
}
