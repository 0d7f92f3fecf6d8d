//! Fixture projects, on which the real cargo runs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;
use std::{env, fs, thread};

use tempfile::TempDir;

use crate::database::Database;
use crate::skip::skipped;

/// A Cargo project in a temporary folder. All projects share one target folder, so that what they depend on is
/// built once; give each package a name of its own.
#[derive(Debug)]
pub struct Project {
    /// `None` if it is kept.
    folder: Option<TempDir>,
    root: PathBuf,
}

/// Beginnings of the names of variables that the runtime, or cargo for it, reads.
const READ_BY_THE_RUNTIME: &[&str] = &[
    "MONITOR",
    "NEXTEST",
    "CARGO_",
    "RUST_TEST",
    "RUST_BACKTRACE",
    "GIT_", // Then the CI systems:
    "CI",
    "GITHUB_",
    "BUILD",
    "BRANCH_NAME",
    "JOB_NAME",
    "TRAVIS",
    "DRONE",
    "BITBUCKET",
    "SYSTEM_PULLREQUEST",
    "TF_BUILD",
    "TEAMCITY",
];

/// How a command ended.
#[derive(Debug)]
pub struct Run {
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
}

impl Project {
    /// A project of these files. In them `{{repo}}` stands for this repository's path.
    ///
    /// # Panics
    ///
    /// If a file can't be written.
    #[must_use]
    pub fn new(files: &[(&str, &str)]) -> Self {
        Self::in_folder("project", files)
    }

    /// A project in a folder of this name (below a temporary one).
    ///
    /// # Panics
    ///
    /// If a file can't be written.
    #[must_use]
    pub fn in_folder(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let root = folder.path().join(name);
        Self { folder: Some(folder), root }.with(files)
    }

    /// A project that stays in the target folder, so that what has not changed since the last run is not built again. Its
    /// database is for the test to choose: `MONITOR_DB`.
    ///
    /// # Panics
    ///
    /// If a file can't be written.
    #[must_use]
    pub fn kept(name: &str, files: &[(&str, &str)]) -> Self {
        Self::at(target().join("projects").join(name), files)
    }

    /// A project in a folder of the caller's, which stays.
    ///
    /// # Panics
    ///
    /// If a file can't be written.
    #[must_use]
    pub fn at(root: PathBuf, files: &[(&str, &str)]) -> Self {
        Self { folder: None, root }.with(files)
    }

    fn with(self, files: &[(&str, &str)]) -> Self {
        for (path, text) in files {
            self.write(path, text);
        }
        // The same versions as here, so that what is built already is used.
        fetch();
        let lock = fs::read_to_string(repository().join("Cargo.lock")).expect("the lock file can be read");
        self.write("Cargo.lock", &lock);
        self
    }

    /// A package `name` with the runtime as dev-dependency and `lib` as its `src/lib.rs`.
    #[must_use]
    pub fn library(name: &str, lib: &str) -> Self {
        Self::new(&[("Cargo.toml", &manifest(name, "")), ("src/lib.rs", lib)])
    }

    /// As [`Project::library`], with more lines for the dev-dependencies.
    #[must_use]
    pub fn library_with(name: &str, dev_dependencies: &str, lib: &str) -> Self {
        Self::new(&[("Cargo.toml", &manifest(name, dev_dependencies)), ("src/lib.rs", lib)])
    }

    /// A case of `tests/fixtures/cases`, as it stands: somebody's project in which something went wrong, whose README says what is
    /// right.
    ///
    /// # Panics
    ///
    /// If there is no such case.
    #[must_use]
    pub fn case(name: &str) -> Self {
        let file = |path: &str| {
            let text = fs::read_to_string(repository().join("tests/fixtures/cases").join(name).join(path));
            text.expect("the case has the file").replace("PROJECT/", "{{repo}}/")
        };
        Self::new(&[("Cargo.toml", &file("Cargo.toml")), ("src/lib.rs", &file("src/lib.rs"))])
    }

