//! `compare`, `gate`, `capacity` and `calibrate` on a file whose every figure is known.
#![forbid(unsafe_code)]

mod common;

use common::Fixture;
use insta::assert_snapshot;
use monitor_store::Outcome;

const SLOW: &str = "demo::tests::slow";
const PASSED: Outcome = Outcome::Passed;

/// Standard output, as long as nothing went wrong.
fn shown(fixture: &Fixture, args: &[&str]) -> String {
    fixture.run(args).succeeded().stdout
}

/// Two commits, each run five times: the second takes half as long again.
fn repeated() -> Fixture {
    let fixture = Fixture::empty();
    for run in 0..10_u32 {
        let (commit, wall) = if run % 2 == 0 { ("aaaa1111", 0.2) } else { ("bbbb2222", 0.3) };
        let noise = f64::from(run * 7 % 5) / 1_000.0;
        fixture.session(
            run + 1,
            commit,
            &[],
            &[(SLOW, wall + noise, 4096, PASSED), ("demo::tests::even", 0.1 + noise, 4096, PASSED)],
        );
    }
    fixture
}

#[test]
fn a_comparison_in_every_format() {
    let fixture = Fixture::three_sessions();
    for format in ["table", "json", "csv", "markdown"] {
        assert_snapshot!(format!("compare_{format}"), shown(&fixture, &["compare", "latest~1", "--format", format]));
    }
}

#[test]
fn runs_against_runs() {
    assert_snapshot!("compare_samples", shown(&repeated(), &["compare", "aaaa1111", "bbbb2222", "--format", "json"]));
}

/// With fewer than four a side there is no N against N, and a doubling must not pass for that.
#[test]
fn two_runs_against_two() {
    let fixture = Fixture::empty();
    for (day, commit, wall) in [(1, "aaaa", 0.2), (2, "aaaa", 0.2), (3, "bbbb", 0.5), (4, "bbbb", 0.5)] {
        fixture.session(day, commit, &[], &[(SLOW, wall, 4096, PASSED)]);
    }
    let run = fixture.run(&["gate", "--baseline", "aaaa", "--head", "bbbb"]);
    assert_eq!(run.code, Some(5), "{}", run.stdout);
}

#[test]
fn nothing_in_common_and_a_single_value() {
    let fixture = Fixture::empty();
    fixture.session(1, "aaaa", &[], &[("demo::tests::old", 0.1, 1, PASSED)]);
    fixture.session(2, "bbbb", &[], &[("demo::tests::new", 0.1, 1, PASSED)]);
    assert_snapshot!("compare_nothing_in_common", shown(&fixture, &["compare", "latest~1"]));
    assert_eq!(fixture.run(&["gate", "--baseline", "latest~1"]).code, Some(6));

    let single = Fixture::empty();
    single.session(1, "aaaa", &[], &[(SLOW, 0.1, 1, PASSED)]);
    assert_eq!(single.run(&["compare", "latest"]).code, Some(3));
    assert_eq!(single.run(&["gate", "--baseline", "last:5"]).code, Some(6));
}

#[test]
fn a_gate_says_what_it_stops() {
    let fixture = Fixture::three_sessions();
    let run = fixture.run(&["gate", "--baseline", "latest~1"]);
    assert_eq!(run.code, Some(5), "{}", run.stderr);
    assert_snapshot!("gate", run.stdout);

    // Each limit and each waiver takes its metric out; together they let everything pass.
    let off = [
        "--threshold",
        "wall-time=off",
        "--threshold",
        "cpu-time=500%",
        "--threshold",
        "allocations=off",
        "--waive",
        "heap-peak in *slow until 9999-12-31",
    ];
    let run = fixture.run(&[&["gate", "--baseline", "latest~1"], &off[..]].concat());
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(run.stdout.contains("Waived"), "{}", run.stdout);
    let expired = ["gate", "--baseline", "latest~1", "--waive", "* in *slow until 2020-01-01"];
    let run = fixture.run(&expired);
    assert_eq!(run.code, Some(5));
    assert!(run.stderr.contains("this waiver has expired: * in *slow until 2020-01-01"), "{}", run.stderr);
}

#[test]
fn rules_from_the_environment_and_mistakes_in_them() {
    let fixture = Fixture::three_sessions();
    let with = |name: &str, value: &str| {
        let mut command = fixture.command(&["gate", "--baseline", "latest~1"]);
        command.env(name, value);
        monitor_tests::run(command)
    };
    assert_eq!(with("MONITOR_GATE_WAIVERS", "* in * until 9999-12-31").code, Some(0));
    let wrong = with("MONITOR_GATE_THRESHOLDS", "wall-time=20%; speed=3%");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("in MONITOR_GATE_THRESHOLDS: `speed` is not a metric"), "{}", wrong.stderr);
    assert_eq!(fixture.run(&["gate", "--baseline", "latest~1", "--threshold", "wall-time=fast"]).code, Some(2));
    let usual = fixture.run(&["gate"]);
    assert_eq!(usual.code, Some(5), "the runs before are the baseline");
    assert!(usual.stderr.contains("comparing with the last 20 runs of each test"), "{}", usual.stderr);
    assert_eq!(fixture.run(&["gate", "--self-test"]).code, Some(0));
}

#[test]
fn what_a_machine_must_have() {
    let fixture = Fixture::three_sessions();
    let args = ["capacity", "latest~1", "--cores", "4", "--memory", "1MiB"];
    assert_snapshot!("capacity", shown(&fixture, &args));
    assert_eq!(fixture.run(&["capacity", "--memory", "much"]).code, Some(2));
}

#[test]
fn a_gate_tried_on_its_past() {
    let fixture = Fixture::empty();
    for day in 1..=28_u32 {
        let noise = f64::from(day * 7 % 5) / 1_000.0;
        fixture.session(day, &format!("{day:08x}"), &[], &[(SLOW, 0.2 + noise, 4096, PASSED)]);
    }
    assert_snapshot!("calibrate", shown(&fixture, &["calibrate", "--metric", "wall-time"]));
}

#[test]
fn what_no_later_run_can_tell_is_no_false_alarm() {
    let fixture = Fixture::empty();
    for day in 1..=12_u32 {
        let wall = if day == 12 { 20.0 } else { 0.2 + f64::from(day * 7 % 5) / 1_000.0 };
        fixture.session(day, &format!("{day:08x}"), &[], &[(SLOW, wall, 4096, PASSED)]);
    }
    let facts = shown(&fixture, &["calibrate", "--metric", "wall-time"]);
    let fact = |name: &str| facts.lines().find(|line| line.contains(name)).map(|line| line.split_whitespace().last());
    assert_eq!(fact("gates failed"), Some(Some("1")), "{facts}");
    assert_eq!(fact("for what did not last"), Some(Some("0")), "the newest change may last: {facts}");
}
