//! Times in the units in which tools write them.

/// The time, seconds, that a value stands for: of `ns`, `us/op`, `ms/iter`, or of a rate (`ops/s`, `req/sec`, `ops/ms`,
/// `MB/s`, `Hz`), of which it is what one takes. `None` if the unit is none of time.
pub(super) fn seconds(value: f64, unit: &str) -> Option<f64> {
    let unit = unit.trim().to_lowercase();
    let (unit, per) = match unit.split_once('/').or_else(|| unit.split_once(" per ")) {
        Some((unit, per)) => (unit.trim(), Some(per.trim())),
        None => (unit.as_str(), None),
    };
    let seconds = match (per_second(unit), per.and_then(per_second)) {
        (Some(units), None) => value / units,
        // Powers, shares of a processor.
        (Some(_), Some(_)) => return None,
        (None, Some(units)) => 1.0 / (value * units),
        (None, None) if per.is_none() && PER_SECOND.contains(&unit) => 1.0 / value,
        (None, None) => return None,
    };
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds)
}

/// Rates whose name says by which time.
const PER_SECOND: [&str; 6] = ["hz", "fps", "iops", "qps", "rps", "tps"];

/// How many of a unit of time are a second.
fn per_second(unit: &str) -> Option<f64> {
    Some(match unit {
        "ps" => 1e12,
        "ns" | "nsec" | "nanos" | "nanosecond" | "nanoseconds" => 1e9,
        "us" | "µs" | "μs" | "usec" | "micros" | "microsecond" | "microseconds" => 1e6,
        "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => 1e3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 1.0 / 60.0,
        "h" | "hr" | "hour" | "hours" => 1.0 / 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_time_are_understood_and_others_left_out() {
        for (value, unit, expected) in [
            (1500.0, "ns/iter", Some(0.000_001_5)),
            (2.0, "ms", Some(0.002)),
            (250.0, "ops/sec", Some(0.004)),
            (3.0, "µs/op", Some(0.000_003)),
            (0.5, "ops/ms", Some(0.002)),
            (20.0, "ops/us", Some(5e-8)),
            (4.0, "MB/s", Some(0.25)),
            (50.0, "Hz", Some(0.02)),
            (10.0, "requests per second", Some(0.1)),
            (2.0, "min", Some(120.0)),
            (12.0, "MiB", None),
            (12.0, "B/op", None),
            (0.4, "s/s", None),
            (0.0, "iter/sec", None),
            (-1.0, "ns", None),
            (f64::NAN, "ns", None),
        ] {
            let found = seconds(value, unit);
            let near = |(found, expected): (f64, f64)| (found / expected - 1.0).abs() < 1e-12;
            assert_eq!(found.is_some(), expected.is_some(), "{unit}");
            assert!(found.zip(expected).is_none_or(near), "{unit}: {found:?}");
        }
    }
}
