//! Disks and locks: read-only, not permitted, full, held by another program. The tests pass as without us, and what
//! could not be written is kept beside the file where that is possible, or said to be lost.
#![cfg(unix)]
#![forbid(unsafe_code)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread::{sleep, spawn};
use std::time::Duration;

use monitor_tests::trouble::{Place, TESTS, TenTests, finished_in};
use monitor_tests::{Database, Run, run, skipped};

static TEN_TESTS: LazyLock<TenTests> = LazyLock::new(|| TenTests::new("disk"));

#[test]
fn a_file_that_another_program_locks_for_long_is_given_up_after_30_seconds() {
    let place = TEN_TESTS.place_with_a_run();
    let other = Database::open(&place.path);
    other.execute("begin exclusive");
    place.runs_in_trouble(&["was locked by another program for 3", "end that program"]);
    other.execute("commit");
    place.has_recovered(3);
}

/// Runs the tests one after another, and `meanwhile` after the first.
fn after_the_first_test<T>(place: &Place, meanwhile: impl FnOnce() -> T) -> (Run, T) {
    let mut command = place.command();
    command.arg("--test-threads=1").env("SLEEP_MS", "200").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the test binary starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("its output is a pipe"));
    let mut printed = String::new();
    while !printed.contains(" ok\n") {
        assert_ne!(stdout.read_line(&mut printed).expect("the harness prints text"), 0, "{printed}");
    }
    let done = meanwhile();
    stdout.read_to_string(&mut printed).expect("the harness prints text");
    let output = child.wait_with_output().expect("it ends");
    (Run { stdout: printed, ..Run::from(output) }, done)
}

#[test]
fn a_file_that_is_locked_between_two_tests_loses_nothing() {
    let place = TEN_TESTS.place_with_a_run();
    let (run, other) = after_the_first_test(&place, || {
        let other = Database::open(&place.path);
        other.execute("begin immediate");
        other
    });
    let spool = place.warned_and_spooled(&run, &["was locked by another program for 3"]);
    assert!((1..TESTS).contains(&finished_in(&spool)), "some of the tests are in the file");
    other.execute("commit");
    place.has_recovered(3);
}

#[test]
fn a_file_that_is_deleted_between_two_tests_takes_no_later_row_with_it() {
    let place = TEN_TESTS.place_with_a_run();
    let delete = || {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{end}", place.path.display()));
        }
        assert!(!place.path.exists());
    };
    let (run, ()) = after_the_first_test(&place, delete);
    let spool = place.warned_and_spooled(&run, &["was deleted while its tests ran", "before or after a run"]);
    let kept = finished_in(&spool);
    assert!((1..TESTS).contains(&kept), "{kept}");
    place.runs_well();
    assert_eq!(place.metrics(), (kept + TESTS).to_string());
    assert_eq!(place.spools(), [] as [PathBuf; 0]);
}

#[test]
fn a_file_that_is_moved_between_two_tests_keeps_what_it_held() {
    let place = TEN_TESTS.place_with_a_run();
    let moved = place.folder.path().join("moved.pymon");
    let (run, ()) = after_the_first_test(&place, || fs::rename(&place.path, &moved).expect("a file can be moved"));
    let spool = place.warned_and_spooled(&run, &["was moved away", "before or after a run"]);
    let kept = finished_in(&spool);
    assert!((1..TESTS).contains(&kept), "{kept}");
    place.runs_well();
    assert_eq!(place.spools(), [] as [PathBuf; 0]);
    assert_eq!(place.metrics(), (kept + TESTS).to_string());
    assert_eq!(rows_of_what_was_saved(&moved), TESTS + TESTS - kept);
}

#[test]
fn a_new_file_and_the_one_that_was_moved_from_its_place_do_not_mix() {
    let place = TEN_TESTS.place_with_a_run();
    let moved = place.folder.path().join("moved.pymon");
    let (first, second) = after_the_first_test(&place, || {
        fs::rename(&place.path, &moved).expect("a file can be moved");
        run(place.command())
    });
    for run in [&first, &second] {
        place.is_as_without_us(run);
    }
    first.warned_once(&["was moved away"]);
    place.runs_well();
    assert_eq!(place.spools(), [] as [PathBuf; 0]);
    assert_eq!(rows_of_what_was_saved(&moved) + rows_of_what_was_saved(&place.path), 4 * TESTS);
}

#[test]
fn a_file_that_another_program_locks_for_a_second_is_waited_for() {
    let place = TEN_TESTS.place_with_a_run();
    let other = Database::open(&place.path);
    other.execute("begin exclusive");
    let releases = spawn(move || {
        sleep(Duration::from_secs(1));
        other.execute("commit");
    });
    place.has_recovered(2);
    releases.join().expect("the other program ends");
}

