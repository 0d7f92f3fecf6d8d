//! `cargo monitor test` and `nextest` on a real project: cargo's output and exit code, what is recorded, what is shown.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::Command;

use monitor_tests::{Project, Run, manifest, run};

/// A package without the dependency.
const PLAIN: &str = "[package]\nname = \"plain\"\nedition = \"2024\"\n[workspace]\n";

/// Tests with the attribute, of every kind that does not run in the process that the runner starts, or is not recorded.
const WITH: &str = r#"
#[cfg(test)]
mod tests {
    use monitor_runtime::monitored;

    #[monitored]
    #[test]
    fn plain() {}

    #[monitored(isolate)]
    #[test]
    fn isolated() {}

    #[monitored(skip)]
    #[test]
    fn skipped() -> Result<(), String> {
        use std::ops::Not as _;
        if true.not() { Err("wrong".to_owned()) } else { Ok(()) }
    }

    #[monitored(skip_if = true)]
    #[test]
    fn skipped_here() {}

    #[test]
    fn without() {}

    #[test]
    fn without_at_the_third_attempt() {
        assert_eq!(std::env::var("NEXTEST_ATTEMPT").as_deref(), Ok("3"));
    }
}
"#;

const LIB: &str = r#"
#[cfg(test)]
mod tests {
    use monitor_runtime::monitored;

    #[test]
    #[monitored]
    fn with() {
        std::hint::black_box(vec![1_u8; 8 << 20]);
    }

    #[test]
    fn without() {
        std::hint::black_box(vec![1_u8; 64 << 20]);
    }

    #[test]
    fn fails() {
        assert!(std::env::var_os("FAIL").is_none());
    }

    #[test]
    fn aborts() {
        if std::env::var_os("ABORT").is_some() {
            std::process::abort();
        }
    }
}
"#;

fn project(name: &str) -> Project {
    Project::new(&[
        ("Cargo.toml", &manifest(name, "")),
        ("src/lib.rs", LIB),
        ("tests/it.rs", "#[test]\nfn outer() {}\n"),
    ])
}

fn monitor(project: &Project, args: &[&str]) -> Command {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
    command.args(args);
    command
}

fn rows(project: &Project, sql: &str) -> Vec<String> {
    project.database().rows(sql).into_iter().map(|row| row.join(" ")).collect()
}

fn nextest_with(project: &Project, variable: &str, args: &[&str]) -> Run {
    let mut command = monitor(project, &[&["nextest"], args].concat());
    command.env(variable, "1");
    run(command)
}

#[test]
fn test_runs_cargo_test_and_sums_up() {
    let project = project("cli-test");
    let args = [
        "monitor",
        "test",
        "--lib",
        "--tag",
        "suite=unit",
        "--description",
        "a day",
        "tests::",
        "--",
        "--test-threads=1",
    ];
    let first = run(monitor(&project, &args)).succeeded();
    assert!(first.stdout.contains("test tests::without ... ok"), "cargo's own output: {}", first.stdout);
    assert!(first.stdout.contains("1 passed") && first.stdout.contains("8.00 MiB"), "{}", first.stdout);
    assert!(first.stdout.contains("cli_test::tests::with"), "{}", first.stdout);
    let described = "select RUN_DESCRIPTION ->> 'suite', RUN_DESCRIPTION ->> 'description' from TEST_SESSIONS";
    assert_eq!(rows(&project, described), ["unit a day"]);

    let mut failing = monitor(&project, &["test", "--lib"]);
    failing.env("FAIL", "1");
    let failed = run(failing);
    assert_eq!(failed.code, Some(101), "cargo's exit code: {}", failed.stderr);
    assert!(failed.stdout.contains("Slowest"), "the summary stands there all the same: {}", failed.stdout);
    let broken = run(monitor(&project, &["test", "--no-such-option"]));
    assert_eq!(broken.code, Some(1), "{}", broken.stderr);
    assert!(broken.stderr.contains("--no-such-option") && broken.stderr.contains("nothing was measured: cargo failed"));
}

