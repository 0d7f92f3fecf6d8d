//! Files that cannot be written: the tests pass as without us, one warning says what is wrong and what to do, and the
//! rows are kept beside the file until it can be written again.
#![cfg(unix)]
#![forbid(unsafe_code)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use monitor_tests::{Database, Project, Run, manifest, nextest_is_there, run};
use tempfile::TempDir;

const TESTS: usize = 10;

/// Ten tests, their binary, and what the harness says of them without us.
struct Plain {
    project: Project,
    binary: PathBuf,
    verdict: Vec<String>,
}

static PLAIN: LazyLock<Plain> = LazyLock::new(|| {
    let files = [("Cargo.toml", &*manifest("trouble", "")), ("src/lib.rs", include_str!("../fixtures/ten_tests.rs"))];
    let project = Project::kept("trouble", &files);
    let binary = project.test_binary();
    let mut command = project.command(&binary);
    command.env("MONITOR", "off");
    let verdict = run(command).succeeded().verdict().into_iter().map(str::to_owned).collect();
    Plain { project, binary, verdict }
});

/// A path for a file, in a folder of its own.
struct Place {
    folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join(".pymon");
        Self { folder, path }
    }

    /// A place where a run has left its file.
    fn with_a_run() -> Self {
        let place = Self::new();
        place.runs_well();
        assert_eq!(place.metrics(), TESTS.to_string());
        place
    }

    fn command(&self) -> Command {
        self.command_of(&PLAIN.binary)
    }

    /// A command that records here, as a session of its own.
    fn command_of(&self, program: impl AsRef<OsStr>) -> Command {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let mut command = PLAIN.project.command(program);
        command.env("MONITOR_DB", &self.path).env("MONITOR_SESSION", COUNT.fetch_add(1, Relaxed).to_string());
        command
    }

    fn runs_well(&self) {
        let run = run(self.command());
        assert_as_without_us(&run);
        assert_eq!(run.stderr, "");
    }

    fn metrics(&self) -> String {
        Database::open(&self.path).value("select count(*) from TEST_METRICS")
    }

    fn spools(&self) -> Vec<PathBuf> {
        spools_in(self.path.parent().expect("a file is in a folder"))
    }

    /// Runs the tests while the file cannot be written: one warning with these words, the rows in a spool file.
    fn runs_in_trouble(&self, words: &[&str]) {
        self.is_in_trouble(&run(self.command()), words);
    }

    fn is_in_trouble(&self, run: &Run, words: &[&str]) {
        assert_as_without_us(run);
        let spools = self.spools();
        assert_eq!(spools.len(), 1, "{spools:?} {}", run.stderr);
        let spool = spools[0].display().to_string();
        assert_one_warning(run, &[&[&*self.path.display().to_string(), &spool], words].concat());
        let text = fs::read_to_string(&spool).expect("the spool file can be read");
        assert_eq!(text.lines().filter(|line| line.starts_with("{\"finished\"")).count(), TESTS, "{text}");
    }

    /// Runs the tests once more after the trouble: nothing is lost, and the spool files are gone.
    fn has_recovered(&self, sessions: usize) {
        self.runs_well();
        assert_eq!(self.spools(), [] as [PathBuf; 0]);
        let database = Database::open(&self.path);
        assert_eq!(database.value("select count(*) from TEST_SESSIONS"), sessions.to_string());
        assert_eq!(
            database.rows("select outcome, count(*) from TESTS where machine_class is not null group by 1"),
            [["passed".to_owned(), (sessions * TESTS).to_string()]]
        );
        assert_eq!(database.value("select count(*) from SESSION_LOCKFILES"), sessions.to_string());
        assert_eq!(database.column("select distinct STATE from PROCESSES"), ["settled"]);
        assert_eq!(database.value("pragma integrity_check"), "ok");
    }
}

fn spools_in(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("the folder can be read").flatten().map(|file| file.path());
    files.filter(|path| path.to_string_lossy().contains(".spool-")).collect()
}

fn assert_as_without_us(run: &Run) {
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.verdict(), PLAIN.verdict, "{}", run.stderr);
}

