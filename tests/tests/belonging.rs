//! Where a run belongs: in the file of the sources that it tests, under the runner that runs it, however it is started.
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use monitor_tests::{Database, Project, cargo_monitor, manifest, nextest_is_there, run};

const ONE_TEST: &str = include_str!("../fixtures/one_test.rs");

fn git(project: &Project, folder: &Path, args: &[&str]) -> String {
    let mut git = project.command("git");
    git.args(["-c", "user.name=Me", "-c", "user.email=me@example.org", "-c", "core.hooksPath=/dev/null"]);
    git.args(args).current_dir(folder);
    run(git).succeeded().stdout.trim().to_owned()
}

fn repository(package: &str) -> Project {
    let project = Project::library(package, ONE_TEST);
    project.write(".gitignore", "/.pymon*\n");
    git(&project, project.root(), &["init", "--quiet", "--initial-branch", "trunk"]);
    git(&project, project.root(), &["add", "."]);
    git(&project, project.root(), &["commit", "--quiet", "--message", "one"]);
    project
}

/// The commits of a file's sessions.
fn commits(folder: &Path) -> Vec<String> {
    Database::open(&folder.join(".pymon")).column("select SCM_ID from TEST_SESSIONS")
}

fn cargo_in(project: &Project, folder: &Path, args: &[&str]) -> Command {
    let mut command = project.cargo(args);
    command.current_dir(folder);
    command
}

#[test]
fn work_trees_with_one_target_folder_keep_their_own_file() {
    let project = repository("belonging-trees");
    let (one, other) = (project.root(), project.outside().join("other"));
    git(&project, one, &["worktree", "add", "--quiet", "-b", "other", &other.display().to_string()]);
    git(&project, &other, &["commit", "--quiet", "--allow-empty", "--message", "two"]);
    for folder in [&other, one, &other] {
        let _ = run(cargo_in(&project, folder, &["test", "--lib"])).succeeded();
    }
    assert_eq!(commits(one), [git(&project, one, &["rev-parse", "HEAD"])]);
    let second = git(&project, &other, &["rev-parse", "HEAD"]);
    assert_eq!(commits(&other), [second.clone(), second]);
}

#[test]
fn an_archive_records_where_it_runs_though_its_build_folder_is_still_there() {
    if !nextest_is_there() {
        return;
    }
    let project = repository("belonging-archive");
    let archive = project.outside().join("tests.tar.zst").display().to_string();
    let _ = run(project.cargo(&["nextest", "archive", "--archive-file", &archive])).succeeded();
    let elsewhere = project.outside().join("elsewhere");
    git(&project, project.root(), &["clone", "--quiet", ".", &elsewhere.display().to_string()]);
    git(&project, &elsewhere, &["commit", "--quiet", "--allow-empty", "--message", "two"]);
    let args = ["nextest", "run", "--archive-file", &archive, "--workspace-remap", "."];
    let _ = run(cargo_in(&project, &elsewhere, &args)).succeeded();
    assert_eq!(commits(&elsewhere), [git(&project, &elsewhere, &["rev-parse", "HEAD"])]);
    assert!(!project.path(".pymon").exists(), "rows went to where the archive was built");
}

#[test]
fn a_binary_started_by_hand_records_where_it_was_built() {
    let project = repository("belonging-by-hand");
    let binary = project.test_binary();
    // As in a program that `cargo run` starts.
    let elsewhere = Project::library("belonging-elsewhere", ONE_TEST);
    let mut command = project.command(&binary);
    command.current_dir(elsewhere.root()).env("CARGO_MANIFEST_DIR", elsewhere.root());
    let _ = run(command).succeeded();
    assert_eq!(commits(project.root()).len(), 1);
    assert!(!elsewhere.path(".pymon").exists());
}

/// Runner, binary and attribution of a file's rows.
fn rows(file: &Path) -> Vec<Vec<String>> {
    Database::open(file).rows(
        "select json_extract(RUN_DESCRIPTION, '$.rust_runner'), BINARY, ATTRIBUTION, \
         (select count(*) from TEST_SESSIONS), coalesce(json_extract(RUN_DESCRIPTION, '$.suite'), '-') \
         from TEST_PROFILES join TEST_SESSIONS using (SESSION_H) order by ITEM_VARIANT",
    )
}