#[test]
fn each_repeated_run_is_a_session() {
    let project = project("cli-repeat");
    let repeated = run(monitor(&project, &["test", "--lib", "--repeat", "3", "--component", "core"])).succeeded();
    assert!(repeated.stdout.contains("of 3 runs"), "{}", repeated.stdout);
    assert_eq!(
        rows(&project, "select count(*), count(distinct RUN_DESCRIPTION ->> 'repeat') from TEST_SESSIONS"),
        ["3 1"]
    );
    assert_eq!(rows(&project, "select distinct COMPONENT from TEST_METRICS"), ["core"]);

    let mut failing = monitor(&project, &["test", "--lib", "--repeat", "3"]);
    failing.env("FAIL", "1");
    assert_eq!(run(failing).code, Some(101));
    assert_eq!(rows(&project, "select count(*) from TEST_SESSIONS"), ["4"], "no run after one that failed");
}

#[test]
fn a_run_without_rows_says_why() {
    let project = project("cli-nothing");
    let told = |variable: (&str, &str), args: &[&str]| {
        let mut command = monitor(&project, &[&["test", "--lib"], args].concat());
        command.env(variable.0, variable.1);
        let run = run(command).succeeded();
        run.stderr.lines().last().unwrap_or_default().to_owned()
    };
    let none = "no monitored test ran: none that cargo ran has #[monitored]";
    assert!(
        told(("UNUSED", ""), &["tests::without"]).starts_with(none),
        "the dependency is there, so init has been run"
    );
    assert_eq!(told(("MONITOR", "Off"), &[]), "nothing was recorded: MONITOR is Off");
    let missing = project.path("missing/file.pymon").display().to_string();
    let folder = format!("nothing was recorded: the folder of {missing} does not exist; make it, or ");
    assert!(told(("MONITOR_DB", &missing), &[]).starts_with(&folder));
    let taken = project.path("src").display().to_string();
    assert!(told(("MONITOR_DB", &taken), &[]).contains("is a folder"));
    assert!(!project.path(".pymon").exists());
    if cfg!(target_os = "linux") {
        let refused = told(("MONITOR_DB", "/proc/file.pymon"), &[]);
        assert!(refused.starts_with("nothing was recorded: cannot write beside /proc/file.pymon: "), "{refused}");
        assert!(refused.ends_with("; make its folder writable, or choose another path with MONITOR_DB"), "{refused}");
    }

    let plain = Project::new(&[("Cargo.toml", PLAIN), ("src/lib.rs", "#[test]\nfn plain() {}\n")]);
    let run = run(monitor(&plain, &["test", "--lib"])).succeeded();
    assert!(run.stderr.contains("no monitored test ran: `cargo monitor init`"), "{}", run.stderr);
}

