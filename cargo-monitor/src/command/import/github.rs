//! github-action-benchmark: `data.js`, a script that sets `window.BENCHMARK_DATA`.

use anyhow::Context as _;
use monitor_store::{Outcome, Timestamp};
use serde_json::Value;

use super::batch::{Batch, Origin, Timed};

/// Each entry as a session, and the number of values that are no times.
pub(super) fn read(text: &str, origin: &Origin<'_>) -> anyhow::Result<(Vec<Batch>, u64)> {
    let json = &text[text.find('{').context("there is no object in it")?..];
    let json = json.trim_end().trim_end_matches(';');
    let data: Value = serde_json::from_str(json).context("what follows BENCHMARK_DATA is no JSON")?;
    let suites = data["entries"].as_object().context("it has no `entries`")?;
    let (mut batches, mut left_out) = (Vec::new(), 0);
    for (suite, entries) in suites {
        for entry in entries.as_array().into_iter().flatten() {
            let commit = entry["commit"]["id"].as_str();
            let millis = entry["date"].as_i64().with_context(|| format!("an entry of `{suite}` has no date"))?;
            let start = Timestamp::from_micros(millis.saturating_mul(1000));
            let mut tests = Vec::new();
            for bench in entry["benches"].as_array().into_iter().flatten() {
                let (Some(name), Some(value)) = (bench["name"].as_str(), bench["value"].as_f64()) else {
                    left_out += 1;
                    continue;
                };
                match seconds(value, bench["unit"].as_str().unwrap_or_default()) {
                    None => left_out += 1,
                    Some(seconds) => tests.push(Timed {
                        package: suite.clone(),
                        binary: entry["tool"].as_str().unwrap_or_default().to_owned(),
                        path: suite.clone(),
                        name: name.to_owned(),
                        start: start.after_micros(i64::try_from(tests.len()).unwrap_or(0)),
                        seconds,
                        outcome: Outcome::Passed,
                    }),
                }
            }
            let identity = format!("{suite}\n{}\n{millis}", commit.unwrap_or_default());
            batches.push(Batch::of_timed("github-action-benchmark", &identity, start, commit, origin, tests));
        }
    }
    Ok((batches, left_out))
}

/// The time that a value stands for; `None` if its unit is none of time.
fn seconds(value: f64, unit: &str) -> Option<f64> {
    let unit = unit.trim().to_lowercase();
    let (unit, per) = unit.split_once('/').map_or((unit.as_str(), ""), |(unit, per)| (unit.trim(), per.trim()));
    if ["iter", "iters", "ops", "op", "runs"].contains(&unit) && ["s", "sec", "second"].contains(&per) {
        return (value > 0.0).then(|| 1.0 / value);
    }
    let per_second = match unit {
        "ns" | "nanoseconds" => 1e9,
        "us" | "µs" | "μs" | "microseconds" => 1e6,
        "ms" | "milliseconds" => 1e3,
        "s" | "sec" | "seconds" => 1.0,
        _ => return None,
    };
    Some(value / per_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_time_are_understood_and_others_left_out() {
        for (value, unit, expected) in [
            (1500.0, "ns/iter", Some(1500.0 / 1e9)),
            (2.0, "ms", Some(0.002)),
            (250.0, "ops/sec", Some(0.004)),
            (3.0, "µs/op", Some(3.0 / 1e6)),
            (12.0, "MiB", None),
            (0.0, "iter/sec", None),
        ] {
            assert_eq!(seconds(value, unit), expected, "{unit}");
        }
    }
}
