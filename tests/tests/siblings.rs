//! Test processes of nextest beside each other: most leave their rows to another, and the file has all of them when the run ends.
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread::{self, sleep};
use std::time::Duration;

use monitor_store::Monitor;
use monitor_tests::{Database, Project, Run, cargo_monitor, manifest, nextest_is_there, run};
use tempfile::TempDir;

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let nextest = "[profile.hasty]\nslow-timeout = { period = \"3s\", terminate-after = 1, grace-period = \"1s\" }\n";
    Project::kept(
        "siblings",
        &[
            ("Cargo.toml", &manifest("siblings", "")),
            ("src/lib.rs", include_str!("../fixtures/siblings.rs")),
            (".config/nextest.toml", nextest),
        ],
    )
});

/// Of the module `many`.
const MANY: usize = 60;

/// A folder for a file, and for what the tests tell.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        fs::create_dir(folder.path().join("told")).expect("a folder can be made");
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("x.pymon")
    }

    fn database(&self) -> Database {
        Database::open(&self.path())
    }

    fn command(&self, mut command: Command) -> Command {
        command.env("MONITOR_DB", self.path()).env("TOLD", self.0.path().join("told"));
        command
    }

    fn nextest(&self, args: &[&str]) -> Command {
        self.command(PROJECT.cargo(&[&["nextest", "run", "--no-fail-fast"], args].concat()))
    }

    fn cargo_monitor(&self, args: &[&str]) -> Command {
        let mut command = PROJECT.command(cargo_monitor());
        command.args([&["monitor", "nextest", "--no-fail-fast"], args].concat());
        self.command(command)
    }

    /// How many processes had the file open, and how many had not.
    fn open_and_apart(&self) -> (usize, usize) {
        let names = names_in(&self.0.path().join("told"));
        let count = |what: &str| names.iter().filter(|name| name.starts_with(what)).count();
        (count("open-"), count("apart-"))
    }

    fn assert_nothing_is_left(&self) {
        let names = names_in(self.0.path()).into_iter();
        let left: Vec<String> =
            names.filter(|name| !["x.pymon", "x.pymon-wal", "x.pymon-shm", "told"].contains(&name.as_str())).collect();
        assert_eq!(left, [] as [&str; 0]);
    }

    fn outcomes(&self) -> Vec<Vec<String>> {
        self.database().rows("select item, outcome from TESTS where kind = 'function' order by 1")
    }

    /// All that does not change from run to run.
    fn rows(&self) -> Vec<Vec<String>> {
        self.database().rows(
            "select path, item, variant, file, kind, component, package, binary, attempt, outcome, attribution, memory_source, \
             wall_seconds > 0, heap_peak_bytes > 0, concurrency, context notnull, \
             (select count(*) from TEST_SESSIONS), (select count(*) from EXECUTION_CONTEXTS), \
             (select group_concat(distinct STATE) from PROCESSES), (select count(distinct CLOCK_OFFSET_US) from PROCESSES), \
             (select count(*) from TEST_METRICS m join EXECUTION_CONTEXTS using (ENV_H) join TEST_SESSIONS using (SESSION_H)) \
             from TESTS order by 1, 2",
        )
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("the folder can be read").flatten();
    files.map(|file| file.file_name().to_string_lossy().into_owned()).collect()
}

fn passed(command: Command) -> Run {
    let run = run(command).succeeded();
    assert_eq!(run.warnings(), [] as [&str; 0]);
    run
}

fn at_any_number_of_slots(run: impl Fn(&Place, &str) -> Command) -> [Place; 2] {
    let places = ["-j1", "-j4"].map(|slots| {
        let place = Place::new();
        let _ = passed(run(&place, slots));
        assert_eq!(place.outcomes().len(), MANY, "{slots}");
        place.assert_nothing_is_left();
        place
    });
    for (beside, alone) in places[1].rows().iter().zip(places[0].rows()) {
        assert_eq!(*beside, alone);
    }
    places
}

#[test]
fn most_leave_their_rows_to_one_beside_them() {
    if !nextest_is_there() {
        return;
    }
    let [alone, beside] = at_any_number_of_slots(|place, slots| place.nextest(&[slots, "many::"]));
    assert_eq!(alone.open_and_apart(), (MANY, 0), "nobody else would bring their rows");
    let (open, apart) = beside.open_and_apart();
    assert_eq!(open + apart, MANY);
    // On a busy machine many are alone for a moment.
    assert!(apart > 0, "{open} of {MANY} opened the file");
}

#[test]
fn the_command_brings_the_rows_of_all() {
    if !nextest_is_there() {
        return;
    }
    let [alone, beside] = at_any_number_of_slots(|place, slots| place.cargo_monitor(&[slots, "many::"]));
    assert_eq!(alone.open_and_apart(), (1, MANY - 1));
    let (open, apart) = beside.open_and_apart();
    assert!(open < 10 && open + apart == MANY, "{open} of {MANY} opened the file");
}