#[test]
fn a_target_with_a_harness_of_its_own_is_named() {
    let with_target = |kind: &str| format!("{PLAIN}\n[[{kind}]]\nname = \"own\"\nharness = false\n");
    let main = "#[test]\nfn left_out() {}\n\nfn measured() {}\n\nfn main() {\n    measured();\n}\n";
    let doctor = |project: &Project| run(monitor(project, &["doctor", "--format", "json"])).succeeded().stdout;
    let named = "harness = false in tests/own.rs";

    let project = Project::new(&[
        ("Cargo.toml", &with_target("test")),
        ("src/lib.rs", ""),
        ("tests/own.rs", main),
        ("tests/usual.rs", "#[test]\n#[ignore]\nfn other() {}\n"),
    ]);
    let ran = run(monitor(&project, &["test"])).succeeded();
    assert!(ran.stderr.contains(named) && ran.stderr.contains("cargo monitor nextest"), "{}", ran.stderr);
    assert!(doctor(&project).contains(named));
    let init =
        run(monitor(&project, &["init", "--path", &monitor_tests::repository().display().to_string()])).succeeded();
    let left = "their target has `harness = false`: rustc leaves #[test] functions out";
    assert!(init.stdout.contains("tests/own.rs") && init.stdout.contains(left), "{}", init.stdout);
    assert_eq!(std::fs::read_to_string(project.path("tests/own.rs")).expect("it is there"), main);
    let usual = std::fs::read_to_string(project.path("tests/usual.rs")).expect("it is there");
    assert!(usual.contains("monitored"), "{usual}");

    project.write("tests/own.rs", &main.replace("fn measured", "#[monitor_runtime::monitored]\nfn measured"));
    assert!(!doctor(&project).contains("harness"), "what main calls is measured");
    let ran = run(monitor(&project, &["test", "--test", "own"])).succeeded();
    assert!(ran.stdout.contains("own::measured"), "{}", ran.stdout);

    // Benchmarks are no tests, unless somebody means them to be.
    let project = Project::new(&[("Cargo.toml", &with_target("bench")), ("src/lib.rs", ""), ("benches/own.rs", main)]);
    assert!(!doctor(&project).contains("harness"));
    project.write("benches/own.rs", &main.replace("fn left_out", "#[monitored]\nfn left_out"));
    assert!(doctor(&project).contains("harness = false in benches/own.rs"));
}

#[test]
fn only_the_summary_is_on_stdout_for_programs() {
    let project = project("cli-json");
    let json = run(monitor(&project, &["test", "--lib", "--format", "json"])).succeeded();
    assert!(json.stdout.starts_with('{') && json.stdout.contains("\"passed\": 1,"), "{}", json.stdout);
    assert!(json.stderr.contains("test tests::with ... ok"), "{}", json.stderr);
}

#[test]
fn nextest_measures_tests_without_the_attribute_once_each() {
    let project = project("cli-nextest");
    let first = run(monitor(&project, &["nextest", "--tag", "suite=all"])).succeeded();
    assert!(first.stderr.contains("5 tests run: 5 passed"), "nextest's own output: {}", first.stderr);
    assert_eq!(
        rows(&project, "select path, item, package, binary, outcome, attribution from TESTS order by path, item"),
        [
            "cli_nextest::tests aborts cli-nextest cli-nextest passed process",
            "cli_nextest::tests fails cli-nextest cli-nextest passed process",
            "cli_nextest::tests with cli-nextest cli-nextest passed process",
            "cli_nextest::tests without cli-nextest cli-nextest passed process",
            "it outer cli-nextest cli-nextest::it passed process",
        ]
    );
    assert_eq!(rows(&project, "select count(*) from TEST_SESSIONS where RUN_DESCRIPTION ->> 'suite' = 'all'"), ["1"]);
    assert_eq!(rows(&project, "select count(distinct ENV_H) from TEST_METRICS"), ["1"], "one machine class");
    let peak = project.database().number("select rss_peak_bytes / 1048576.0 from TESTS where item = 'without'");
    assert!((64.0..80.0).contains(&peak), "64 MiB were filled, {peak} MiB measured");
    let heap = project.database().number("select memory_mib from TESTS where item = 'with' and memory_source = 'heap'");
    assert!((heap - 8.0).abs() < 0.01, "the attribute's own measure stays: {heap} MiB");
    let wall = "select count(*) from TESTS where not (wall_seconds > 0 and wall_seconds < 10 and user_seconds >= 0)";
    assert_eq!(rows(&project, wall), ["0"]);
}