/// Runs the test binary after `prepare`, a shell script with `$folder`, as root of a namespace of its own, where file
/// systems may be mounted; then `after`. `None`, with the reason on stderr, where that is not allowed.
fn in_own_mounts(place: &Place, prepare: &str, after: &str) -> Option<Run> {
    let mut command = place.command_of("unshare");
    let script = format!("{{ {prepare} ; }} || exit 99; \"$0\"; code=$?; {after}; exit $code");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script]).arg(&TEN_TESTS.binary);
    command.env("folder", place.folder.path());
    let allowed = Command::new("unshare").args(["--map-root-user", "--mount", "true"]).output();
    let run = allowed.is_ok_and(|output| output.status.success()).then(|| run(command));
    let run = run.filter(|run| run.code != Some(99));
    if run.is_none() {
        skipped("no mounts in a namespace of one's own (unshare --map-root-user --mount) on this machine");
    }
    run
}

const READ_ONLY: &str = "mount --bind \"$folder\" \"$folder\" && mount -o remount,bind,ro \"$folder\"";

#[test]
fn a_read_only_folder_is_told() {
    for place in [TEN_TESTS.place(), TEN_TESTS.place_with_a_run()] {
        let before = fs::read(&place.path).ok();
        let Some(run) = in_own_mounts(&place, READ_ONLY, ":") else { return };
        place.is_as_without_us(&run);
        run.warned_once(&[
            &place.path.display().to_string(),
            "cannot write",
            "make the file and its folder writable",
            "are lost",
        ]);
        assert_eq!(fs::read(&place.path).ok(), before);
        place.runs_well();
        assert_eq!(place.spools(), [] as [PathBuf; 0]);
    }
}

#[test]
fn a_file_that_this_user_may_not_write_is_told() {
    let place = TEN_TESTS.place_with_a_run();
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
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&TEN_TESTS.binary);
    }
    let run = run(command);
    if may_write_all && run.code != Some(0) && run.verdict().is_empty() {
        skipped(&format!("this user may write every file, and cannot be another one (setpriv): {}", run.stderr));
        return;
    }
    place.is_in_trouble(&run, &["cannot write", "make the file and its folder writable"]);
    assert_eq!(fs::read(&place.path).expect("the file can be read"), before);
    allow(&place.path, 0o644);
    place.has_recovered(3);
}

#[test]
fn a_full_disk_keeps_what_was_written_before_and_goes_on_when_there_is_space() {
    let mut rows_by_space = Vec::new();
    for free_kib in [0, 8, 40, 120, 180, 220, 260, 300, 500] {
        let place = TEN_TESTS.place();
        let [full, freed] = [TEN_TESTS.place(), TEN_TESTS.place()];
        let used_kib = 1024 - free_kib;
        let prepare =
            format!("mount -t tmpfs -o size=1m none \"$folder\" && head -c {used_kib}k /dev/zero > \"$folder/other\"");
        let save = |place: &Place| format!("cp \"$folder\"/.pymon* '{}' 2>/dev/null", place.folder.path().display());
        let again = "rm \"$folder/other\"; MONITOR_SESSION=again \"$0\" > /dev/null || code=$?";
        let after = format!("{}; {again}; {}", save(&full), save(&freed));
        let Some(run) = in_own_mounts(&place, &prepare, &after) else { return };
        place.is_as_without_us(&run);
        let rows = rows_of_what_was_saved(&full.path);
        if rows == TESTS {
            assert_eq!(run.stderr, "", "{free_kib} KiB");
        } else {
            run.warned_once(&[&place.path.display().to_string(), "no space left", "free some"]);
        }
        let spooled: usize = full.spools().iter().map(|spool| finished_in(spool)).sum();
        assert_eq!(rows_of_what_was_saved(&freed.path), rows + spooled + TESTS, "{free_kib} KiB");
        assert_eq!(freed.spools(), [] as [PathBuf; 0]);
        rows_by_space.push(rows);
    }
    let found = |wanted: &dyn Fn(&usize) -> bool| rows_by_space.iter().any(wanted);
    assert!(found(&|rows| *rows == 0) && found(&|rows| (1..TESTS).contains(rows)), "{rows_by_space:?}");
    assert_eq!(rows_by_space.last(), Some(&TESTS), "{rows_by_space:?}");
}

#[test]
fn a_limit_to_the_size_of_files_is_no_signal_for_the_tests() {
    for limit in ["0", "4096", "20000", "100000", "200000"] {
        let place = TEN_TESTS.place();
        let mut command = place.command_of("prlimit");
        command.arg(format!("--fsize={limit}")).arg(&TEN_TESTS.binary);
        let run = run(command);
        place.is_as_without_us(&run);
        assert!(run.stderr.contains("ulimit -f"), "{limit}: {}", run.stderr);
        let kept: usize = place.spools().iter().map(|spool| finished_in(spool)).sum();
        let before = rows_of_what_was_saved(&place.path);
        place.runs_well();
        assert_eq!(rows_of_what_was_saved(&place.path), before + kept + TESTS, "{limit}");
    }
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
