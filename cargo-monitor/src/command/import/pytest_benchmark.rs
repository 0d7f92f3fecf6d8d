//! pytest-benchmark: `--benchmark-json FILE`, or a file of `.benchmarks`.

use anyhow::Context as _;
use monitor_store::hash_hex;
use serde_json::Value;

use super::json;
use super::report::{Machine, Report, Timed};

/// Each benchmark is a row, with the mean of its rounds.
pub(super) fn read(text: &str) -> anyhow::Result<Report> {
    let data: Value = json::read(text)?;
    let benchmarks = data["benchmarks"].as_array().context("it has no `benchmarks`")?;
    let commit = &data["commit_info"];
    let mut fields = Vec::new();
    for (key, value) in [("git_branch", &commit["branch"]), ("git_dirty", &commit["dirty"])] {
        if let Some(text) = value.as_str().map(str::to_owned).or_else(|| value.as_bool().map(|flag| flag.to_string())) {
            fields.push((key.to_owned(), text));
        }
    }
    let mut report = Report {
        identity: hash_hex([text]),
        run_date: data["datetime"].as_str().and_then(|time| time.parse().ok()),
        commit: commit["id"].as_str().filter(|id| *id != "unversioned").unwrap_or_default().to_owned(),
        fields,
        machine: machine(&data["machine_info"]),
        ..Report::default()
    };
    for benchmark in benchmarks {
        let name = benchmark["name"].as_str().unwrap_or_default();
        let full = benchmark["fullname"].as_str().unwrap_or(name);
        let Some(mean) = benchmark["stats"]["mean"].as_f64() else {
            report.left_out.add(full, json::no_time(&benchmark["stats"]["mean"]));
            continue;
        };
        // `tests/test_cart.py::TestSum::test_sum`, as pytest names it in its JUnit reports.
        let place = full.strip_suffix(name).unwrap_or_default().trim_end_matches("::");
        let path = place.replacen(".py", "", 1).replace('/', ".").replace("::", ".");
        report.tests.push(Timed {
            package: "pytest".to_owned(),
            binary: "pytest-benchmark".to_owned(),
            ..Timed::new(path, name, mean)
        });
    }
    Ok(report)
}

fn machine(info: &Value) -> Machine {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let both = |a: &str, b: &str| [word(&info[a]), word(&info[b])].join(" ").trim().to_owned();
    Machine {
        host: word(&info["node"]),
        cpu: word(&info["cpu"]["brand_raw"]),
        cpu_count: info["cpu"]["count"].as_u64().and_then(|count| count.try_into().ok()).unwrap_or(0),
        architecture: word(&info["machine"]),
        system: both("system", "release"),
        toolchain: both("python_implementation", "python_version"),
        ..Machine::default()
    }
}