#[test]
fn nextest_records_each_test_once_however_it_runs() {
    let project = Project::new(&[("Cargo.toml", &manifest("cli-once", "")), ("src/lib.rs", WITH)]);
    // The process that records is not the one that is started.
    project.write("runner", "#!/bin/sh\n\"$@\"\nexit $?\n");
    make_executable(&project.path("runner"));
    let expected = [
        "isolated 1 passed heap",
        "plain 1 passed heap",
        "without 1 passed NULL",
        "without_at_the_third_attempt 1 failed NULL",
        "without_at_the_third_attempt 2 failed NULL",
        "without_at_the_third_attempt 3 passed NULL",
    ];
    for runner in ["", "runner"] {
        let _ = std::fs::remove_file(project.path(".pymon"));
        let mut command = monitor(&project, &["nextest", "--retries", "2"]);
        if !runner.is_empty() {
            let config = format!("[target.'cfg(unix)']\nrunner = {:?}\n", project.path(runner).display().to_string());
            project.write(".cargo/config.toml", &config);
        }
        command.arg("--no-fail-fast");
        let ended = run(command).succeeded();
        let of_rows = "select item, attempt, outcome, case memory_source when 'heap' then 'heap' end from TESTS \
                       order by item, attempt";
        assert_eq!(rows(&project, of_rows), expected, "{runner}");
        assert!(ended.stderr.contains("6 tests run: 6 passed"), "{}", ended.stderr);
        assert!(ended.stdout.contains("4 passed (2 more attempts)"), "{}", ended.stdout);
    }
}

/// Tests that end before the runner has looked at their process, while others are at work.
#[test]
fn nextest_records_short_tests_of_a_busy_machine_once() {
    let project = Project::case("nextest-double-row");
    let _ = run(monitor(&project, &["nextest", "--test-threads", "16"])).succeeded();
    let facts = "select count(*), count(distinct item), sum(memory_source = 'heap') from TESTS";
    assert_eq!(rows(&project, facts), ["60 60 60"]);
}

#[test]
fn nextest_sees_tests_end_as_they_end() {
    let project = project("cli-ends");
    let failed = nextest_with(&project, "FAIL", &["run", "--no-fail-fast"]);
    assert_eq!(failed.code, Some(100), "nextest's exit code: {}", failed.stderr);
    let aborted = nextest_with(&project, "ABORT", &["--no-fail-fast", "--retries", "1"]);
    assert!(aborted.stderr.contains("SIGABRT"), "{}", aborted.stderr);
    let outcomes = "select item, attempt, outcome from TESTS where outcome <> 'passed' order by start_time";
    assert_eq!(rows(&project, outcomes), ["fails 1 failed", "aborts 1 crashed", "aborts 2 crashed"]);
    assert!(aborted.stdout.contains("Incomplete"), "{}", aborted.stdout);
}

#[test]
fn a_project_without_any_attribute_is_measured() {
    let project = Project::new(&[
        ("Cargo.toml", "[package]\nname = \"cli-plain\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n"),
        ("src/lib.rs", "#[test]\nfn plain() {}\n"),
    ]);
    let _ = run(monitor(&project, &["nextest"])).succeeded();
    let facts = "select path, item, runner, profile, opt_level, length(machine_class) > 0 from TESTS \
                 join (select RUN_DESCRIPTION ->> 'rust_runner' runner from TEST_SESSIONS)";
    assert_eq!(rows(&project, facts), ["cli_plain plain nextest dev 0 1"]);
    let mut off = monitor(&project, &["nextest"]);
    off.env("MONITOR", "off");
    let _ = run(off).succeeded();
    assert_eq!(rows(&project, "select count(*) from TEST_SESSIONS"), ["1"], "MONITOR=off records nothing");
}

#[test]
fn a_runner_of_the_user_still_runs() {
    let project = project("cli-chain");
    project.write("my runner", "#!/bin/sh\necho \"$1\" >> \"$CHAIN_SEEN\"\nshift\nexec \"$@\"\n");
    let script = project.path("my runner");
    make_executable(&script);
    let config = format!("[target.'cfg(unix)']\nrunner = [{:?}, \"an argument\"]\n", script.display().to_string());
    project.write(".cargo/config.toml", &config);
    let seen = project.path("seen");
    let mut command = monitor(&project, &["nextest", "run", "--lib"]);
    command.env("CHAIN_SEEN", &seen);
    let _ = run(command).succeeded();
    let seen = std::fs::read_to_string(seen).expect("the runner has run");
    assert!(seen.lines().count() >= 4 && seen.lines().all(|line| line == "an argument"), "{seen}");
    assert_eq!(rows(&project, "select count(*) from TESTS"), ["4"], "each test once");
}

