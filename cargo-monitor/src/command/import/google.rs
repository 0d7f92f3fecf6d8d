//! google-benchmark: `--benchmark_out=FILE --benchmark_out_format=json`.

use anyhow::Context as _;
use monitor_store::hash_hex;
use serde_json::Value;

use super::json;
use super::report::{Machine, Report, Timed};
use super::unit;

/// What google-benchmark itself writes of a run; other numbers are the benchmark's own counters.
const KNOWN: [&str; 11] = [
    "bytes_per_second",
    "cpu_time",
    "family_index",
    "items_per_second",
    "iterations",
    "per_family_instance_index",
    "real_time",
    "repetition_index",
    "repetitions",
    "threads",
    "label",
];

/// Each repetition is a row; their mean, where the repetitions themselves are not in the file.
pub(super) fn read(text: &str) -> anyhow::Result<Report> {
    let data: Value = json::read(text)?;
    let runs = data["benchmarks"].as_array().context("it has no `benchmarks`")?;
    let context = &data["context"];
    let word = |name: &str| context[name].as_str().unwrap_or_default().to_owned();
    let program = word("executable").rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let mut report = Report {
        identity: hash_hex([text]),
        run_date: word("date").parse().ok(),
        machine: Machine {
            host: word("host_name"),
            cpu_count: context["num_cpus"].as_u64().and_then(|count| count.try_into().ok()).unwrap_or(0),
            cpu_mhz: context["mhz_per_cpu"].as_f64().unwrap_or(0.0),
            // That of the library is the nearest to a profile that the file tells.
            toolchain: format!("google-benchmark {}", word("library_build_type")).trim_end().to_owned(),
            ..Machine::default()
        },
        ..Report::default()
    };
    let is_aggregate = |run: &Value| run["run_type"].as_str() == Some("aggregate");
    let name_of = |run: &Value| run["run_name"].as_str().or(run["name"].as_str()).unwrap_or_default().to_owned();
    for run in runs {
        let name = name_of(run);
        let is_single = !is_aggregate(run);
        let has_singles = || runs.iter().any(|other| !is_aggregate(other) && name_of(other) == name);
        // Deviations, fits and the like are about the values, and none themselves.
        if !is_single && (run["aggregate_name"].as_str() != Some("mean") || has_singles()) {
            continue;
        }
        if run["error_occurred"].as_bool() == Some(true) {
            report.left_out.add(name, "failed");
            continue;
        }
        if run["skipped"].as_bool() == Some(true) {
            report.left_out.add(name, "not run");
            continue;
        }
        let unit = run["time_unit"].as_str().unwrap_or("ns");
        let time = |key: &str| unit::seconds(run[key].as_f64()?, unit);
        let Some(seconds) = time("real_time") else {
            report.left_out.add(name, json::no_time(&run["real_time"]));
            continue;
        };
        for (counter, _) in run.as_object().into_iter().flatten().filter(|(_, value)| value.is_number()) {
            if is_single && !KNOWN.contains(&counter.as_str()) {
                report.left_out.add(format!("{name}: {counter}"), "a metric of the benchmark's own");
            }
        }
        report.tests.push(Timed {
            package: program.clone(),
            binary: program.clone(),
            item: name.split('/').next().unwrap_or(&name).to_owned(),
            cpu_usage: time("cpu_time").map(|cpu| cpu / seconds),
            ..Timed::new(program.clone(), &name, seconds)
        });
    }
    Ok(report)
}
