//! JMH, the Java Microbenchmark Harness: `-rf json -rff FILE`.

use anyhow::Context as _;
use monitor_store::hash_hex;
use serde_json::Value;

use super::go;
use super::json;
use super::report::{Report, Timed};
use super::unit;

/// Each benchmark is a row, whatever its mode: a rate is what one operation takes.
pub(super) fn read(text: &str) -> anyhow::Result<Report> {
    let data: Value = json::read(text)?;
    let runs = data.as_array().context("it is not an array")?;
    let mut report = Report { identity: hash_hex([text]), ..Report::default() };
    for run in runs {
        let word = |name: &str| run[name].as_str().unwrap_or_default();
        let (class, method) = word("benchmark").rsplit_once('.').unwrap_or(("", word("benchmark")));
        let (score, unit) = (&run["primaryMetric"]["score"], run["primaryMetric"]["scoreUnit"].as_str());
        let unit = unit.unwrap_or_default();
        let Some(seconds) = score.as_f64().and_then(|score| unit::seconds(score, unit)) else {
            report.left_out.add(word("benchmark"), format!("`{score} {unit}` is not a time"));
            continue;
        };
        let threads = run["threads"].as_u64().filter(|threads| *threads > 1);
        let parameters = json::parameters(&run["params"], threads.map(|threads| format!("threads={threads}")));
        let mut test = Timed {
            package: class.to_owned(),
            binary: format!("jmh {}", word("mode")),
            ..Timed::new(class, &format!("{method}{parameters}"), seconds)
        };
        for (name, metric) in run["secondaryMetrics"].as_object().into_iter().flatten() {
            let unit = metric["scoreUnit"].as_str().unwrap_or_default();
            // Before 1.36 the profiler's metrics have a dot before their names.
            let is_per_operation = name.trim_start_matches('·') == "gc.alloc.rate.norm";
            let value = metric["score"].as_f64().filter(|_| is_per_operation);
            if !value.is_some_and(|value| go::measure(&mut test.measures, value, unit)) {
                report.left_out.add(format!("{}: {name}", word("benchmark")), "a secondary metric");
            }
        }
        let toolchain = ["vmName", "vmVersion"].map(word).join(" ");
        toolchain.trim().clone_into(&mut report.machine.toolchain);
        report.tests.push(test);
    }
    Ok(report)
}