#[test]
fn the_env_tables_of_cargo_count() {
    let project = project("cli-env");
    let config = "[env]\nMONITOR_TAGS = \"team=core\"\nMONITOR_COMPONENT = \"billing\"\n\
                  MONITOR_DB = { value = \"../db/costs.pymon\", relative = true }\n";
    project.write(".cargo/config.toml", config);
    std::fs::create_dir(project.path("../db")).expect("a folder can be made");
    let _ = run(monitor(&project, &["nextest", "--lib", "--tag", "suite=unit"])).succeeded();
    let database = monitor_tests::Database::open(&project.path("../db/costs.pymon"));
    let tags = "select RUN_DESCRIPTION ->> 'team', RUN_DESCRIPTION ->> 'suite' from TEST_SESSIONS";
    assert_eq!(database.rows(tags), [["core", "unit"]]);
    assert_eq!(database.rows("select distinct COMPONENT, count(*) from TEST_METRICS"), [["billing", "4"]]);
}

#[test]
fn a_program_in_a_folder_with_a_space_measures_too() {
    let project = project("cli-space");
    let program = project.path("a folder/cargo-monitor");
    std::fs::create_dir(project.path("a folder")).expect("a folder can be made");
    std::fs::copy(env!("CARGO_BIN_EXE_cargo-monitor"), &program).expect("the program can be copied");
    let mut command = project.command(&program);
    command.args(["nextest", "--lib"]);
    let _ = run(command).succeeded();
    assert_eq!(rows(&project, "select count(*) from TESTS"), ["4"]);
}

#[test]
fn the_exit_code_is_cargos_whatever_becomes_of_the_file() {
    let project = project("cli-exit");
    let mut off = monitor(&project, &["nextest", "--lib"]);
    off.env("MONITOR_DB", "off");
    let off = run(off).succeeded();
    assert!(off.stderr.contains("nothing was recorded") && !project.path(".pymon").exists(), "{}", off.stderr);
    project.write(".pymon", &"no database ".repeat(100));
    for command in ["test", "nextest"] {
        let corrupt = run(monitor(&project, &[command, "--lib"])).succeeded();
        assert!(
            corrupt.stderr.contains("error: ") && corrupt.stderr.contains("not an SQLite database"),
            "{}",
            corrupt.stderr
        );
    }
    let kept = std::fs::read_to_string(project.path(".pymon")).expect("it is there");
    assert_eq!(kept, "no database ".repeat(100));
}

#[test]
fn what_ran_before_ctrl_c_is_summed_up() {
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::os::unix::process::CommandExt as _;

    let project = Project::library(
        "cli-interrupt",
        "#[cfg(test)]\nmod tests {\n    #[monitor_runtime::monitored]\n    #[test]\n    fn a_quick() {}\n\n    \
         #[monitor_runtime::monitored]\n    #[test]\n    fn b_hangs() {\n        \
         std::thread::sleep(std::time::Duration::from_secs(600));\n    }\n}\n",
    );
    let mut command = monitor(&project, &["test", "--lib", "--", "--test-threads=1"]);
    command.process_group(0).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().expect("it runs");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("a_quick ... ok") {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).expect("text"), 0, "the first test never ended");
    }
    let group = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    killpg(group, Signal::SIGINT).expect("the group is there");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("text");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130), "128 and the signal: {rest}");
    assert!(rest.contains("1 passed") && rest.contains("a_quick"), "{rest}");
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("permissions can be set");
}
