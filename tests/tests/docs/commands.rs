//! What readers are told to type works in a fresh folder, and prints what is shown.

use std::fs;
use std::path::Path;

use monitor_tests::markdown::Document;
use monitor_tests::{manifest, python, repository};

use crate::alike::Server;
use crate::process::Process;
use crate::programs::folder_of_cargo_monitor;
use crate::session::Session;

const README: &str = "README.md";
const QUICK_START: &str = "docs/src/quick-start.md";
const PYTEST_MONITOR: &str = "docs/src/pytest-monitor.md";
const READING_RESULTS: &str = "docs/src/reading-results.md";
const HISTORY_AND_PLOTS: &str = "docs/src/history-and-plots.md";
const COMPARING: &str = "docs/src/comparing.md";
const GATING: &str = "docs/src/gating.md";
const OPERATE: &str = "docs/src/operate.md";
const SERVER: &str = "docs/src/server.md";
const SHARDS: &str = "docs/src/shards.md";
const TRUST: &str = "docs/src/trust.md";
const DEPENDENCY_UPDATES: &str = "docs/src/dependency-updates.md";
const CAPACITY: &str = "docs/src/capacity.md";

/// The documents whose commands a test here types.
pub(crate) const FOLLOWED: [&str; 13] = [
    README,
    CAPACITY,
    COMPARING,
    DEPENDENCY_UPDATES,
    GATING,
    HISTORY_AND_PLOTS,
    OPERATE,
    PYTEST_MONITOR,
    QUICK_START,
    READING_RESULTS,
    SERVER,
    SHARDS,
    TRUST,
];

#[test]
fn every_document_with_commands_has_a_test() {
    let has_commands =
        |document: &Document| document.blocks().iter().any(|block| block.language == "console" && block.note.is_none());
    let found: Vec<_> = Document::all().into_iter().filter(has_commands).map(|document| document.path).collect();
    assert_eq!(found, FOLLOWED, "follow each in a test here");
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
    let session = Session::starting_in("").with_programs(folder_of_cargo_monitor());
    let mut session = session.also_from(Server::start());
    for chapter in [QUICK_START, READING_RESULTS, COMPARING, GATING, SHARDS, TRUST, DEPENDENCY_UPDATES, CAPACITY] {
        session.follow(&Document::read(chapter));
    }
}

#[test]
fn history_and_plots() {
    let session = Session::starting_in("monitor").with_programs(folder_of_cargo_monitor());
    session.also_from(Server::start()).follow(&Document::read(HISTORY_AND_PLOTS));
}

#[test]
fn the_server() {
    beside_a_server(SERVER);
}

#[test]
fn operating_a_server() {
    beside_a_server(OPERATE);
}

/// With a server that runs where the chapter says, apart from its port.
fn beside_a_server(chapter: &str) {
    let session = Session::starting_in("shop").with_programs(folder_of_cargo_monitor());
    let folder = session.folder();
    fs::copy(repository().join("tests/fixtures/pictures/shop.pymon"), folder.join(".pymon")).expect("a recorded file");
    let server = Process::start(Some(folder));
    let mut session =
        session.typing("http://127.0.0.1:8050", &server.address).typing("https://monitor.example.org", &server.address);
    session.follow(&Document::read(chapter));
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