#[test]
fn a_test_that_runs_cargo_does_not_hand_down_its_own_run() {
    let project = Project::kept(
        "belonging-nested",
        &[
            ("Cargo.toml", &manifest("belonging-nested", "")),
            ("src/lib.rs", include_str!("../fixtures/nested.rs")),
            ("inner/Cargo.toml", &manifest("belonging-inner", "")),
            ("inner/src/lib.rs", ONE_TEST),
        ],
    );
    let lock = fs::read_to_string(project.path("Cargo.lock")).expect("there is a lock file");
    project.write("inner/Cargo.lock", &lock);
    let inner = project.path("inner/.pymon");
    let outer_file = |runner: &str| -> PathBuf { project.path(&format!("{runner}.pymon")) };
    let record = |runner: &str, mut command: Command| {
        for file in [&inner, &outer_file(runner)] {
            let _ = fs::remove_file(file);
        }
        command
            .env("MONITOR_DB", outer_file(runner))
            .env("MONITOR_SESSION", format!("outer {runner}"))
            .env("MONITOR_TAGS", "suite=outer");
        let _ = run(command).succeeded();
    };
    let row = |runner: &str, binary: &str, attribution: &str, sessions: &str, suite: &str| {
        [runner, binary, attribution, sessions, suite].map(str::to_owned)
    };
    let inner_row = row("cargo", "belonging-inner", "threads", "2", "-");

    record("cargo", project.cargo(&["test", "--lib"]));
    assert_eq!(rows(&inner), [inner_row.clone(), inner_row.clone()]);
    let outer = |attribution| row("cargo", "belonging-nested", attribution, "1", "outer");
    assert_eq!(rows(&outer_file("cargo")), [outer("threads"), outer("process")]);
    if nextest_is_there() {
        let mut cargo_monitor = project.command(cargo_monitor());
        cargo_monitor.args(["monitor", "nextest", "--test-threads=1"]);
        let plain = project.cargo(&["nextest", "run", "--test-threads=1"]);
        for (file, command) in [("nextest", plain), ("cargo-monitor", cargo_monitor)] {
            record(file, command);
            assert_eq!(rows(&inner), [inner_row.clone(), inner_row.clone()], "{file}");
            let outer = row("nextest", "belonging-nested", "process", "1", "outer");
            assert_eq!(rows(&outer_file(file)), [outer.clone(), outer], "{file}");
        }
    }
}

#[test]
fn a_test_that_starts_its_own_program_is_one_test() {
    let project = Project::library("belonging-itself", include_str!("../fixtures/starts_itself.rs"));
    let mut cargo_monitor = project.command(cargo_monitor());
    cargo_monitor.args(["monitor", "nextest"]);
    let mut ways = vec![project.cargo(&["test", "--lib"]), project.command(project.test_binary())];
    if nextest_is_there() {
        ways.extend([project.cargo(&["nextest", "run", "--test-threads=1"]), project.cargo(&["nextest", "run"])]);
        ways.push(cargo_monitor);
    }
    for command in ways {
        let told = format!("{command:?}");
        let _ = run(command).succeeded();
        let file = Database::open(&project.path(".pymon"));
        let rows = file.rows("select ITEM_VARIANT, OUTCOME from TEST_PROFILES order by 1");
        assert_eq!(rows, [["sees_an_abort", "passed"], ["starts_it_through_a_shell", "passed"]], "{told}");
        assert_eq!(file.value("select count(*) from TEST_SESSIONS"), "1", "{told}");
        drop(file);
        fs::remove_file(project.path(".pymon")).expect("the file is there");
    }
}

#[test]
fn a_variable_that_a_test_sets_for_the_cargo_it_runs_counts() {
    // This test is run by cargo, and was not started with that name.
    let project = Project::library("belonging-explicit", ONE_TEST);
    let mut command = project.cargo(&["test", "--lib"]);
    command.env("MONITOR_SESSION", "a name").env("MONITOR_TAGS", "suite=inner");
    let _ = run(command).succeeded();
    assert_eq!(rows(&project.path(".pymon"))[0][4], "inner");
}

#[test]
fn a_workspace_is_found_however_its_manifest_is_written() {
    let package = |name: &str| manifest(name, "").replace("[workspace]\n", "");
    let root =
        "workspace = { members = [\"one\", \"out/member\"], exclude = [\"out\"], resolver = \"3\" } # [workspace]\n";
    let project = Project::new(&[
        ("Cargo.toml", root),
        ("one/Cargo.toml", &package("belonging-one")),
        ("one/src/lib.rs", ONE_TEST),
        ("out/member/Cargo.toml", &package("belonging-member")),
        ("out/member/src/lib.rs", ONE_TEST),
        ("out/alone/Cargo.toml", &package("belonging-alone")),
        ("out/alone/src/lib.rs", ONE_TEST),
    ]);
    let alone = project.path("out/alone");
    fs::copy(project.path("Cargo.lock"), alone.join("Cargo.lock")).expect("the lock file can be copied");
    for folder in [project.root(), &alone] {
        let _ = run(cargo_in(&project, folder, &["test", "--workspace", "--lib"])).succeeded();
    }
    let packages =
        |folder: &Path| Database::open(&folder.join(".pymon")).column("select package from TESTS order by 1");
    assert_eq!(packages(project.root()), ["belonging-member", "belonging-one"]);
    assert_eq!(packages(&alone), ["belonging-alone"]);
    assert!(!project.path("one/.pymon").exists() && !project.path("out/member/.pymon").exists());
}
