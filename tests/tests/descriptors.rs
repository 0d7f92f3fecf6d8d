//! Tests that close descriptors which are not theirs: they pass as without us, their files hold what they wrote, and
//! `.pymon` is whole; what it can't take waits in a spool file.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use monitor_tests::trouble::finished_in;
use monitor_tests::{Database, Project, Run, manifest, nextest_is_there, run};
use tempfile::TempDir;

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let manifest = manifest("descriptors", "libc = \"0.2\"\n");
    Project::kept(
        "descriptors",
        &[("Cargo.toml", &manifest), ("src/lib.rs", include_str!("../fixtures/descriptors.rs"))],
    )
});

static BINARY: LazyLock<PathBuf> = LazyLock::new(|| PROJECT.test_binary());

/// Where a run records, and where its tests write.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    fn db(&self) -> PathBuf {
        self.folder.path().join(".pymon")
    }

    /// Runs a command of the project here; its tests pass, and their files hold what they wrote.
    fn passes(&self, mut command: Command) -> Run {
        let files = self.folder.path().join("files");
        fs::create_dir(&files).expect("a folder can be made");
        command.env("MONITOR_DB", self.db()).env("FILES", &files);
        let run = run(command).succeeded();
        for file in fs::read_dir(&files).expect("a folder can be read").flatten() {
            assert!(fs::read(file.path()).expect("a file can be read") == b"mine", "{:?}", file.file_name());
        }
        fs::remove_dir_all(files).expect("the folder can be removed");
        run
    }

    fn binary(&self, args: &[&str]) -> Run {
        let mut command = PROJECT.command(&*BINARY);
        command.args(args);
        self.passes(command)
    }

    fn is_whole(&self) {
        assert_eq!(Database::open(&self.db()).value("pragma integrity_check"), "ok");
    }

    fn spools(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder.path()).expect("a folder can be read").flatten().map(|file| file.path());
        files.filter(|path| path.to_string_lossy().contains(".spool-")).collect()
    }

    fn metrics(&self) -> usize {
        Database::open(&self.db()).column("select ITEM from TEST_METRICS").len()
    }

    /// Imports what waits, and finds every row.
    fn recovers(&self, tests: usize) {
        drop(monitor_store::Monitor::open(&self.db()).expect("the file can be read"));
        assert_eq!(self.spools(), [] as [&Path; 0]);
        let outcomes = "select outcome, count(*) from TESTS group by 1";
        assert_eq!(Database::open(&self.db()).rows(outcomes), [["passed".to_owned(), tests.to_string()]]);
        self.is_whole();
    }
}

#[test]
fn a_loop_over_low_numbers_reaches_nothing_of_ours() {
    for threads in ["--test-threads=1", "--test-threads=2"] {
        let place = Place::new();
        // In parallel the order is anybody's, and with it whether there is a file to read.
        let tests: &[&str] = if threads.ends_with('1') { &["low::"] } else { &["low::a_"] };
        let run = place.binary(&[&[threads], tests].concat());
        assert_eq!(run.warnings(), [] as [&str; 0]);
        place.is_whole();
        assert_eq!(place.metrics(), if threads.ends_with('1') { 3 } else { 1 });
    }
}

#[test]
fn whoever_closes_all_finds_no_row_in_his_files_and_every_row_in_ours() {
    for threads in ["--test-threads=1", "--test-threads=4"] {
        for _ in 0..3 {
            let place = Place::new();
            let run = place.binary(&["all::", threads]);
            run.warned_once(&[".pymon", "closed its descriptor", "isolate", ".spool-"]);
            place.is_whole();
            let spooled: usize = place.spools().iter().map(|spool| finished_in(spool)).sum();
            assert_eq!(place.metrics() + spooled, 10, "{}", run.stderr);
            place.recovers(10);
        }
    }
}

/// What was opened anew after the first time was closed for good by the second.
#[test]
fn closing_all_again_and_again_loses_no_row() {
    let place = Place::new();
    let run = place.binary(&["each::", "--test-threads=1"]);
    run.warned_once(&[".pymon", "closed its descriptor", "isolate", ".spool-"]);
    place.recovers(3);
}

#[test]
fn whoever_closes_all_under_nextest_finds_no_row_in_his_files() {
    if !nextest_is_there() {
        return;
    }
    for slots in ["-j1", "-j4"] {
        let place = Place::new();
        let run = place.passes(PROJECT.cargo(&["nextest", "run", slots, "all::", "--success-output", "immediate"]));
        let warnings = run.stderr.matches("closed its descriptor").count();
        match slots {
            "-j1" => assert_eq!(warnings, 10, "one of each process: {}", run.stderr),
            // Of those that do not leave their rows to others.
            _ => assert!(warnings <= 10, "{}", run.stderr),
        }
        place.is_whole();
        place.recovers(10);
    }
}

/// It was waited for 40 seconds, and then told that another program had locked the file.
#[test]
fn locks_that_the_system_refuses_are_not_waited_for() {
    for threads in ["--test-threads=1", "--test-threads=2"] {
        let place = Place::new();
        let run = place.binary(&["filtered::", threads]);
        run.warned_once(&[".pymon", "cannot lock", "Operation not permitted", "fcntl", ".spool-"]);
        place.is_whole();
        place.recovers(2);
    }
}
