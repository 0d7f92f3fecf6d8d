//! Ten tests that run while their file is in trouble, and what is to be seen then.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tempfile::TempDir;

use crate::{Database, Project, Run, manifest, run};

/// Tests of the project.
pub const TESTS: usize = 10;

/// A project of ten tests, their binary, and what the harness says of them without us.
#[derive(Debug)]
pub struct TenTests {
    /// The project.
    pub project: Project,
    /// Its test binary.
    pub binary: PathBuf,
    verdict: Vec<String>,
}

impl TenTests {
    /// The project, kept under a name that no other test binary uses.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let files = [("Cargo.toml", &*manifest(name, "")), ("src/lib.rs", include_str!("../fixtures/ten_tests.rs"))];
        let project = Project::kept(name, &files);
        let binary = project.test_binary();
        let mut command = project.command(&binary);
        command.env("MONITOR", "off");
        let verdict = run(command).succeeded().verdict().into_iter().map(str::to_owned).collect();
        Self { project, binary, verdict }
    }

    /// A path for a file, in a folder of its own.
    ///
    /// # Panics
    ///
    /// If the folder can't be made.
    #[must_use]
    pub fn place(&'static self) -> Place {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join(".pymon");
        Place { tests: self, folder, path }
    }

    /// A place where a run has left its file.
    #[must_use]
    pub fn place_with_a_run(&'static self) -> Place {
        let place = self.place();
        place.runs_well();
        assert_eq!(place.metrics(), TESTS.to_string());
        place
    }
}

/// A path for a file.
#[derive(Debug)]
pub struct Place {
    tests: &'static TenTests,
    /// The folder that it is in, if nothing else is done.
    pub folder: TempDir,
    /// The path.
    pub path: PathBuf,
}

impl Place {
    /// A command that runs the tests and records here, as a session of its own.
    #[must_use]
    pub fn command(&self) -> Command {
        self.command_of(&self.tests.binary)
    }

    /// As [`Place::command`], by another program.
    #[must_use]
    pub fn command_of(&self, program: impl AsRef<OsStr>) -> Command {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let mut command = self.tests.project.command(program);
        command.env("MONITOR_DB", &self.path).env("MONITOR_SESSION", COUNT.fetch_add(1, Relaxed).to_string());
        command
    }

    /// Runs the tests and expects nothing to be said.
    pub fn runs_well(&self) {
        let run = run(self.command());
        self.is_as_without_us(&run);
        assert_eq!(run.stderr, "");
    }

    /// Number of metric rows in the file.
    #[must_use]
    pub fn metrics(&self) -> String {
        Database::open(&self.path).value("select count(*) from TEST_METRICS")
    }

    /// The spool files beside the file.
    ///
    /// # Panics
    ///
    /// If its folder can't be read.
    #[must_use]
    pub fn spools(&self) -> Vec<PathBuf> {
        let folder = self.path.parent().expect("a file is in a folder");
        let files = fs::read_dir(folder).expect("the folder can be read").flatten().map(|file| file.path());
        files.filter(|path| path.to_string_lossy().contains(".spool-")).collect()
    }

    /// Expects a run to have ended as it would without us.
    pub fn is_as_without_us(&self, run: &Run) {
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        assert_eq!(run.verdict(), self.tests.verdict, "{}", run.stderr);
    }

    /// Runs the tests while the file cannot be written: one warning with these words, the rows in a spool file.
    pub fn runs_in_trouble(&self, words: &[&str]) {
        self.is_in_trouble(&run(self.command()), words);
    }

    /// What [`Place::runs_in_trouble`] expects.
    ///
    /// # Panics
    ///
    /// If there is no spool file with the rows.
    pub fn is_in_trouble(&self, run: &Run, words: &[&str]) {
        let spool = self.warned_and_spooled(run, words);
        assert_eq!(finished_in(&spool), TESTS);
    }

    /// Expects the run to have ended as without us, with one warning of these words and of one spool file, which is
    /// returned.
    #[must_use]
    pub fn warned_and_spooled(&self, run: &Run, words: &[&str]) -> PathBuf {
        self.is_as_without_us(run);
        let mut spools = self.spools();
        assert_eq!(spools.len(), 1, "{spools:?} {}", run.stderr);
        let spool = spools.swap_remove(0);
        let paths = [&self.path, &spool].map(|path| path.display().to_string());
        run.warned_once(&[&paths.each_ref().map(String::as_str), words].concat());
        spool
    }

    /// Runs the tests once more after the trouble: nothing is lost, and the spool files are gone.
    pub fn has_recovered(&self, sessions: usize) {
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

/// Number of tests whose end is in a spool file.
///
/// # Panics
///
/// If it can't be read.
#[must_use]
pub fn finished_in(spool: &Path) -> usize {
    let text = fs::read_to_string(spool).expect("the spool file can be read");
    let is_whole = |line: &&str| line.starts_with("{\"finished\"") && line.ends_with('\n');
    text.split_inclusive('\n').filter(is_whole).count()
}
