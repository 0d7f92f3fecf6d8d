//! JUnit XML, as nextest, pytest and others write it.

use anyhow::{Context as _, ensure};
use monitor_store::{Outcome, Timestamp, hash_hex};
use roxmltree::{Document, Node};

use super::batch::{Batch, Origin, Timed};

/// A report as a session, and the number of tests that were skipped or have no time.
pub(super) fn read(text: &str, modified: Timestamp, origin: &Origin<'_>) -> anyhow::Result<(Vec<Batch>, u64)> {
    let document = Document::parse(text.trim_start_matches('\u{feff}')).context("it is no XML")?;
    let root = document.root_element();
    ensure!(["testsuites", "testsuite"].contains(&root.tag_name().name()), "it is XML, but no JUnit report");
    let (mut tests, mut left_out) = (Vec::new(), 0);
    for suite in root.descendants().filter(|node| node.has_tag_name("testsuite")) {
        let mut start = time(suite).or_else(|| time(root)).unwrap_or(modified);
        for case in suite.children().filter(|node| node.has_tag_name("testcase")) {
            let has = |name: &str| case.children().any(|child| child.has_tag_name(name));
            let seconds = case.attribute("time").and_then(|time| time.replace(',', "").parse::<f64>().ok());
            let (Some(seconds), false) =
                (seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0), has("skipped"))
            else {
                left_out += 1;
                continue;
            };
            let outcome = if has("failure") || has("error") { Outcome::Failed } else { Outcome::Passed };
            tests.push(timed(case, suite, time(case).unwrap_or(start), seconds, outcome));
            // Reports without a time for each test: one after the other.
            start = start.after_seconds(seconds).after_micros(1);
        }
    }
    let run_date = time(root).or_else(|| tests.iter().map(|test| test.start).min()).unwrap_or(modified);
    let identity = root.attribute("uuid").map_or_else(|| hash_hex([text]), str::to_owned);
    Ok((vec![Batch::of_timed("junit", &identity, run_date, None, origin, tests)], left_out))
}

fn time(node: Node<'_, '_>) -> Option<Timestamp> {
    node.attribute("timestamp")?.parse().ok()
}

/// Nextest names the binary as the class and the test with its modules; others a class and a name in it.
fn timed(case: Node<'_, '_>, suite: Node<'_, '_>, start: Timestamp, seconds: f64, outcome: Outcome) -> Timed {
    let name = case.attribute("name").unwrap_or_default();
    let class = case.attribute("classname").or_else(|| suite.attribute("name")).unwrap_or_default();
    let is_rust = name.contains("::") || suite.attribute("name") == Some(class);
    let (package, binary, path, name) = if is_rust {
        let package = class.split("::").next().unwrap_or(class);
        let root = class.rsplit("::").next().unwrap_or(class).rsplit('/').next().unwrap_or(class).replace('-', "_");
        match name.rsplit_once("::") {
            Some((module, name)) => (package, class, format!("{root}::{module}"), name),
            None => (package, class, root, name),
        }
    } else {
        (suite.attribute("name").unwrap_or_default(), "", class.to_owned(), name)
    };
    Timed {
        package: package.to_owned(),
        binary: binary.to_owned(),
        path,
        name: name.to_owned(),
        start,
        seconds,
        outcome,
    }
}
