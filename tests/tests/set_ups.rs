//! Builds and environments of all kinds: tests pass as without the runtime, and figures are right or marked.
#![forbid(unsafe_code)]

use std::process::Command;

use monitor_tests::markdown::Document;
use monitor_tests::{Database, Project, Run, manifest, repository, run, skipped};

/// What is tried, what figures are then, and the test that shows it: the book's table.
const SET_UPS: &[[&str; 3]] = &[
    ["glibc, dynamic", "right", "set_ups::threads_of_std_posix_and_c11_are_seen"],
    [
        "glibc, static: `-C target-feature=+crt-static`",
        "threads do not count: `shared`",
        "set_ups::a_static_binary_makes_threads",
    ],
    [r#"`lto = "fat"`"#, "right", "set_ups::fat_link_time_optimisation_keeps_what_takes_the_place_of_the_systems"],
    [r#"`panic = "abort"`"#, "right", "set_ups::tests_that_abort_record"],
    ["`-Z sanitizer=address`", "threads do not count: `shared`", "set_ups::the_address_sanitizer_finds_nothing"],
    ["`-Z sanitizer=thread`", "threads do not count: `shared`", "set_ups::the_thread_sanitizer_finds_nothing"],
    ["`-C instrument-coverage`", "right", "set_ups::coverage_is_measured_beside_the_costs"],
    ["valgrind", "right, as valgrind runs the program", "set_ups::valgrind_finds_nothing"],
    [
        "a crate that defines `pthread_create`",
        "threads do not count: `shared`",
        "set_ups::a_second_interposer_links_and_is_the_one_that_is_called",
    ],
    ["a preloaded library that defines it", "right", "set_ups::a_preloaded_interposer_is_called_too"],
    [
        "members and files with allocators of all kinds",
        "right where counted, else `rss`",
        "allocators::a_workspace_builds_whatever_allocators_its_members_and_files_have",
    ],
    ["`#![no_std]`", "right", "no_std::every_kind_of_test_compiles_and_records"],
    [
        "code whose types are inferred",
        "right",
        "inference::what_rests_on_a_single_impl_compiles_beside_a_monitored_test",
    ],
    ["another SQLite in the project", "right", "links::the_oldest_rusqlite_carries_the_store"],
    ["the system's SQLite", "right", "links::the_system_library_is_linked_where_that_is_asked_for"],
    [
        "one target folder for several checkouts",
        "right, in the checkout's own file",
        "belonging::work_trees_with_one_target_folder_keep_their_own_file",
    ],
    [
        "a test that runs cargo",
        "right, each cargo its own session",
        "belonging::a_test_that_runs_cargo_does_not_hand_down_its_own_run",
    ],
    [
        "a test that starts its own program, as proptest's `fork` does",
        "right; what it starts is no test of its own",
        "belonging::a_test_that_starts_its_own_program_is_one_test",
    ],
    [
        "an archive of nextest",
        "right, where it runs",
        "belonging::an_archive_records_where_it_runs_though_its_build_folder_is_still_there",
    ],
    [
        "a runner of several processes: `sudo`, `xvfb-run`",
        "right, one session",
        "sessions::a_runner_around_the_tests_changes_nothing",
    ],
    [
        "a library that tests load, with monitored code in it",
        "right; other threads of the test do not count for it",
        "loaded_library::no_row_is_lost_beside_a_library_with_monitored_code",
    ],
    [
        "tests that close descriptors",
        "right, or a warning",
        "descriptors::whoever_closes_all_finds_no_row_in_his_files_and_every_row_in_ours",
    ],
];

#[test]
fn the_book_lists_what_is_tried() {
    let told = Document::read("docs/src/set-ups.md").table("Set-ups that are tried");
    let told: Vec<Vec<&str>> = told.iter().map(|row| row.iter().map(|cell| cell.trim_matches('`')).collect()).collect();
    assert_eq!(told, SET_UPS.iter().map(|row| row.map(|cell| cell.trim_matches('`')).to_vec()).collect::<Vec<_>>());
    for [set_up, _, shown_by] in SET_UPS {
        let (file, function) = shown_by.split_once("::").expect("a file and a function");
        let source = std::fs::read_to_string(repository().join(format!("tests/tests/{file}.rs")));
        let test = format!("#[test]\nfn {function}() {{");
        assert!(source.is_ok_and(|source| source.contains(&test)), "{set_up}: there is no test {shown_by}");
    }
    let here = include_str!("set_ups.rs");
    for function in here.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split_once("()")).map(|(name, _)| name) {
        let is_listed = SET_UPS.iter().any(|[_, _, shown_by]| *shown_by == format!("set_ups::{function}"));
        assert!(is_listed || function == "the_book_lists_what_is_tried", "{function} is in no row");
    }
}

/// What is compiled and linked in one way, in a target folder of its own.
fn built_with(name: &str, flags: &str) -> (Project, Command) {
    built_of(threads(name, ""), name, flags)
}

fn built_of(project: Project, name: &str, flags: &str) -> (Project, Command) {
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
    assert_case("crt-static", "static", "-C target-feature=+crt-static");
}

/// What somebody else's project did in that set-up: a monitored test makes a thread, and so does one without the attribute.
fn assert_case(case: &str, name: &str, flags: &str) {
    let (project, command) = built_of(Project::case(case), name, flags);
    let run = run(command).succeeded();
    assert!(run.stdout.contains("2 passed; 0 failed"), "{}", run.stdout);
    assert_eq!(project.database().rows("select item, attribution from TESTS"), [["starts_a_thread", "shared"]]);
}

#[test]
fn the_address_sanitizer_finds_nothing() {
    let flags = "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer";
    let (project, command) = built_with("asan", flags);
    assert_passes(run(command));
    assert_marked(&project.database());
    assert_case("sanitizer", "asan", flags);
}

#[test]
fn the_thread_sanitizer_finds_nothing() {
    let (project, mut command) = built_with("tsan", "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer");
    // What the standard library orders is not seen, as it was built without the sanitizer: a mutex that has to be waited
    // for, such as the recorder's, neither.
    let unseen = ["alloc::sync::Arc<", "std::sync::mpmc", "test::event", "recorder::Recorder>::write"];
    project.write("suppressions", &unseen.map(|place| format!("race:{place}\n")).concat());
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

#[test]
fn fat_link_time_optimisation_keeps_what_takes_the_place_of_the_systems() {
    let (project, mut command) = built_with("lto", "");
    command.env("CARGO_PROFILE_DEV_LTO", "fat");
    assert_passes(run(command));
    assert_seen(&project.database());
}

/// By itself cargo builds tests to unwind, whatever the profile says; where it is asked not to, the harness runs each in a
/// process of its own.
#[test]
fn tests_that_abort_record() {
    let (project, mut command) = built_with("abort", "");
    command.arg("-Zpanic-abort-tests").env("CARGO_PROFILE_DEV_PANIC", "abort");
    assert_passes(run(command));
    let database = project.database();
    assert_seen(&database);
    assert_eq!(database.value("select count(*) from TEST_SESSIONS"), "1");
}

#[test]
fn coverage_is_measured_beside_the_costs() {
    let (project, mut command) = built_with("coverage", "-C instrument-coverage");
    command.env("LLVM_PROFILE_FILE", project.path("%p.profraw"));
    assert_passes(run(command));
    assert_seen(&project.database());
    let files = std::fs::read_dir(project.root()).expect("the folder can be read").flatten();
    assert!(files.into_iter().any(|file| file.path().extension().is_some_and(|kind| kind == "profraw")));
}

#[test]
fn valgrind_finds_nothing() {
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success()) {
        skipped("no valgrind on this machine, so tests under it are not tried");
        return;
    }
    let project = threads("set-ups-valgrind", "");
    let mut command = project.command("valgrind");
    command.args(["--quiet", "--error-exitcode=9"]).arg(project.test_binary()).arg("--test-threads=2");
    assert_passes(run(command));
    assert_seen(&project.database());
}
