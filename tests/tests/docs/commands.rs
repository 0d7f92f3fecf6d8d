//! What readers are told to type works in a fresh folder, and prints what is shown.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use monitor_tests::markdown::Document;
use monitor_tests::{manifest, python, repository, run};

use crate::session::Session;

const README: &str = "README.md";
const QUICK_START: &str = "docs/src/quick-start.md";
const PYTEST_MONITOR: &str = "docs/src/pytest-monitor.md";
const READING_RESULTS: &str = "docs/src/reading-results.md";
const HISTORY_AND_PLOTS: &str = "docs/src/history-and-plots.md";
const COMPARING: &str = "docs/src/comparing.md";
const GATING: &str = "docs/src/gating.md";
const SERVER: &str = "docs/src/server.md";
const SHARDS: &str = "docs/src/shards.md";
const TRUST: &str = "docs/src/trust.md";
const DEPENDENCY_UPDATES: &str = "docs/src/dependency-updates.md";
const CAPACITY: &str = "docs/src/capacity.md";

#[test]
fn every_document_with_commands_has_a_test() {
    let is_book = |document: &Document| document.path == README || document.path.starts_with("docs/");
    let has_commands =
        |document: &Document| document.blocks().iter().any(|block| block.language == "console" && block.note.is_none());
    let found: Vec<_> =
        Document::all().into_iter().filter(is_book).filter(has_commands).map(|document| document.path).collect();
    assert_eq!(
        found,
        [
            README,
            CAPACITY,
            COMPARING,
            DEPENDENCY_UPDATES,
            GATING,
            HISTORY_AND_PLOTS,
            PYTEST_MONITOR,
            QUICK_START,
            READING_RESULTS,
            SERVER,
            SHARDS,
            TRUST
        ],
        "follow each in a test here"
    );
}

#[test]
fn the_readme() {
    let mut session = Session::starting_in("monitor").with_programs(folder_of_cargo_monitor());
    session.follow(&Document::read(README));
}

/// This test is part of what the command runs, so it can't run it.
#[test]
fn the_command_that_runs_all_tests_is_what_ci_runs() {
    let script = fs::read_to_string(repository().join(".ci/run")).expect("there is a script for CI");
    let blocks = Document::read(README).blocks();
    let block = blocks.iter().find(|block| block.note.as_deref() == Some("not run: .ci/run runs it"));
    let command = block.expect("the README tells how to run all tests").text.trim().trim_start_matches("$ ").to_owned();
    assert!(script.lines().any(|line| line.trim() == command), "{command:?} is not in .ci/run");
}

#[test]
fn the_quick_start() {
    let mut session = Session::starting_in("").with_programs(folder_of_cargo_monitor());
    session.follow(&Document::read(QUICK_START));
}

/// The chapters on `cargo monitor` go on where the quick start ends, one after the other as in the book.
#[test]
fn the_chapters_on_results() {
    let mut session = Session::starting_in("").with_programs(folder_of_cargo_monitor());
    for chapter in [QUICK_START, READING_RESULTS, COMPARING, GATING, SHARDS, TRUST, DEPENDENCY_UPDATES, CAPACITY] {
        session.follow(&Document::read(chapter));
    }
}

#[test]
fn history_and_plots() {
    let mut session = Session::starting_in("monitor").with_programs(folder_of_cargo_monitor());
    session.follow(&Document::read(HISTORY_AND_PLOTS));
}

/// With a server that runs where the chapter says, apart from its port.
#[test]
fn the_server() {
    let programs = folder_of("monitor-server");
    let session = Session::starting_in("shop").with_programs(folder_of_cargo_monitor());
    let folder = session.folder();
    fs::copy(repository().join("tests/fixtures/pictures/shop.pymon"), folder.join(".pymon")).expect("a recorded file");
    let server = Server::start(&programs.join("monitor-server"), folder);
    let mut session =
        session.typing("http://127.0.0.1:8050", &server.address).typing("https://monitor.example.org", &server.address);
    session.follow(&Document::read(SERVER));
}

/// A server, until the test is over.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(program: &Path, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0"]).current_dir(folder).env_remove("MONITOR_DATABASE");
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut said = String::new();
        let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
        let _ = output.read_line(&mut said).expect("it says where it is");
        let (before, address) = said.trim_end().rsplit_once(' ').expect("an address is its last word");
        assert_eq!(before, "monitor-server serves monitor.db at", "as the chapter shows");
        Self { address: address.trim_end_matches('/').to_owned(), process }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn folder_of_cargo_monitor() -> PathBuf {
    folder_of("cargo-monitor")
}

/// Builds a program of this repository, as far as it is not built yet.
fn folder_of(program: &str) -> PathBuf {
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--package", program]).current_dir(repository());
    let _ = run(build).succeeded();
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    target.join("debug")
}

#[test]
fn one_file_for_rust_and_python() {
    let Some(python) = python() else { return };
    let program = python.command().get_program().to_owned();
    let programs = Path::new(&program).parent().expect("a program is in a folder").to_owned();
    let mut session = Session::starting_in("shared-suite").with_programs(programs);
    let manifest = manifest("shared-suite", "").replace("{{repo}}", &repository().display().to_string());
    session.write("Cargo.toml", &manifest);
    session.follow(&Document::read(PYTEST_MONITOR));
}
