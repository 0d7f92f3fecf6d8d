//! JUnit XML, as nextest, Surefire, Gradle, pytest, GoogleTest, Jest, Eclipse and others write it.

use std::collections::HashMap;

use anyhow::{Context as _, ensure};
use monitor_store::{Outcome, Timestamp, hash_hex};

use super::decimal::Decimals;
use super::report::{LeftOut, Report, Timed};
use super::xml::Element;

/// Roots of a report.
const ROOTS: [&str; 3] = ["testsuites", "testsuite", "testrun"];

/// Words of `status` and `result`, and children, of a test that did not run or did not end.
const NOT_RUN: [&str; 9] =
    ["notrun", "not_run", "disabled", "ignored", "skipped", "skip", "suppressed", "pending", "incomplete"];

/// Children that are the failed attempts before the one that passed (Surefire, nextest).
const EARLIER: [&str; 2] = ["flakyFailure", "flakyError"];

/// Children that are the attempts after the first, which failed as it did (Surefire, nextest).
const LATER: [&str; 2] = ["rerunFailure", "rerunError"];

/// A report.
pub(super) fn read(text: &str) -> anyhow::Result<Report> {
    let root = Element::parse(text).context("it is not XML")?;
    ensure!(ROOTS.contains(&root.name.as_str()), "it is XML, but no JUnit report");
    let all = root.all();
    let cases = || all.iter().filter(|element| element.name == "testcase");
    let mut reading = Reading {
        decimals: Decimals::of(cases().filter_map(|case| case.attribute("time"))),
        is_rust: is_rust(&root, &all),
        tests: Vec::new(),
        left_out: LeftOut::default(),
    };
    let _ = reading.suite(&root, &mut Vec::new(), None);
    let suites = all.iter().filter(|element| ROOTS.contains(&element.name.as_str()));
    let starts = || reading.tests.iter().filter_map(|test| test.start);
    Ok(Report {
        identity: root.text("uuid").map_or_else(|| hash_hex([text]), str::to_owned),
        run_date: time(&root).or_else(|| suites.filter_map(|suite| time(suite)).chain(starts()).min()),
        left_out: reading.left_out,
        tests: with_attempts(reading.tests),
        ..Report::default()
    })
}

/// Nextest, or another of Rust's runners: names of modules in the tests' names, and the binary as their class.
fn is_rust(root: &Element, all: &[&Element]) -> bool {
    let is_identifier = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_') && !part.starts_with(char::is_numeric)
    };
    let is_module = |name: &str| {
        !name.contains(char::is_whitespace)
            && name.rsplit_once("::").is_some_and(|(path, _)| path.split("::").all(is_identifier))
    };
    let is_binary = |suite: &Element, case: &Element| {
        suite.attribute("name") == case.attribute("classname").or(suite.attribute("name"))
    };
    let has_modules = |suite: &&&Element| {
        let cases = || suite.children.iter().filter(|child| child.name == "testcase");
        cases().any(|case| is_binary(suite, case) && is_module(case.attribute("name").unwrap_or_default()))
    };
    let is_nextest = root.attribute("uuid").is_some() && root.attribute("name").is_some();
    is_nextest || all.iter().filter(|element| element.name == "testsuite").any(|suite| has_modules(&suite))
}

fn time(element: &Element) -> Option<Timestamp> {
    element.text("timestamp")?.parse().ok()
}

struct Reading {
    decimals: Decimals,
    is_rust: bool,
    tests: Vec<Timed>,
    left_out: LeftOut,
}

