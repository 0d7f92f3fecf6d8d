//! Files that cannot be written: the tests pass as without us, one warning says what is wrong and what to do, and the
//! rows are kept beside the file until it can be written again.
#![cfg(unix)]
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use monitor_tests::trouble::{TESTS, TenTests};
use monitor_tests::{Database, Project, manifest, nextest_is_there, run};

static TEN_TESTS: LazyLock<TenTests> = LazyLock::new(|| TenTests::new("trouble"));

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let whole = TEN_TESTS.place_with_a_run();
    let truncated = fs::read(&whole.path).expect("the file can be read")[..5000].to_vec();
    let cases = [b"a note to myself\n".to_vec(), b"no database\n".repeat(1000), vec![0; 4096], truncated];
    for content in cases {
        let place = TEN_TESTS.place();
        fs::write(&place.path, &content).expect("a file can be written");
        place.runs_in_trouble(&["damaged or not an SQLite database", "move it away", "MONITOR_DB"]);
        assert_eq!(fs::read(&place.path).expect("the file can be read"), content);
        let files = fs::read_dir(place.folder.path()).expect("the folder can be read").count();
        assert_eq!(files, 2, "the file and the spool file");
        fs::remove_file(&place.path).expect("the file can be moved away");
        place.has_recovered(2);
    }
}

/// The wait for a lock belongs to no test: what a module or a session took begins with the first.
#[test]
fn a_test_starts_when_the_file_has_its_row() {
    let place = TEN_TESTS.place_with_a_run();
    let lock = rusqlite::Connection::open(&place.path).expect("the file can be opened");
    let now = "select strftime('%Y-%m-%dT%H:%M:%f', 'now')";
    lock.execute_batch("begin immediate").expect("the file can be locked");
    let command = place.command();
    let tests = std::thread::spawn(move || run(command));
    std::thread::sleep(std::time::Duration::from_secs(2));
    let unlocked: String = lock.query_row(now, [], |row| row.get(0)).expect("SQLite knows the time");
    lock.execute_batch("commit").expect("the lock can be released");
    place.is_as_without_us(&tests.join().expect("the thread ends"));
    let database = Database::open(&place.path);
    let earlier = format!("select count(*) from TEST_METRICS where ITEM_START_TIME < '{unlocked}'");
    assert_eq!(database.value(&earlier), TESTS.to_string(), "those of the run before");
}

/// Also one whose program numbers its schema as we do ours.
#[test]
fn a_database_of_another_program_is_left_as_it_is() {
    for version in [0, 1, 3, 99] {
        let place = TEN_TESTS.place();
        let theirs = format!("create table users (name); pragma user_version = {version}");
        rusqlite::Connection::open(&place.path).and_then(|c| c.execute_batch(&theirs)).expect("a database can be made");
        let content = fs::read(&place.path).expect("the file can be read");
        place.runs_in_trouble(&["is a database, but not a .pymon file", "it has the tables users", "MONITOR_DB"]);
        assert!(fs::read(&place.path).expect("the file can be read") == content, "version {version}");
    }
}

/// Every page of a file in turn; the first of them is enough to open it.
#[test]
fn a_damaged_page_is_told_where_it_matters() {
    const PAGE: usize = 4096;
    let whole = TEN_TESTS.place_with_a_run();
    let content = fs::read(&whole.path).expect("the file can be read");
    let mut told = 0;
    for number in 1..content.len() / PAGE {
        let place = TEN_TESTS.place();
        let mut damaged = content.clone();
        damaged[number * PAGE..][..PAGE].fill(0xa5);
        fs::write(&place.path, &damaged).expect("a file can be written");
        let run = run(place.command());
        if run.stderr.is_empty() {
            place.is_as_without_us(&run);
        } else {
            place.is_in_trouble(&run, &["damaged or not an SQLite database", "move it away"]);
            told += 1;
        }
    }
    assert!(told > 5, "{told} of {} pages", content.len() / PAGE);
}

#[test]
fn a_file_of_a_newer_version_is_not_written() {
    let place = TEN_TESTS.place_with_a_run();
    let database = Database::open(&place.path);
    let version = database.value("pragma user_version");
    database.execute("pragma journal_mode = delete; pragma user_version = 99");
    drop(database);
    let before = fs::read(&place.path).expect("the file can be read");
    place.runs_in_trouble(&["schema version 99, newer than", "update monitor-runtime"]);
    assert_eq!(fs::read(&place.path).expect("the file can be read"), before);
    Database::open(&place.path).execute(&format!("pragma user_version = {version}"));
    place.has_recovered(3);
}

#[test]
fn a_path_that_is_a_folder_is_told() {
    let place = TEN_TESTS.place();
    fs::create_dir(&place.path).expect("a folder can be made");
    place.runs_in_trouble(&["is a folder", "give the path of a file in it"]);
    fs::remove_dir(&place.path).expect("the folder is empty still");
    place.has_recovered(2);
}

