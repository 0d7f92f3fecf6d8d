//! Thresholds and waivers as a user writes them.

use std::str::FromStr;

use monitor_analysis::metric::Metric;
use monitor_analysis::quantity::Unit;
use monitor_analysis::thresholds::Thresholds;
use monitor_store::{TestId, Timestamp};

use super::pattern::Pattern;
use crate::amount::{amount, number};
use crate::measure::{self, METRICS};

/// Why a rule is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Not a metric.
    #[error("`{0}` is not a metric: write one of {names}, or * in a waiver", names = names())]
    Metric(String),
    /// Not of the form.
    #[error(
        "`{0}` is not a threshold: write METRIC=LIMIT or METRIC=LIMIT in TEST, for example `wall-time=20%+5ms in test_prime*`"
    )]
    Threshold(String),
    /// Not a limit of the metric.
    #[error("`{limit}` is not a limit for {metric}: write 20%, an amount such as {example}, both joined by +, or off")]
    Limit {
        /// What the user wrote.
        limit: String,
        /// The metric's name.
        metric: &'static str,
        /// An amount in its unit.
        example: &'static str,
    },
    /// Not of the form.
    #[error(
        "`{0}` is not a waiver: write METRIC in TEST until DATE, for example `heap-peak in test_prime* until 2026-12-31`"
    )]
    Waiver(String),
    /// Not of the form.
    #[error(
        "`{0}` is not an accepted change: write METRIC in TEST since COMMIT, for example `allocations in parse_* since 0123abc`"
    )]
    Accepted(String),
    /// Not a date.
    #[error("`{0}` is not a date: write it as 2026-12-31")]
    Date(String),
}

fn names() -> String {
    METRICS.iter().map(|metric| metric.name()).collect::<Vec<_>>().join(", ")
}

/// How much more a metric of some tests may be: `wall-time=20%+5ms in test_prime*`.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdRule {
    metric: Metric,
    limit: Thresholds,
    tests: Pattern,
}

impl ThresholdRule {
    /// The limit of this metric of this test, if the rule is about it.
    #[must_use]
    pub fn limit(&self, test: &TestId, metric: Metric) -> Option<Thresholds> {
        (self.metric == metric && self.tests.matches(test)).then_some(self.limit)
    }
}

impl FromStr for ThresholdRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (name, rest) = text.split_once('=').ok_or_else(|| RuleError::Threshold(text.to_owned()))?;
        let (limit, tests) = rest.split_once(" in ").unwrap_or((rest, "*"));
        let metric = metric(name)?;
        Ok(Self { metric, limit: parse_limit(metric, limit.trim())?, tests: Pattern(tests.trim().to_owned()) })
    }
}

/// A regression that is accepted until a date: `heap-peak in test_prime* until 2026-12-31`.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiver {
    /// As the user wrote it.
    pub text: String,
    /// Every metric if `None`.
    metric: Option<Metric>,
    tests: Pattern,
    /// The last day, UTC.
    until: String,
}

impl Waiver {
    /// Whether it is about this metric of this test.
    #[must_use]
    pub fn covers(&self, test: &TestId, metric: Option<Metric>) -> bool {
        (self.metric.is_none() || self.metric == metric) && self.tests.matches(test)
    }

    /// Whether its last day is over.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now.to_string()[..self.until.len()] > *self.until
    }
}

impl FromStr for Waiver {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let wrong = || RuleError::Waiver(text.to_owned());
        let (what, until) = text.rsplit_once(" until ").ok_or_else(wrong)?;
        let what = what.split_once(" in ").ok_or_else(wrong)?;
        let until = until.trim();
        if until.len() != 10 || Timestamp::from_str(&format!("{until}T00:00:00")).is_err() {
            return Err(RuleError::Date(until.to_owned()));
        }
        let (metric, tests) = figures(what)?;
        Ok(Self { text: text.to_owned(), metric, tests, until: until.to_owned() })
    }
}

