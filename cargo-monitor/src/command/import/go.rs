//! Go: the output of `go test -bench`, as text or as the JSON lines of `-json`.

use monitor_store::{Measures, hash_hex};
use serde_json::Value;

use super::report::{Report, Timed};

/// The benchmarks of an output. With `-count` each line is a row.
pub(super) fn read(text: &str) -> Report {
    let text = text_of(text);
    let mut report = Report { identity: hash_hex([&text]), ..Report::default() };
    let mut package = String::new();
    let (mut goos, mut arch) = (String::new(), String::new());
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("pkg", value)) => value.trim().clone_into(&mut package),
            Some(("goos", value)) => value.trim().clone_into(&mut goos),
            Some(("goarch", value)) => value.trim().clone_into(&mut arch),
            Some(("cpu", value)) => value.trim().clone_into(&mut report.machine.cpu),
            Some((word, name)) if word.trim_start() == "--- FAIL" && name.starts_with("Benchmark") => {
                report.left_out.add(name.trim(), "failed");
            }
            Some((word, name)) if word.trim_start() == "--- SKIP" && name.starts_with("Benchmark") => {
                report.left_out.add(name.trim(), "not run");
            }
            _ => benchmark(&mut report, &package, line),
        }
    }
    report.machine.system = goos;
    report.machine.architecture = arch;
    report
}

/// Takes a line `BenchmarkName-8  1000  1234 ns/op  56 B/op  3 allocs/op`.
fn benchmark(report: &mut Report, package: &str, line: &str) {
    let mut words = line.split_whitespace();
    let Some(name) = words.next().filter(|name| name.starts_with("Benchmark")) else { return };
    // A line that a test's own output was written into has no count.
    if words.next().is_none_or(|runs| runs.parse::<u64>().is_err()) {
        return;
    }
    let pairs: Vec<(f64, &str)> = pairs_of(words).collect();
    let Some(&(nanoseconds, _)) = pairs.iter().find(|(_, unit)| *unit == "ns/op") else {
        report.left_out.add(name, "without ns/op");
        return;
    };
    let mut test = Timed {
        package: package.to_owned(),
        binary: "go".to_owned(),
        item: item(name).to_owned(),
        ..Timed::new(package, name, nanoseconds / 1e9)
    };
    for (value, unit) in pairs {
        // MB/s is the time again.
        if unit != "ns/op" && unit != "MB/s" && !measure(&mut test.measures, value, unit) {
            report.left_out.add(format!("{name}: {value} {unit}"), "a metric of the benchmark's own");
        }
    }
    report.tests.push(test);
}

/// Sets the measure of a metric of Go; whether it is one that we have.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to integer casts saturate")]
pub(super) fn measure(measures: &mut Measures, value: f64, unit: &str) -> bool {
    match unit {
        "B/op" => measures.heap_allocated_bytes = Some(value.round() as u64),
        "allocs/op" => measures.allocations = Some(value.round() as u64),
        _ => return false,
    }
    true
}

/// The values with their units in a line.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (f64, &str)> {
    pairs_of(text.split_whitespace())
}

fn pairs_of<'a>(mut words: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (f64, &'a str)> {
    std::iter::from_fn(move || Some((words.next()?.parse().ok()?, words.next()?)))
}

/// The function of `BenchmarkJoin/items=1-8`.
fn item(name: &str) -> &str {
    let function = name.split('/').next().unwrap_or(name);
    match function.rsplit_once('-') {
        Some((function, processors)) if processors.bytes().all(|digit| digit.is_ascii_digit()) => function,
        _ => function,
    }
}

/// The output in JSON lines of test2json, package by package, since they may run side by side; text as it is.
fn text_of(text: &str) -> String {
    let Some(events) = text.lines().map(|line| serde_json::from_str::<Value>(line).ok()).collect::<Option<Vec<_>>>()
    else {
        return text.to_owned();
    };
    let mut packages: Vec<(&str, String)> = Vec::new();
    for event in &events {
        let package = event["Package"].as_str().unwrap_or_default();
        let output = event["Output"].as_str().unwrap_or_default();
        match packages.iter_mut().find(|(known, _)| *known == package) {
            Some((_, text)) => text.push_str(output),
            None => packages.push((package, output.to_owned())),
        }
    }
    packages.into_iter().map(|(_, text)| text).collect()
}
