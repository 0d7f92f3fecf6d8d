//! How the crate under test is built, and what runs it: what makes two machine classes of one machine.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use monitor_tests::{Database, Project, manifest, run, skipped};

const ONE_TEST: &str = include_str!("../fixtures/one_test.rs");

/// Only the package itself is built with these settings, so that its dependencies need not be built again.
fn project() -> Project {
    let profile = "[profile.dev.package.build-facts]\nopt-level = 1\n";
    let manifest = manifest("build-facts", &format!("\n{profile}"));
    Project::kept("build-facts", &[("Cargo.toml", &manifest), ("src/lib.rs", ONE_TEST)])
}

/// Optimisation level, flags and emulator of each session, in a file where no two of them are comparable.
fn recorded(file: &Path) -> Vec<Vec<String>> {
    let database = Database::open(file);
    let rows = database.rows(
        "select OPT_LEVEL, RUN_DESCRIPTION ->> 'rust_flags', RUN_DESCRIPTION ->> 'emulator' \
         from TEST_SESSIONS join TEST_METRICS using (SESSION_H) join CONTEXT_CLASSES using (ENV_H) order by RUN_DATE",
    );
    assert_eq!(database.value("select count(distinct CLASS_H) from CONTEXT_CLASSES"), rows.len().to_string());
    rows
}

#[cfg(unix)]
fn executable(project: &Project, name: &str, script: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;

    project.write(name, script);
    fs::set_permissions(project.path(name), fs::Permissions::from_mode(0o755)).expect("permissions can be set");
    project.path(name)
}

#[cfg(unix)]
#[test]
fn the_crate_under_test_counts_and_not_what_it_depends_on() {
    let project = project();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("x.pymon");
    let record = |mut command: Command| {
        command.env("MONITOR_DB", &file);
        let _ = run(command).succeeded();
    };
    record(project.cargo(&["test", "--lib"]));

    // What `cargo llvm-cov` does.
    let script = "#!/bin/sh\nexec \"$@\" -Cinstrument-coverage -C target-cpu=x86-64-v2 -C debuginfo=0\n";
    let wrapper = executable(&project, "instrument", script);
    let is_x86 = env::consts::ARCH == "x86_64";
    if is_x86 {
        let mut instrumented = project.cargo(&["test", "--lib"]);
        instrumented.env("RUSTC_WORKSPACE_WRAPPER", wrapper).env("LLVM_PROFILE_FILE", folder.path().join("%p.profraw"));
        record(instrumented);
    }
    let mut expected = vec![["1", "NULL", "NULL"]];
    if is_x86 {
        expected.push(["1", "instrument-coverage target-cpu=x86-64-v2", "NULL"]);
    }
    assert_eq!(recorded(&file), expected);
}

#[test]
fn an_emulator_around_the_tests_makes_another_class() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        skipped("no valgrind on this machine, so no row is marked as made in it");
        return;
    }
    let project = project();
    let binary = project.test_binary();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("x.pymon");
    for around in [&[][..], &["valgrind", "--quiet", "--tool=none"]] {
        let mut words = around.iter().map(PathBuf::from).chain([binary.clone()]);
        let mut command = project.command(words.next().expect("a program"));
        command.args(words).env("MONITOR_DB", &file);
        let _ = run(command).succeeded();
    }
    assert_eq!(recorded(&file), [["1", "NULL", "NULL"], ["1", "NULL", "valgrind"]]);
}
