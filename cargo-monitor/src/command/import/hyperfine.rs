//! hyperfine: `--export-json FILE`.

use anyhow::Context as _;
use monitor_store::{Outcome, hash_hex};
use serde_json::Value;

use super::json;
use super::report::{Report, Timed};

/// Each command is a row, with its mean times and the largest resident peak of its runs.
pub(super) fn read(text: &str) -> anyhow::Result<Report> {
    let data: Value = json::read(text)?;
    let results = data["results"].as_array().context("it has no `results`")?;
    let mut report = Report { identity: hash_hex([text]), ..Report::default() };
    for result in results {
        let command = result["command"].as_str().unwrap_or_default();
        let Some(mean) = result["mean"].as_f64() else {
            report.left_out.add(command, json::no_time(&result["mean"]));
            continue;
        };
        // `--command-name` gives one name to every value of the parameters.
        let is_shared = results.iter().filter(|other| other["command"] == result["command"]).count() > 1;
        let parameters = if is_shared { json::parameters(&result["parameters"], None) } else { String::new() };
        let name = format!("{command}{parameters}");
        let list = |key: &str| result[key].as_array().into_iter().flatten();
        let cpu = result["user"].as_f64().zip(result["system"].as_f64());
        let mut test = Timed { binary: "hyperfine".to_owned(), cpu, ..Timed::new("", &name, mean) };
        test.measures.rss_peak_bytes = list("memory_usage_byte").filter_map(Value::as_u64).max();
        if list("exit_codes").any(|code| code.as_i64() != Some(0)) {
            test.outcome = Outcome::Failed;
        }
        report.tests.push(test);
    }
    Ok(report)
}