    /// Writes a file of the project, unless it has that text already.
    ///
    /// # Panics
    ///
    /// If it can't be written.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        let text = text.replace("{{repo}}", &repository().display().to_string());
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            // In one step: another test or process may be making or building the same kept project.
            let name = path.file_name().expect("a file has a name").to_string_lossy();
            let (process, thread) = (std::process::id(), thread::current().id());
            let whole = path.with_file_name(format!("{name}.{process}.{thread:?}"));
            fs::write(&whole, text).expect("a file can be written");
            fs::rename(whole, path).expect("a file can be renamed");
        }
    }

    /// The folder of the project.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder around the project.
    ///
    /// # Panics
    ///
    /// If the project is kept: others stand beside it.
    #[must_use]
    pub fn outside(&self) -> &Path {
        self.folder.as_ref().expect("the project has a temporary folder").path()
    }

    /// A path in the project.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A target folder beside that of all projects, for what is built with flags of its own.
    #[must_use]
    pub fn target_of(&self, kind: &str, name: &str) -> PathBuf {
        target().join(kind).join(name)
    }

    /// A command in the project's folder, with nothing of this run's environment that the runtime reads.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in env::vars_os() {
            let known = name.to_string_lossy();
            if READ_BY_THE_RUNTIME.iter().any(|prefix| known.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_HOME", cargo_home())
            .env("CARGO_NET_OFFLINE", "true")
            // Most are built once: what another build could use again costs time and a third of the disk.
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TERM_COLOR", "never");
        command
    }

    /// `cargo ARGS`.
    #[must_use]
    pub fn cargo(&self, args: &[&str]) -> Command {
        let mut command = self.command("cargo");
        command.args(args);
        command
    }

    /// Runs `cargo test ARGS` in the project and expects it to succeed.
    #[must_use]
    pub fn test(&self, args: &[&str]) -> Run {
        run(self.cargo(&[&["test"], args].concat())).succeeded()
    }

    /// Runs `cargo nextest run ARGS` and expects it to succeed.
    #[must_use]
    pub fn nextest(&self, args: &[&str]) -> Run {
        run(self.cargo(&[&["nextest", "run"], args].concat())).succeeded()
    }

    /// `git ARGS` in the project; what it printed.
    ///
    /// # Panics
    ///
    /// If it fails.
    #[must_use]
    pub fn git(&self, args: &[&str]) -> String {
        let mut command = self.command("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]).args(args);
        // At the same time, so that the same files make the same commit.
        command.env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z").env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z");
        run(command).succeeded().stdout.trim().to_owned()
    }

    /// Commits all that is there; the full name of the commit.
    ///
    /// # Panics
    ///
    /// If git fails.
    #[must_use]
    pub fn commit(&self, message: &str) -> String {
        let _ = self.git(&["add", "--all"]);
        let _ = self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// The project's `.pymon`.
    #[must_use]
    pub fn database(&self) -> Database {
        Database::open(&self.path(".pymon"))
    }

    /// The test binary of the library target, built.
    ///
    /// # Panics
    ///
    /// If it does not build.
    #[must_use]
    pub fn test_binary(&self) -> PathBuf {
        self.test_binary_of(&[])
    }

    /// As [`Project::test_binary`], for what these arguments of cargo choose: `--package NAME`.
    ///
    /// # Panics
    ///
    /// If it does not build.
    #[must_use]
    pub fn test_binary_of(&self, args: &[&str]) -> PathBuf {
        let run = run(self.cargo(&[&["test", "--no-run", "--lib"], args].concat())).succeeded();
        let line = run.stderr.lines().find(|line| line.contains("Executable")).expect("cargo names the executable");
        let path = line.rsplit_once('(').expect("the path is in brackets").1.trim_end_matches(')');
        self.path(path)
    }
}

/// The manifest of a package with the runtime as dev-dependency.
#[must_use]
pub fn manifest(name: &str, dev_dependencies: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dev-dependencies]\nmonitor-runtime = {{ path = \"{{{{repo}}}}/monitor-runtime\" }}\n{dev_dependencies}\n"
    )
}

/// Runs a command to its end.
///
/// # Panics
///
/// If it can't be started.
pub fn run(mut command: Command) -> Run {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Run::from(output)
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        }
    }
}

impl Run {
    /// Expects exit code 0.
    ///
    /// # Panics
    ///
    /// If it is another, with all output.
    #[must_use]
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// What the harness says of each test and of all, without the time, in alphabetical order.
    #[must_use]
    pub fn verdict(&self) -> Vec<&str> {
        let mut lines: Vec<&str> = self
            .stdout
            .lines()
            .filter(|line| line.starts_with("test "))
            .map(|line| line.split_once("; finished in").map_or(line, |(verdict, _)| verdict))
            .collect();
        lines.sort_unstable();
        lines
    }

    /// Expects one warning of the runtime, which says all of these words, and nothing else on stderr.
    ///
    /// # Panics
    ///
    /// If it is not so.
    #[track_caller]
    pub fn warned_once(&self, words: &[&str]) {
        assert_eq!((self.warnings().len(), self.stderr.lines().count()), (1, 1), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing in: {}", self.stderr);
        }
    }

    /// The warnings of the runtime.
    #[must_use]
    pub fn warnings(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.starts_with("warning: monitor: ")).collect()
    }
}

/// Whether there is a cargo-nextest; if not, says on stderr that what needs it is skipped.
#[must_use]
pub fn nextest_is_there() -> bool {
    let version = Command::new("cargo").args(["nextest", "--version"]).output();
    let found = version.is_ok_and(|output| output.status.success());
    if !found {
        skipped("no cargo-nextest on this machine, so tests in processes of their own are not tried");
    }
    found
}

/// Whether there is a valgrind; if not, says on stderr that what needs it is skipped.
#[must_use]
pub fn valgrind_is_there() -> bool {
    let found = Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        skipped("no valgrind on this machine, so instructions are not counted");
    }
    found
}

/// This repository.
#[must_use]
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("this package is in the workspace's folder").to_owned()
}

/// Brings what the fixtures depend on, of which a build of this workspace needs a part only.
fn fetch() {
    static FETCHED: Once = Once::new();
    FETCHED.call_once(|| {
        let mut fetch = Command::new("cargo");
        fetch.args(["fetch", "--locked", "--quiet"]).current_dir(repository());
        let _ = run(fetch).succeeded();
    });
}

/// The target folder of this workspace.
pub(crate) fn own_target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from)
}

pub(crate) fn target() -> PathBuf {
    own_target().join("fixtures")
}

fn cargo_home() -> PathBuf {
    env::var_os("CARGO_HOME")
        .map_or_else(|| Path::new(&env::var_os("HOME").expect("there is a home folder")).join(".cargo"), PathBuf::from)
}

/// The command, built as far as it is not built yet.
///
/// # Panics
///
/// If it does not build.
#[must_use]
pub fn cargo_monitor() -> PathBuf {
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--package", "cargo-monitor"]).current_dir(repository());
    let _ = run(build).succeeded();
    own_target().join("debug/cargo-monitor")
}