/// The figures that a metric (`*` for all) and a pattern of tests mean.
pub(super) fn figures((name, tests): (&str, &str)) -> Result<(Option<Metric>, Pattern), RuleError> {
    let metric = if name.trim() == "*" { None } else { Some(metric(name)?) };
    Ok((metric, Pattern(tests.trim().to_owned())))
}

fn metric(name: &str) -> Result<Metric, RuleError> {
    measure::metric(name.trim()).ok_or_else(|| RuleError::Metric(name.trim().to_owned()))
}

/// A ratio alone is for any amount, and an amount alone for any ratio.
fn parse_limit(metric: Metric, text: &str) -> Result<Thresholds, RuleError> {
    if text == "off" {
        return Ok(Thresholds { ratio: f64::INFINITY, floor: f64::INFINITY });
    }
    let example = match metric.unit() {
        Unit::Seconds => "5ms",
        Unit::Bytes => "1MiB",
        Unit::Count => "100",
        Unit::Ratio => "0.5",
    };
    let wrong = || RuleError::Limit { limit: text.to_owned(), metric: metric.name(), example };
    let (mut ratio, mut floor) = (None, None);
    for part in text.split('+').map(str::trim) {
        let (place, value) = match part.strip_suffix('%') {
            Some(percent) => (&mut ratio, number(percent).map(|percent| 1.0 + percent / 100.0)),
            None => (&mut floor, amount(metric.unit(), part)),
        };
        let value = value.ok_or_else(wrong)?;
        if place.replace(value).is_some() {
            return Err(wrong());
        }
    }
    Ok(Thresholds { ratio: ratio.unwrap_or(1.0), floor: floor.unwrap_or(0.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(variant: &str) -> TestId {
        TestId { package: "p".into(), binary: "b".into(), path: "a::tests".into(), variant: variant.into() }
    }

    #[test]
    fn thresholds_as_people_write_them() {
        let limit = |text: &str, metric| text.parse::<ThresholdRule>().map(|rule| rule.limit(&test("x[1]"), metric));
        let both = |ratio, floor| Ok(Some(Thresholds { ratio, floor }));
        assert_eq!(limit("wall-time=20%+5ms", Metric::WallTime), both(1.2, 0.005));
        assert_eq!(limit("wall-time = 50% in a::*", Metric::WallTime), both(1.5, 0.0));
        assert_eq!(limit("heap-peak=1.5 MiB in x*", Metric::HeapPeak), both(1.0, 1_572_864.0));
        assert_eq!(limit("allocations=10", Metric::Allocations), both(1.0, 10.0));
        assert_eq!(limit("allocations=off", Metric::Allocations), both(f64::INFINITY, f64::INFINITY));
        assert_eq!(limit("wall-time=20% in other", Metric::WallTime), Ok(None));
        assert_eq!(limit("wall-time=20%", Metric::CpuTime), Ok(None));
    }

    #[test]
    fn mistakes_are_told() {
        let told = |text: &str| text.parse::<ThresholdRule>().expect_err(text).to_string();
        assert!(told("speed=20%").starts_with("`speed` is not a metric: write one of wall-time, "));
        assert!(told("wall-time").contains("is not a threshold"));
        for limit in ["", "20", "-5%", "5 MiB", "20%+30%", "inf%", "1e400%"] {
            assert!(told(&format!("wall-time={limit}")).contains("is not a limit for wall-time"), "{limit}");
        }
        let told = |text: &str| text.parse::<Waiver>().expect_err(text).to_string();
        assert!(told("wall-time in x").contains("is not a waiver"));
        assert!(told("wall-time in x until tomorrow").contains("`tomorrow` is not a date"));
        assert!(told("wall-time in x until 2026-13-01").contains("is not a date"));
    }

    #[test]
    fn a_waiver_ends_with_its_day() {
        let waiver: Waiver = "* in x* until 2026-11-23".parse().expect("a waiver");
        assert!(waiver.covers(&test("x"), Some(Metric::HeapPeak)) && !waiver.covers(&test("y"), None));
        let expired = |now: &str| waiver.has_expired(now.parse().expect("a time"));
        assert!(!expired("2026-11-23T23:59:59.999999") && expired("2026-11-24T00:00:00.000000"));
    }
}
