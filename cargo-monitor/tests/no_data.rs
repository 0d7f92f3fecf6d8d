//! What was not measured is no number: nowhere 0, and nowhere NaN.
#![forbid(unsafe_code)]

mod common;

use common::Fixture;
use serde_json::Value;

/// What says that a number is none, as programs print it.
const NO_NUMBERS: [&str; 5] = ["nan", "inf", "-nan", "-inf", "infinity"];

/// Sessions of a report, which knows of nothing but times.
fn timed() -> Fixture {
    let fixture = Fixture::empty();
    for day in 21..27 {
        let report = format!(
            r#"<testsuite name="demo" timestamp="2026-11-{day}T12:00:00"><testcase classname="demo" name="one" time="0.25"/>
            <testcase classname="demo" name="none" time="0"/></testsuite>"#
        );
        let name = format!("{day}.xml");
        std::fs::write(fixture.folder().join(&name), report).expect("the report can be written");
        let _ = fixture.run(&["import", &name]).succeeded();
    }
    fixture
}

const COMMANDS: [&[&str]; 14] = [
    &["sessions"],
    &["show"],
    &["top", "cpu-time"],
    &["top", "memory", "--by", "package"],
    &["top", "cpu-usage"],
    &["compare"],
    &["compare", "--all"],
    &["compare", "--metric", "memory", "--metric", "cpu-time"],
    &["history", "one"],
    &["history", "one", "--metric", "memory"],
    &["capacity", "--memory", "1GiB"],
    &["calibrate"],
    &["gate", "--baseline", "last:5"],
    &["export"],
];

#[test]
fn no_command_prints_what_is_no_number() {
    let fixture = timed();
    for command in COMMANDS {
        for format in ["table", "json", "csv", "markdown"] {
            if command[0] == "export" && !["json", "csv"].contains(&format) {
                continue;
            }
            let run = fixture.run(&[command, &["--format", format]].concat());
            assert!(
                !run.stderr.contains("unexpected") && !run.stderr.contains("panicked"),
                "{command:?}: {}",
                run.stderr
            );
            let words = run.stdout.split(|c: char| !c.is_alphanumeric() && c != '-');
            let bad: Vec<_> = words.filter(|word| NO_NUMBERS.contains(&&*word.to_lowercase())).collect();
            assert!(bad.is_empty(), "{command:?} --format {format}: {bad:?} in\n{}", run.stdout);
        }
    }
    for output in ["report.html", "plot.svg"] {
        let command = if output == "report.html" { &["report"][..] } else { &["plot", "one"][..] };
        let _ = fixture.run(&[command, &["--output", output]].concat()).succeeded();
        let page = std::fs::read_to_string(fixture.folder().join(output)).expect("it was written");
        // The page's own script asks for it.
        let page = page.replace("isNaN(", "");
        assert!(!page.contains("NaN") && !page.contains(">inf"), "{output}");
    }
}

#[test]
fn what_nobody_knows_is_null_and_what_is_nothing_is_nothing() {
    let fixture = timed();
    let json = |args: &[&str]| -> Value {
        let text = fixture.run(&[args, &["--format", "json"]].concat()).succeeded().stdout;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}\n{text}"))
    };
    let shown = json(&["show"]);
    for test in shown["tests"].as_array().expect("tests") {
        let time = if test["item"] == "none" { 0.0 } else { 0.25 };
        assert_eq!(test["wall_seconds"], time, "a time of 0 is one: {test:#}");
        for unknown in ["cpu_seconds", "cpu_usage", "memory_bytes", "heap_peak_bytes", "allocations", "threads"] {
            assert!(test[unknown].is_null(), "{unknown}: {test:#}");
        }
    }
    for unknown in ["rustc", "cpu", "cpu_count", "memory_mib", "cpu_frequency_mhz"] {
        assert!(shown["session"][unknown].is_null(), "{unknown}: {:#}", shown["session"]);
    }
    let capacity = json(&["capacity", "--memory", "1GiB"]);
    for forecast in capacity["forecasts"].as_array().expect("forecasts") {
        assert!(forecast["peak_memory_bytes"].is_null() && forecast["fits"].is_null(), "{forecast:#}");
    }
    let people = fixture.run(&["capacity"]).succeeded();
    assert!(people.stdout.contains("memory unknown") && !people.stdout.contains("0 B"), "{}", people.stdout);
    assert!(people.stderr.contains("has a CPU time"), "{}", people.stderr);
    assert_eq!(json(&["top", "cpu-time"]), serde_json::json!([]), "nothing is known of any test");
}
