//! Builds and environments of all kinds: tests pass as without the runtime, and figures are right or marked.
#![forbid(unsafe_code)]

use std::process::Command;

use monitor_tests::{Database, Project, Run, manifest, run};

/// What is compiled and linked in one way, in a target folder of its own.
fn built_with(name: &str, flags: &str) -> (Project, Command) {
    let project = threads(name, "");
    let mut command = project.cargo(&["test", "--lib", "--target", host().as_str()]);
    command
        .env("RUSTFLAGS", flags)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", project.target_of("set-ups", name));
    (project, command)
}

fn threads(name: &str, dependencies: &str) -> Project {
    Project::new(&[
        ("Cargo.toml", &manifest(name, dependencies)),
        ("src/lib.rs", include_str!("../fixtures/set_ups/threads.rs")),
    ])
}

fn host() -> String {
    let version = run({
        let mut command = Command::new("rustc");
        command.arg("-vV");
        command
    });
    let line = version.stdout.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned);
    line.expect("rustc tells its host")
}

const ALL_PASS: &str = "5 passed; 0 failed";

fn assert_passes(run: Run) {
    let run = run.succeeded();
    assert!(run.stdout.contains(ALL_PASS), "{}", run.stdout);
}

fn rows(database: &Database) -> Vec<Vec<String>> {
    database.rows(
        "select item, attribution, coalesce(threads, 'unknown'), heap_allocated_bytes >= 1048576 from TESTS order by item",
    )
}

/// Threads are seen, and what they do counts.
fn assert_seen(database: &Database) {
    assert_eq!(
        rows(database),
        [
            ["alone", "threads", "1", "1"],
            ["of_c11", "threads", "2", "1"],
            ["of_posix", "threads", "2", "1"],
            ["of_std", "threads", "2", "1"],
        ]
    );
}

/// Threads are not seen, and the rows say so.
fn assert_marked(database: &Database) {
    assert_eq!(
        rows(database),
        [
            ["alone", "shared", "unknown", "1"],
            ["of_c11", "shared", "unknown", "0"],
            ["of_posix", "shared", "unknown", "0"],
            ["of_std", "shared", "unknown", "0"],
        ]
    );
}

#[test]
fn threads_of_std_posix_and_c11_are_seen() {
    let project = threads("set-ups-plain", "");
    assert_passes(project.test(&["--lib", "--", "--test-threads=2"]));
    assert_seen(&project.database());
}

#[test]
fn a_static_binary_makes_threads() {
    let (project, command) = built_with("static", "-C target-feature=+crt-static");
    assert_passes(run(command));
    assert_marked(&project.database());
}

#[test]
fn the_address_sanitizer_finds_nothing() {
    let (project, command) = built_with("asan", "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer");
    assert_passes(run(command));
    assert_marked(&project.database());
}

#[test]
fn the_thread_sanitizer_finds_nothing() {
    let (project, mut command) = built_with("tsan", "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer");
    // What the standard library orders is not seen, as it was built without the sanitizer.
    project.write("suppressions", "race:alloc::sync::Arc<\nrace:std::sync::mpmc\nrace:test::event\n");
    command.env("TSAN_OPTIONS", format!("suppressions={}", project.path("suppressions").display()));
    // The sanitizer knows nothing of C11's threads and dies of them, without the runtime too.
    command.args(["--", "--skip", "of_c11"]);
    let run = run(command).succeeded();
    assert!(run.stdout.contains("4 passed; 0 failed"), "{}", run.stdout);
    assert_eq!(project.database().column("select distinct attribution from TESTS"), ["shared"]);
}

#[test]
fn a_second_interposer_links_and_is_the_one_that_is_called() {
    let project = threads("set-ups-interposer", "interposer = { path = \"interposer\" }\n");
    project
        .write("interposer/Cargo.toml", "[package]\nname = \"interposer\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    project.write("interposer/src/lib.rs", include_str!("../fixtures/set_ups/interposer.rs"));
    let used = "#[test] fn the_other_is_called() { assert!(interposer::CALLS.load(std::sync::atomic::Ordering::Relaxed) > 0); }\n";
    project.write("src/lib.rs", &format!("{}{used}", include_str!("../fixtures/set_ups/threads.rs")));
    let run = project.test(&["--lib", "--", "--test-threads=2"]);
    assert!(run.stdout.contains("6 passed; 0 failed"), "{}", run.stdout);
    let rows = rows(&project.database());
    assert!(rows.iter().all(|row| row[1..3] == ["shared", "unknown"]), "{rows:?}");
}

#[test]
fn a_preloaded_interposer_is_called_too() {
    let project = threads("set-ups-preloaded", "");
    project.write("preloaded.c", include_str!("../fixtures/set_ups/preloaded.c"));
    let mut compile = project.command("cc");
    compile.args(["-shared", "-fPIC", "-o", "preloaded.so", "preloaded.c", "-ldl"]);
    let _ = run(compile).succeeded();
    let mut command = project.command(project.test_binary());
    command.env("LD_PRELOAD", project.path("preloaded.so")).arg("--test-threads=2");
    let run = run(command);
    assert!(!run.stderr.contains("preloaded: 0 calls") && run.stderr.contains("preloaded: "), "{}", run.stderr);
    assert_passes(run);
    assert_seen(&project.database());
}