#[test]
fn a_pipe_is_told_and_not_waited_for() {
    let place = TEN_TESTS.place();
    let made = Command::new("mkfifo").arg(&place.path).status().expect("there is a mkfifo");
    assert!(made.success());
    place.runs_in_trouble(&["is not a regular file", "MONITOR_DB=off"]);
    fs::remove_file(&place.path).expect("the pipe can be removed");
    place.has_recovered(2);
}

#[test]
fn a_folder_that_is_missing_is_told() {
    let place = TEN_TESTS.place();
    let mut command = place.command();
    let path = place.folder.path().join("missing").join("x.pymon");
    command.env("MONITOR_DB", &path);
    let run = run(command);
    place.is_as_without_us(&run);
    let path = path.display().to_string();
    run.warned_once(&[&path, "its folder does not exist", "MONITOR_DB", "are lost"]);
    assert_eq!(fs::read_dir(place.folder.path()).expect("the folder can be read").count(), 0);
}

#[test]
fn unusual_letters_in_a_path_are_letters() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let names = ["mesures d'été", "日本 🦀", "a?mode=memory#x%41", "line\nbreak", "-o", "\"quoted\"", "off.pymon"];
    // Other systems refuse what is no text.
    let no_text = cfg!(target_os = "linux").then(|| OsString::from_vec(b"not \xff text".to_vec()));
    let names = names.map(OsString::from).into_iter().chain(no_text);
    for name in names {
        let inside = folder.path().join(&name);
        fs::create_dir(&inside).expect("a folder can be made");
        let mut place = TEN_TESTS.place();
        place.path = inside.join(&name);
        place.runs_well();
        let files: Vec<_> =
            fs::read_dir(&inside).expect("a folder can be read").flatten().map(|f| f.file_name()).collect();
        assert_eq!(files, [name], "one file, of just that name");
        assert_eq!(place.metrics(), TESTS.to_string());
    }
}

#[test]
fn a_project_in_a_folder_with_unusual_letters_has_its_file_there() {
    let source = include_str!("../fixtures/one_test.rs");
    let project = Project::in_folder(
        "projets d'été 日本 #1 [x] %41",
        &[("Cargo.toml", &manifest("trouble-letters", "")), ("src/lib.rs", source)],
    );
    let run = project.test(&["--lib"]);
    assert_eq!(run.warnings(), [] as [&str; 0]);
    assert_eq!(project.database().column("select ITEM from TEST_METRICS"), ["passes"]);
}

#[test]
fn strict_mode_fails_the_tests_with_the_reason() {
    let place = TEN_TESTS.place();
    fs::create_dir(&place.path).expect("a folder can be made");
    let mut command = place.command();
    command.env("MONITOR_STRICT", "1");
    let run = run(command);
    assert_eq!(run.code, Some(101), "{}", run.stdout);
    let failed = run.verdict().into_iter().filter(|line| line.ends_with("FAILED")).count();
    assert_eq!(failed, TESTS, "{}", run.stdout);
    assert!(run.stdout.contains("MONITOR_STRICT is set and monitoring is in trouble"), "{}", run.stdout);
    assert!(run.stdout.contains("is a folder: give the path of a file in it"), "{}", run.stdout);

    fs::remove_dir(&place.path).expect("the folder can be removed");
    let mut command = place.command();
    command.env("MONITOR_STRICT", "1");
    place.is_as_without_us(&monitor_tests::run(command));
}

#[test]
fn cargo_and_nextest_end_as_without_us() {
    let place = TEN_TESTS.place();
    fs::write(&place.path, "no database").expect("a file can be written");
    let with = |args: &[&str]| {
        let mut command = TEN_TESTS.project.cargo(args);
        command.env("MONITOR_DB", &place.path);
        run(command).succeeded()
    };
    assert_eq!(with(&["test", "--lib"]).warnings().len(), 1);
    assert_eq!(place.spools().len(), 1);
    if nextest_is_there() {
        let shown = with(&["nextest", "run", "--success-output", "immediate"]);
        assert_eq!(shown.stderr.matches("warning: monitor: ").count(), TESTS, "one of each process: {}", shown.stderr);
        assert_eq!(place.spools().len(), 1 + TESTS);
    }
    fs::remove_file(&place.path).expect("the file can be moved away");
    let _ = with(&["test", "--lib"]);
    assert_eq!(place.spools(), [] as [&Path; 0]);
    let sessions = if nextest_is_there() { 3 } else { 2 };
    let database = Database::open(&place.path);
    assert_eq!(database.value("select count(*) from TEST_SESSIONS"), sessions.to_string());
    assert_eq!(place.metrics(), (sessions * TESTS).to_string());
}