impl Reading {
    /// Takes the tests of a suite and of those in it, and tells when the next one starts, if that is known.
    fn suite<'a>(
        &mut self,
        suite: &'a Element,
        above: &mut Vec<&'a Element>,
        start: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let mut start = time(suite).or(start);
        above.push(suite);
        let repeated = repeated(suite);
        for (index, child) in suite.children.iter().enumerate() {
            match child.name.as_str() {
                "testsuite" => {
                    let end = self.suite(child, above, start);
                    if time(child).is_none() {
                        start = end;
                    }
                }
                "testcase" => {
                    let failed = repeated.contains(&index);
                    if let Some(seconds) = self.case(child, above, start, failed) {
                        // Reports without a time for each test: one after the other.
                        start = start.map(|start| start.after_seconds(seconds).after_micros(1));
                    }
                }
                _ => {}
            }
        }
        above.pop();
        start
    }

    /// Takes a test; how long it ran, if it did.
    fn case(&mut self, case: &Element, suites: &[&Element], start: Option<Timestamp>, failed: bool) -> Option<f64> {
        let name = case.attribute("name").unwrap_or_default();
        if let Some(reason) = not_run(case) {
            self.left_out.add(full_name(case, suites), reason);
            return None;
        }
        let written = case.attribute("time").unwrap_or_default();
        let seconds = match self.decimals.seconds(written) {
            Some(seconds) => seconds,
            None if written.trim().is_empty() => {
                self.left_out.add(full_name(case, suites), "without a time");
                return None;
            }
            None => {
                self.left_out.add(full_name(case, suites), format!("`{written}` is not a time"));
                return None;
            }
        };
        let says_failed =
            case.text("status").is_some_and(|status| ["failed", "error"].contains(&&*status.to_lowercase()));
        let is_failed = failed || says_failed || case.has(&["failure", "error"]);
        let main = Timed {
            start: time(case).or(start),
            outcome: if is_failed { Outcome::Failed } else { Outcome::Passed },
            ..self.named(case, suites, name, seconds)
        };
        let earlier = self.attempts(case, suites, &main, &EARLIER);
        let later = self.attempts(case, suites, &main, &LATER);
        self.tests.extend(earlier);
        self.tests.push(main);
        self.tests.extend(later);
        Some(seconds)
    }

    /// The attempts among a test's children.
    fn attempts(&mut self, case: &Element, suites: &[&Element], main: &Timed, names: &[&str]) -> Vec<Timed> {
        let mut attempts = Vec::new();
        for child in case.children.iter().filter(|child| names.contains(&child.name.as_str())) {
            match child.attribute("time").and_then(|time| self.decimals.seconds(time)) {
                None => self.left_out.add(full_name(case, suites), "an attempt without a time"),
                Some(seconds) => attempts.push(Timed {
                    start: time(child).or(main.start),
                    seconds,
                    outcome: Outcome::Failed,
                    ..main.clone()
                }),
            }
        }
        attempts
    }

    /// Rust's runners name the binary as the class and the test with its modules; others a class and a name in it.
    fn named(&self, case: &Element, suites: &[&Element], name: &str, seconds: f64) -> Timed {
        let class = case.text("classname").map_or_else(|| within(suites), str::to_owned);
        if !self.is_rust {
            let package = suites.iter().rev().find_map(|suite| suite.text("name")).unwrap_or_default().to_owned();
            return Timed { package, ..Timed::new(class, name, seconds) };
        }
        let package = class.split("::").next().unwrap_or(&class).to_owned();
        let root = class.rsplit(['/', ':']).next().unwrap_or(&class).replace('-', "_");
        let test = match name.rsplit_once("::") {
            Some((module, name)) => Timed::new(format!("{root}::{module}"), name, seconds),
            None => Timed::new(root, name, seconds),
        };
        Timed { package, binary: class, ..test }
    }
}

/// Why a test has no time of its own.
fn not_run(case: &Element) -> Option<&'static str> {
    let is = |word: &str| NOT_RUN.contains(&&*word.to_lowercase());
    let says =
        |attribute: &str, expected: &str| case.text(attribute).is_some_and(|text| text.eq_ignore_ascii_case(expected));
    if case.has(&["skipped", "ignored", "disabled"])
        || ["status", "result"].iter().any(|it| case.text(it).is_some_and(is))
    {
        Some("not run")
    } else if says("incomplete", "true") || says("executed", "false") {
        Some("not run to its end")
    } else {
        None
    }
}

/// The names of the suites that a test is in, each once.
fn within(suites: &[&Element]) -> String {
    let mut names: Vec<&str> =
        suites.iter().filter(|suite| suite.name == "testsuite").filter_map(|suite| suite.text("name")).collect();
    names.dedup();
    names.join("::")
}

fn full_name(case: &Element, suites: &[&Element]) -> String {
    let class = case.text("classname").map_or_else(|| within(suites), str::to_owned);
    let name = case.attribute("name").unwrap_or_default();
    if class.is_empty() { name.to_owned() } else { format!("{class}::{name}") }
}

/// The attempts that pytest-rerunfailures repeated: they look as if they had passed, and `tests` does not count them.
fn repeated(suite: &Element) -> Vec<usize> {
    let cases = || suite.children.iter().enumerate().filter(|(_, child)| child.name == "testcase");
    let counted = suite.text("tests").and_then(|tests| tests.parse::<usize>().ok());
    if suite.attribute("name") != Some("pytest") || counted.is_none_or(|counted| counted >= cases().count()) {
        return Vec::new();
    }
    let mut last = HashMap::new();
    for (index, case) in cases() {
        last.insert((case.attribute("classname"), case.attribute("name")), index);
    }
    let is_last =
        |index, case: &Element| last.get(&(case.attribute("classname"), case.attribute("name"))) == Some(&index);
    cases().filter(|(index, case)| !is_last(*index, case)).map(|(index, _)| index).collect()
}

/// A test that comes again after it failed is its next attempt.
fn with_attempts(mut tests: Vec<Timed>) -> Vec<Timed> {
    let mut failed: HashMap<(String, String, String), u32> = HashMap::new();
    for test in &mut tests {
        let failures = failed.entry((test.binary.clone(), test.path.clone(), test.variant.clone())).or_default();
        test.attempt = *failures + 1;
        *failures += u32::from(test.outcome == Outcome::Failed);
    }
    tests
}
