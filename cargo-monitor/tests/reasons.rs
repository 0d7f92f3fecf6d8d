//! The first reason beside a regression, where a file knows what functions cost.
#![forbid(unsafe_code)]

mod common;

use std::fs;

use common::Fixture;
use common::suite::{Cost as Row, Run, session_h};
use monitor_store::{Cost, CountFlags, Writer};

const REASON: &str = "+12,000,000 instructions in demo::sieve::mark at demo/src/sieve.rs:23";

/// Two sessions of a counted test, in the second of which `demo::sieve::mark` costs 12 million more.
fn counted() -> Fixture {
    let fixture = Fixture::of_runs(&[1, 2].map(|number| Run::of(number, vec![Row::of("marks", 0.01)])));
    let function = |name: &str, line, own| Cost {
        name: name.to_owned(),
        file: "/home/me/demo/src/sieve.rs".to_owned(),
        line,
        own,
        inclusive: own,
        calls: 1,
        ..Cost::default()
    };
    let mut writer = Writer::open(&fixture.file()).expect("the file can be written");
    for (hour, mark) in [(1, 8_000_000), (2, 20_000_000)] {
        let session = session_h(hour);
        let process = format!("process of {session}");
        let costs = [function("demo::sieve::mark", 23, mark), function("demo::sieve::count", 31, 2_000_000)];
        writer.add_count(&session, &process, Some(mark + 2_000_000), CountFlags::default()).expect("it is kept");
        writer.add_costs(&session, &process, &costs).expect("they are kept");
    }
    writer.close(true).expect("the file can be closed");
    fixture
}

#[test]
fn every_command_that_names_a_regression_names_its_first_reason() {
    let fixture = counted();
    let compared = fixture.run(&["compare", "latest~1", "latest", "--format", "json"]).succeeded();
    assert!(compared.stdout.contains(REASON), "{}", compared.stdout);
    for format in ["json", "markdown"] {
        let gated = fixture.run(&["gate", "--baseline", "latest~1", "--format", format]);
        assert_eq!(gated.code, Some(5), "{}{}", gated.stdout, gated.stderr);
        // Markdown escapes what it would take for its own.
        assert!(gated.stdout.replace('\\', "").replace("<!-- -->", "").contains(REASON), "{format}: {}", gated.stdout);
    }
    let page = fixture.folder().join("report.html");
    let _ = fixture.run(&["report", "--output", &page.to_string_lossy()]).succeeded();
    let page = fs::read_to_string(page).expect("the page can be read");
    assert!(page.contains(REASON), "the report has no {REASON:?}");
}