/// The warning is all there is on stderr, and says all of `words`.
fn assert_one_warning(run: &Run, words: &[&str]) {
    assert_eq!(run.warnings().len(), 1, "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "{word:?} is missing in: {}", run.stderr);
    }
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let whole = Place::with_a_run();
    let truncated = fs::read(&whole.path).expect("the file can be read")[..5000].to_vec();
    let cases = [b"a note to myself\n".to_vec(), b"no database\n".repeat(1000), vec![0; 4096], truncated];
    for content in cases {
        let place = Place::new();
        fs::write(&place.path, &content).expect("a file can be written");
        place.runs_in_trouble(&["damaged or no SQLite database", "move it away", "MONITOR_DB"]);
        assert_eq!(fs::read(&place.path).expect("the file can be read"), content);
        let files = fs::read_dir(place.folder.path()).expect("the folder can be read").count();
        assert_eq!(files, 2, "the file and the spool file");
        fs::remove_file(&place.path).expect("the file can be moved away");
        place.has_recovered(2);
    }
}

#[test]
fn a_file_of_a_newer_version_is_not_written() {
    let place = Place::with_a_run();
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
    let place = Place::new();
    fs::create_dir(&place.path).expect("a folder can be made");
    place.runs_in_trouble(&["is a folder", "give the path of a file in it"]);
    fs::remove_dir(&place.path).expect("the folder is empty still");
    place.has_recovered(2);
}

#[test]
fn a_pipe_is_told_and_not_waited_for() {
    let place = Place::new();
    let made = Command::new("mkfifo").arg(&place.path).status().expect("there is a mkfifo");
    assert!(made.success());
    place.runs_in_trouble(&["is no regular file", "MONITOR_DB=off"]);
    fs::remove_file(&place.path).expect("the pipe can be removed");
    place.has_recovered(2);
}

#[test]
fn a_folder_that_is_missing_is_told() {
    let place = Place::new();
    let mut command = place.command();
    let path = place.folder.path().join("missing").join("x.pymon");
    command.env("MONITOR_DB", &path);
    let run = run(command);
    assert_as_without_us(&run);
    let path = path.display().to_string();
    assert_one_warning(&run, &[&path, "its folder does not exist", "MONITOR_DB", "are lost"]);
    assert_eq!(fs::read_dir(place.folder.path()).expect("the folder can be read").count(), 0);
}

#[test]
fn a_file_that_another_program_locks_for_long_is_given_up_after_30_seconds() {
    let place = Place::with_a_run();
    let other = Database::open(&place.path);
    other.execute("begin exclusive");
    place.runs_in_trouble(&["was locked by another program for 30.", "end that program"]);
    other.execute("commit");
    place.has_recovered(3);
}

#[test]
fn a_file_that_another_program_locks_for_a_second_is_waited_for() {
    let place = Place::with_a_run();
    let other = Database::open(&place.path);
    other.execute("begin exclusive");
    let releases = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs(1));
        other.execute("commit");
    });
    place.has_recovered(2);
    releases.join().expect("the other program ends");
}

#[test]
fn unusual_letters_in_a_path_are_letters() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let names = ["mesures d'été", "日本 🦀", "a?mode=memory#x%41", "line\nbreak", "-o", "\"quoted\"", "off.pymon"];
    let names = names.map(OsString::from).into_iter().chain([OsString::from_vec(b"not \xff text".to_vec())]);
    for name in names {
        let inside = folder.path().join(&name);
        fs::create_dir(&inside).expect("a folder can be made");
        let place =
            Place { folder: tempfile::tempdir().expect("a temporary folder can be made"), path: inside.join(&name) };
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

/// Runs the test binary after `prepare`, a shell script with `$folder`, as root of a namespace of its own, where file
/// systems may be mounted; then `after`. `None`, with the reason on stderr, where that is not allowed.
fn in_own_mounts(place: &Place, prepare: &str, after: &str) -> Option<Run> {
    let mut command = place.command_of("unshare");
    let script = format!("{{ {prepare} ; }} || exit 99; \"$0\"; code=$?; {after}; exit $code");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script]).arg(&PLAIN.binary);
    command.env("folder", place.folder.path());
    let allowed = Command::new("unshare").args(["--map-root-user", "--mount", "true"]).output();
    let run = allowed.is_ok_and(|output| output.status.success()).then(|| run(command));
    let run = run.filter(|run| run.code != Some(99));
    if run.is_none() {
        eprintln!("SKIPPED: no mounts in a namespace of one's own (unshare --map-root-user --mount) on this machine");
    }
    run
}