#[cfg(target_os = "linux")]
#[test]
fn a_test_without_the_attribute_brings_the_rows_that_were_left_to_it() {
    if !nextest_is_there() {
        return;
    }
    let place = Place::new();
    let _ = passed(place.nextest(&["-j2", "plain_last::"]));
    assert_eq!(place.open_and_apart(), (1, 1), "the second knew that the plain one was still to end");
    assert_eq!(place.outcomes(), [["a_first", "passed"], ["c_second", "passed"]]);
    assert_eq!(place.database().column("select distinct STATE from PROCESSES"), ["settled"]);
    place.assert_nothing_is_left();
}

#[test]
fn rows_are_there_while_a_long_test_runs() {
    if !nextest_is_there() {
        return;
    }
    let ways: [fn(&Place, &[&str]) -> Command; 2] = [Place::nextest, Place::cargo_monitor];
    for way in ways {
        let place = Place::new();
        let seen = place.0.path().join("told/seen");
        let mut command = way(&place, &["-j2", "beside_"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("cargo starts");
        let is_made = || {
            let made = "select 1 from sqlite_master where name = 'TEST_METRICS'";
            place.path().exists() && !place.database().rows(made).is_empty()
        };
        let rows = || if is_made() { place.database().rows("select 1 from TEST_METRICS").len() } else { 0 };
        while rows() < 15 && child.try_wait().expect("it can be asked").is_none() {
            sleep(Duration::from_millis(50));
        }
        let (open, apart) = place.open_and_apart();
        fs::write(&seen, "").expect("a file can be written");
        assert!(child.wait().expect("it ends").success(), "the long test did not wait in vain");
        assert!(open < apart, "{open} opened the file and {apart} did not, while the long one was there");
        assert_eq!(place.outcomes().len(), 41);
        place.assert_nothing_is_left();
    }
}

#[test]
fn a_test_that_dies_takes_no_rows_with_it() {
    if !nextest_is_there() {
        return;
    }
    let place = Place::new();
    assert_eq!(run(place.nextest(&["-j3", "dies_beside::"])).code, Some(100));
    let passed = "select item from TESTS where outcome = 'passed' order by 1";
    assert_eq!(place.database().column(passed), ["a_long", "c_short"], "who ends last has brought the rows of others");
    place.assert_nothing_is_left();
    drop(Monitor::open(&place.path()).expect("the file can be read"));
    assert_eq!(place.outcomes(), [["a_long", "passed"], ["b_fatal", "crashed"], ["c_short", "passed"]]);

    // Others have left theirs to it: whoever opens the file next brings them.
    let place = Place::new();
    assert_eq!(run(place.nextest(&["-j3", "dies_last::"])).code, Some(100));
    drop(Monitor::open(&place.path()).expect("the file can be read"));
    assert_eq!(place.outcomes(), [["a_short", "passed"], ["b_fatal", "crashed"], ["c_short", "passed"]]);
    place.assert_nothing_is_left();

    let place = Place::new();
    assert_eq!(run(place.cargo_monitor(&["-j3", "dies_last::"])).code, Some(100));
    assert_eq!(place.outcomes(), [["a_short", "passed"], ["b_fatal", "crashed"], ["c_short", "passed"]]);
    place.assert_nothing_is_left();
}

#[test]
fn a_test_that_is_stopped_takes_no_rows_with_it() {
    if !nextest_is_there() {
        return;
    }
    let ways: [fn(&Place, &[&str]) -> Command; 2] = [Place::nextest, Place::cargo_monitor];
    for way in ways {
        let place = Place::new();
        assert_eq!(run(way(&place, &["-j2", "--profile", "hasty", "times_out::"])).code, Some(100));
        drop(Monitor::open(&place.path()).expect("the file can be read"));
        assert_eq!(place.outcomes(), [["a_hangs", "crashed"], ["b_short", "passed"]]);
        place.assert_nothing_is_left();
    }
}

#[cfg(unix)]
#[test]
fn control_c_takes_no_rows_with_it() {
    use std::os::unix::process::CommandExt as _;

    if !nextest_is_there() {
        return;
    }
    let place = Place::new();
    let mut command = place.cargo_monitor(&["-j2", "beside_"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().expect("the command starts");
    while place.open_and_apart().1 < 5 && child.try_wait().expect("it can be asked").is_none() {
        sleep(Duration::from_millis(20));
    }
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().expect("there is a kill").success());
    assert!(!child.wait().expect("it ends").success());
    place.assert_nothing_is_left();
    let (open, apart) = place.open_and_apart();
    // The last two may have been stopped, and the long one was.
    let outcomes = place.outcomes();
    let count = |outcome: &str| outcomes.iter().filter(|row| row[1] == outcome).count();
    assert!(count("passed") + 2 >= open + apart && count("passed") >= 4, "{outcomes:?}, {open}, {apart}");
    assert!(count("crashed") >= 1 && outcomes.len() == count("passed") + count("crashed"), "{outcomes:?}");
}

/// Rows with all that belongs to them, as plain SQL and a command show them.
#[cfg(target_os = "linux")]
fn rows_of_known_sessions(place: &Place, path: &Path) -> Vec<String> {
    let names = "select item from TEST_METRICS join EXECUTION_CONTEXTS using (ENV_H) join CONTEXT_CLASSES using (ENV_H) \
                 join TEST_SESSIONS using (SESSION_H) where kind = 'function' and item <> 'b_plain' order by 1";
    let mut command = place.command(PROJECT.command(cargo_monitor()));
    command.args(["monitor", "show", "--db"]).arg(path);
    let shown = run(command).succeeded();
    let names = Database::open(path).column(names);
    assert!(names.iter().all(|name| shown.stdout.contains(name)), "{names:?}: {}", shown.stdout);
    names
}

#[cfg(target_os = "linux")]
#[test]
fn rows_reach_a_new_file_with_their_session_when_no_test_begins_after_the_old_one_left() {
    if !nextest_is_there() {
        return;
    }
    let ways: [fn(&Place, &[&str]) -> Command; 2] = [Place::nextest, Place::cargo_monitor];
    let modules = [("moved_before_the_end_of_the_second", "open-"), ("moved_after_the_row_of_the_first", "apart-")];
    for (way, (module, ends_before), is_moved) in (0..8).map(|n| (ways[n & 1], modules[n >> 1 & 1], n < 4)) {
        let place = Place::new();
        let [told, left] = ["told", "left.pymon"].map(|name| place.0.path().join(name));
        let command = way(&place, &["-j2", &format!("{module}::")]);
        let lives = || {
            let names = names_in(&told).into_iter();
            let pids: Vec<_> = names.filter_map(|name| Some(name.strip_prefix(ends_before)?.to_owned())).collect();
            pids.is_empty() || pids.iter().any(|pid| Path::new("/proc").join(pid).exists())
        };
        let run = thread::scope(|scope| {
            let run = scope.spawn(|| run(command));
            while !run.is_finished() && (!told.join("ready").exists() || lives()) {
                sleep(Duration::from_millis(20));
            }
            let leave = if is_moved { fs::rename(place.path(), &left) } else { fs::remove_file(place.path()) };
            leave.expect("a file can be moved and deleted");
            fs::write(told.join("moved"), "").expect("a file can be written");
            run.join().expect("the run ends")
        });
        let _ = run.succeeded();
        assert_eq!(place.open_and_apart(), (1, 1), "{module}");
        let new = rows_of_known_sessions(&place, &place.path());
        if is_moved {
            let log = names_in(place.0.path()).into_iter().find(|name| name.starts_with("x.pymon.moved-"));
            if let Some(log) = log {
                fs::rename(place.0.path().join(log), place.0.path().join("left.pymon-wal"))
                    .expect("a log is given back");
            }
            assert_eq!([rows_of_known_sessions(&place, &left), new].concat(), ["a_first", "c_second"], "{module}");
        } else if ends_before == "open-" {
            assert_eq!(new, ["c_second"]);
        }
    }
}

#[test]
fn several_runs_share_a_file() {
    const RUNS: usize = 4;
    if !nextest_is_there() {
        return;
    }
    let place = Place::new();
    // Built once, before all want to.
    let _ = PROJECT.test_binary();
    thread::scope(|scope| {
        for _ in 0..RUNS {
            scope.spawn(|| passed(place.nextest(&["-j2", "few::"])));
        }
    });
    let database = place.database();
    assert_eq!(
        database.rows("select count(*), count(distinct SESSION_H), count(distinct ITEM_VARIANT) from TEST_METRICS"),
        [["40", "4", "10"]]
    );
    assert_eq!(database.value("select count(*) from TEST_SESSIONS"), "4");
    assert_eq!(database.value("pragma integrity_check"), "ok");
    place.assert_nothing_is_left();
}

/// A file that cannot be written is told of as ever.
#[test]
fn a_file_that_cannot_be_opened_is_told_of_by_each() {
    if !nextest_is_there() {
        return;
    }
    let place = Place::new();
    fs::write(place.path(), "no database, but a text that is long enough to be taken for one. ".repeat(20))
        .expect("a file");
    let run = run(place.nextest(&["-j4", "few::", "--success-output", "immediate"])).succeeded();
    assert!(run.stderr.contains("x.pymon"), "{}", run.stderr);
    assert!(Path::new(&place.path()).exists());
}
