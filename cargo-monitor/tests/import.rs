//! Files of other tools become sessions.
#![forbid(unsafe_code)]

mod common;

use std::fs;

use common::Fixture;
use monitor_tests::Database;

const ESTIMATES: &str = r#"{"mean":{"confidence_interval":{"confidence_level":0.95,"lower_bound":1.0,"upper_bound":2.0},
"point_estimate":1500.0,"standard_error":3.0},"median":{"point_estimate":1400.0},"slope":SLOPE}"#;

const JUNIT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="3" uuid="1a2b" timestamp="2026-11-23T12:00:00.500+01:00" time="0.3">
  <testsuite name="primes-demo::it" tests="3">
    <testcase name="tests::prime" classname="primes-demo::it" timestamp="2026-11-23T12:00:00.600+01:00" time="0.25"/>
    <testcase name="fails" classname="primes-demo::it" time="0.05"><failure message="no">a &lt; b</failure></testcase>
    <testcase name="later" classname="primes-demo::it" time="0.0"><skipped/></testcase>
  </testsuite>
</testsuites>"#;

const PYTEST: &str = r#"<testsuite name="pytest" timestamp="2026-11-23T11:00:00">
  <testcase classname="tests.test_mod" name="test_x[1-2]" time="1.5"></testcase></testsuite>"#;

const DATA_JS: &str = r#"window.BENCHMARK_DATA = {
  "lastUpdate": 1795395723000, "repoUrl": "https://github.com/x/y",
  "entries": { "Rust Benchmark": [ {
    "commit": {"id": "0123abcd", "message": "m", "timestamp": "2026-11-22T00:00:00Z"},
    "date": 1795395723000, "tool": "cargo",
    "benches": [ {"name": "fib_10", "value": 150, "range": "± 2", "unit": "ns/iter"}, {"name": "size", "value": 9, "unit": "MiB"} ]
  } ] } }"#;

fn rows(fixture: &Fixture, sql: &str) -> Vec<String> {
    Database::open(&fixture.file()).rows(sql).into_iter().map(|row| row.join(" ")).collect()
}

const TESTS: &str =
    "select package, binary, path, item, variant, wall_seconds, outcome, start_time from TESTS order by start_time";

/// Imports twice: the second time adds nothing.
fn import(fixture: &Fixture, args: &[&str]) -> String {
    let args = [&["import", "--format", "csv"], args].concat();
    let first = fixture.run(&args).succeeded().stdout;
    let again = fixture.run(&args).succeeded().stdout;
    assert!(again.lines().nth(1).is_some_and(|line| line.contains(",0,0,")), "{again}");
    first.lines().nth(1).unwrap_or_default().to_owned()
}

#[test]
fn criterions_estimates() {
    let fixture = Fixture::empty();
    let folder = fixture.folder().join("target/criterion/primes/is_prime/7");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    };
    write("new/estimates.json", &ESTIMATES.replace("SLOPE", "null"));
    write("new/benchmark.json", r#"{"group_id":"primes","full_id":"primes/is_prime/7"}"#);
    write("base/estimates.json", "{}");
    let other = folder.join("../../sieve/new");
    fs::create_dir_all(&other).expect("a folder can be made");
    fs::write(other.join("estimates.json"), ESTIMATES.replace("SLOPE", r#"{"point_estimate":2e6}"#)).expect("written");
    let line = import(&fixture, &["target/criterion", "--commit", "beef", "--tag", "source=bench", "--machine", "lab"]);
    assert_eq!(line, "target/criterion,criterion,1,2,0");
    assert_eq!(
        rows(&fixture, "select path, variant, wall_seconds, memory_mib, host from TESTS order by wall_seconds"),
        ["primes/is_prime 7 0.0000015 NULL lab", "primes sieve 0.002 NULL lab"]
    );
    assert_eq!(rows(&fixture, "select SCM_ID, RUN_DESCRIPTION ->> 'source' from TEST_SESSIONS"), ["beef bench"]);
}

#[test]
fn junit_of_nextest_and_pytest() {
    let fixture = Fixture::empty();
    fs::write(fixture.folder().join("nextest.xml"), JUNIT).expect("a file can be written");
    fs::write(fixture.folder().join("pytest.xml"), PYTEST).expect("a file can be written");
    assert_eq!(import(&fixture, &["nextest.xml"]), "nextest.xml,junit,1,2,1");
    assert_eq!(
        rows(&fixture, TESTS),
        [
            "primes-demo primes-demo::it it fails fails 0.05 failed 2026-11-23T11:00:00.750001",
            "primes-demo primes-demo::it it::tests prime prime 0.25 passed 2026-11-23T11:00:00.600000",
        ]
        .map(str::to_owned)
        .into_iter()
        .rev()
        .collect::<Vec<_>>()
    );
    assert_eq!(import(&fixture, &["pytest.xml"]), "pytest.xml,junit,1,1,0");
    let python = "select path, item, variant, wall_seconds from TESTS where package = 'pytest'";
    assert_eq!(rows(&fixture, python), ["tests.test_mod test_x test_x[1-2] 1.5"]);
}

#[test]
fn data_of_github_action_benchmark() {
    let fixture = Fixture::empty();
    fs::write(fixture.folder().join("data.js"), DATA_JS).expect("a file can be written");
    assert_eq!(import(&fixture, &["data.js"]), "data.js,github-action-benchmark,1,1,1");
    assert_eq!(
        rows(&fixture, TESTS),
        ["Rust Benchmark cargo Rust Benchmark fib_10 fib_10 0.00000015 passed 2026-11-23T01:02:03.000000"]
    );
    assert_eq!(rows(&fixture, "select SCM_ID from TEST_SESSIONS"), ["0123abcd"]);
}

#[test]
fn a_file_of_pytest_monitor() {
    let fixture = Fixture::three_sessions();
    let theirs = monitor_tests::repository().join("monitor-store/tests/fixtures/pytest-monitor-1.6.6.pymon");
    // Opening a file may bring it up to date.
    fs::copy(theirs, fixture.folder().join("python.pymon")).expect("the fixture can be copied");
    let line = import(&fixture, &["python.pymon"]);
    assert!(line.starts_with("python.pymon,pymon,1,"), "{line}");
    let sessions = fixture.run(&["sessions", "--format", "csv"]).succeeded().stdout;
    assert_eq!(sessions.lines().count(), 1 + 4, "{sessions}");
    for args in [&["show", "latest~3"][..], &["show", "latest"], &["top", "memory"]] {
        let _ = fixture.run(args).succeeded();
    }
}