const READ_ONLY: &str = "mount --bind \"$folder\" \"$folder\" && mount -o remount,bind,ro \"$folder\"";

#[test]
fn a_read_only_folder_is_told() {
    for place in [Place::new(), Place::with_a_run()] {
        let before = fs::read(&place.path).ok();
        let Some(run) = in_own_mounts(&place, READ_ONLY, ":") else { return };
        assert_as_without_us(&run);
        assert_one_warning(
            &run,
            &[&place.path.display().to_string(), "cannot write", "make the file and its folder writable", "are lost"],
        );
        assert_eq!(fs::read(&place.path).ok(), before);
        place.runs_well();
        assert_eq!(place.spools(), [] as [PathBuf; 0]);
    }
}

#[test]
fn a_file_that_this_user_may_not_write_is_told() {
    let place = Place::with_a_run();
    let before = fs::read(&place.path).expect("the file can be read");
    let allow = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions can be set");
    };
    allow(&place.path, 0o444);
    allow(place.folder.path(), 0o777);
    let may_write_all = fs::OpenOptions::new().append(true).open(&place.path).is_ok();
    let mut command = place.command();
    if may_write_all {
        command = place.command_of("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&PLAIN.binary);
    }
    let run = run(command);
    if may_write_all && run.code != Some(0) && run.verdict().is_empty() {
        eprintln!("SKIPPED: this user may write every file, and cannot be another one (setpriv): {}", run.stderr);
        return;
    }
    place.is_in_trouble(&run, &["cannot write", "make the file and its folder writable"]);
    assert_eq!(fs::read(&place.path).expect("the file can be read"), before);
    allow(&place.path, 0o644);
    place.has_recovered(3);
}

#[test]
fn a_full_disk_keeps_what_was_written_before() {
    let mut rows_by_space = Vec::new();
    for free_kib in [0, 8, 40, 120, 180, 220, 260, 300, 500] {
        let place = Place::new();
        let saved = Place::new();
        let used_kib = 1024 - free_kib;
        let prepare =
            format!("mount -t tmpfs -o size=1m none \"$folder\" && head -c {used_kib}k /dev/zero > \"$folder/other\"");
        let after = format!("cp \"$folder\"/.pymon* '{}' 2>/dev/null", saved.folder.path().display());
        let Some(run) = in_own_mounts(&place, &prepare, &after) else { return };
        assert_as_without_us(&run);
        let rows = rows_of_what_was_saved(&saved.path);
        if rows == TESTS {
            assert_eq!(run.stderr, "", "{free_kib} KiB");
        } else {
            assert_one_warning(&run, &[&place.path.display().to_string(), "no space left", "free some"]);
        }
        rows_by_space.push(rows);
    }
    let found = |wanted: &dyn Fn(&usize) -> bool| rows_by_space.iter().any(wanted);
    assert!(found(&|rows| *rows == 0) && found(&|rows| (1..TESTS).contains(rows)), "{rows_by_space:?}");
    assert_eq!(rows_by_space.last(), Some(&TESTS), "{rows_by_space:?}");
}

/// Rows in a file that was written until the disk was full, which is whole.
fn rows_of_what_was_saved(path: &Path) -> usize {
    if fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        return 0;
    }
    let database = Database::open(path);
    assert_eq!(database.value("pragma integrity_check"), "ok");
    if database.column("select name from sqlite_master where name = 'TEST_METRICS'").is_empty() {
        return 0;
    }
    database.value("select count(*) from TEST_METRICS").parse().expect("a count")
}

#[test]
fn strict_mode_fails_the_tests_with_the_reason() {
    let place = Place::new();
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
    assert_as_without_us(&monitor_tests::run(command));
}

#[test]
fn cargo_and_nextest_end_as_without_us() {
    let place = Place::new();
    fs::write(&place.path, "no database").expect("a file can be written");
    let with = |args: &[&str]| {
        let mut command = PLAIN.project.cargo(args);
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
    assert_eq!(place.spools(), [] as [PathBuf; 0]);
    let sessions = if nextest_is_there() { 3 } else { 2 };
    let database = Database::open(&place.path);
    assert_eq!(database.value("select count(*) from TEST_SESSIONS"), sessions.to_string());
    assert_eq!(place.metrics(), (sessions * TESTS).to_string());
}
