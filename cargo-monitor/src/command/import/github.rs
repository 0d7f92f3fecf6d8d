//! github-action-benchmark: `data.js`, a script that sets `window.BENCHMARK_DATA`.

use anyhow::Context as _;
use monitor_store::Timestamp;
use serde_json::Value;

use super::go;
use super::json;
use super::report::{Report, Timed};
use super::unit;

/// Each entry as a run.
pub(super) fn read(text: &str) -> anyhow::Result<Vec<Report>> {
    let json = &text[text.find('{').context("it has no JSON object")?..];
    let json = json.trim_end().trim_end_matches(';');
    let data: Value = json::read(json).context("after BENCHMARK_DATA")?;
    let suites = data["entries"].as_object().context("it has no `entries`")?;
    let mut reports = Vec::new();
    for (suite, entries) in suites {
        for entry in entries.as_array().into_iter().flatten() {
            let commit = entry["commit"]["id"].as_str().unwrap_or_default();
            let millis = entry["date"].as_i64().with_context(|| format!("an entry of `{suite}` has no date"))?;
            let mut report = Report {
                identity: format!("{suite}\n{commit}\n{millis}"),
                run_date: Some(Timestamp::from_micros(millis.saturating_mul(1000))),
                commit: commit.to_owned(),
                ..Report::default()
            };
            for bench in entry["benches"].as_array().into_iter().flatten() {
                add(&mut report, suite, entry["tool"].as_str().unwrap_or_default(), bench);
            }
            reports.push(report);
        }
    }
    Ok(reports)
}

fn add(report: &mut Report, suite: &str, tool: &str, bench: &Value) {
    let (name, unit) = (bench["name"].as_str().unwrap_or_default(), bench["unit"].as_str().unwrap_or_default());
    let Some(value) = bench["value"].as_f64() else {
        report.left_out.add(name, json::no_time(&bench["value"]));
        return;
    };
    // Of Go it has `BenchmarkX` with the time, and `BenchmarkX - ns/op`, `BenchmarkX - B/op` beside it.
    let of_another = name.rsplit_once(" - ").filter(|(_, metric)| tool == "go" && unit.starts_with(metric));
    let known = of_another.and_then(|(of, _)| report.tests.iter_mut().find(|test| test.variant == of));
    if let Some(test) = known
        && (unit == "ns/op" || unit == "MB/s" || go::measure(&mut test.measures, value, unit))
    {
        return;
    }
    // Older ones have the whole line of Go in the unit.
    let (first, rest) = unit.split_once('\t').unwrap_or((unit, ""));
    match unit::seconds(value, first) {
        None => report.left_out.add(name, format!("`{unit}` is not a unit of time")),
        Some(seconds) => {
            let mut test = Timed {
                package: suite.to_owned(),
                binary: tool.to_owned(),
                start: report.run_date.map(|date| date.after_micros(i64::try_from(report.tests.len()).unwrap_or(0))),
                ..Timed::new(suite, name, seconds)
            };
            for (value, unit) in go::pairs(rest) {
                go::measure(&mut test.measures, value, unit);
            }
            report.tests.push(test);
        }
    }
}
