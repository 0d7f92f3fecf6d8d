//! The values of a [`Metric`] in the rows of a file.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use monitor_analysis::metric::Metric;
use monitor_analysis::quantity::Unit;
use monitor_store::{
    Amount, Attribution, Figure, Fold, MEASURES, Measure, Metric as Row, Outcome, Resource, Test, TestId,
};

use crate::document::{Cell, Tone, Value};

/// Where a metric's values come from.
enum Source {
    /// The sum of columns of `TEST_METRICS`, which tests of pytest-monitor have too, times a factor.
    Row(&'static [Resource], f64),
    /// The table of measures.
    Measure(&'static Measure),
}

struct Definition {
    metric: Metric,
    /// The column in JSON and CSV, with the unit, as the file's view `TESTS` names it.
    key: &'static str,
    source: Source,
}

/// Every metric, in the order in which they are shown.
static DEFINITIONS: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    const MEBIBYTE: f64 = 1024.0 * 1024.0;
    let rows: [(Metric, &str, &[Resource], f64); 6] = [
        (Metric::WallTime, "wall_seconds", &[Resource::TotalTime], 1.0),
        (Metric::CpuTime, "cpu_seconds", &[Resource::UserTime, Resource::KernelTime], 1.0),
        (Metric::UserTime, "user_seconds", &[Resource::UserTime], 1.0),
        (Metric::KernelTime, "kernel_seconds", &[Resource::KernelTime], 1.0),
        (Metric::CpuUsage, "cpu_usage", &[Resource::Cpu], 1.0),
        (Metric::Memory, "memory_bytes", &[Resource::Memory], MEBIBYTE),
    ];
    let rows =
        rows.map(|(metric, key, columns, factor)| Definition { metric, key, source: Source::Row(columns, factor) });
    rows.into_iter()
        .chain(MEASURES.iter().filter(|measure| !matches!(measure.fold, Fold::Tests | Fold::Set)).map(definition))
        .collect()
});

/// Every metric, in the order in which they are shown.
pub static METRICS: LazyLock<Vec<Metric>> = LazyLock::new(|| DEFINITIONS.iter().map(|it| it.metric).collect());

fn definition(measure: &'static Measure) -> Definition {
    let unit = match measure.unit {
        monitor_store::Unit::Seconds => Unit::Seconds,
        monitor_store::Unit::Bytes => Unit::Bytes,
        monitor_store::Unit::Count => Unit::Count,
    };
    // Made once for each measure, for as long as the process lives.
    let name: &'static str = measure.name.replace('_', "-").leak();
    let metric = Metric::new(name, measure.title, unit, measure.is_exact);
    Definition { metric, key: measure.key, source: Source::Measure(measure) }
}

fn definition_of(metric: Metric) -> &'static Definition {
    DEFINITIONS.iter().find(|it| it.metric == metric).expect("a metric is one of METRICS")
}

/// The metric of this name, `heap-peak`.
#[must_use]
pub fn metric(name: &str) -> Option<Metric> {
    METRICS.iter().copied().find(|metric| metric.name() == name)
}

/// The value of a metric in its base unit; `None` if the test did not end or it could not be measured.
///
/// A test of pytest-monitor has only what `TEST_METRICS` holds.
///
/// # Panics
///
/// If the metric is not one of [`METRICS`].
#[must_use]
pub fn value(test: &Test, metric: Metric) -> Option<f64> {
    match definition_of(metric).source {
        Source::Row(columns, factor) => {
            let row = test.metric.as_ref()?;
            let sum: Option<f64> = columns.iter().map(|column| of_row(row, *column)).sum();
            sum.map(|sum| sum * factor)
        }
        Source::Measure(measure) => measure.of(&test.profile.as_ref()?.measures).map(Amount::as_f64),
    }
}

fn of_row(row: &Row, column: Resource) -> Option<f64> {
    match column {
        Resource::Memory => row.memory_mib,
        Resource::Cpu => row.cpu_usage,
        Resource::TotalTime => row.wall_seconds,
        Resource::UserTime => row.user_seconds,
        Resource::KernelTime => row.kernel_seconds,
    }
}

/// The figure that a source has to read for a metric, and the factor that converts it to the metric's unit.
///
/// # Panics
///
/// If the metric is not one of [`METRICS`].
#[must_use]
pub fn figure(metric: Metric) -> (Figure, f64) {
    match definition_of(metric).source {
        Source::Row(columns, factor) => (Figure::Sum(columns), factor),
        Source::Measure(measure) => (Figure::Measure(measure), 1.0),
    }
}

/// Whether the values of several tests may be added up: true for times, counts and bytes moved, false for peaks.
#[must_use]
pub fn is_additive(metric: Metric) -> bool {
    match definition_of(metric).source {
        Source::Row(..) => metric != Metric::CpuUsage && metric != Metric::Memory,
        Source::Measure(measure) => measure.fold == Fold::Sum,
    }
}

/// Whether only the test's own thread worked for it, so that its counts are the same in every run.
#[must_use]
pub fn is_single_threaded(test: &Test) -> bool {
    test.profile.as_ref().is_some_and(|profile| profile.measures.threads == Some(1))
}

/// Whether the test passed; true for pytest-monitor, which records no other tests. Only such runs are compared.
#[must_use]
pub fn passed(test: &Test) -> bool {
    test.metric.is_some() && test.outcome().is_none_or(|outcome| outcome == Outcome::Passed)
}

/// The column of a metric in JSON and CSV, with the unit, as the file's view `TESTS` names it.
///
/// # Panics
///
/// If the metric is not one of [`METRICS`].
#[must_use]
pub fn key(metric: Metric) -> &'static str {
    definition_of(metric).key
}

/// Whether two tests of different binaries have the same name, so that it alone does not tell which is meant.
pub fn have_namesakes<'a>(tests: impl IntoIterator<Item = &'a TestId>) -> bool {
    let mut binaries: HashMap<(&str, &str), (&str, &str)> = HashMap::new();
    tests.into_iter().any(|test| {
        let binary = (test.package.as_str(), test.binary.as_str());
        *binaries.entry((&test.path, &test.variant)).or_insert(binary) != binary
    })
}

/// Columns that tell tests of one name apart: people see the binary only where they need it.
#[must_use]
pub fn place_columns(tests: &[TestId]) -> [(&'static str, &'static str); 2] {
    [("package", ""), ("binary", if have_namesakes(tests) { "binary" } else { "" })]
}

/// The values of [`place_columns`].
pub fn place(test: &TestId) -> [Cell; 2] {
    [Value::text(&test.package).into(), Value::text(&test.binary).into()]
}

/// Names of tests in charts, no longer than it takes to tell them apart.
#[derive(Debug)]
pub struct Names<'a> {
    /// How many of the tests are called so, with path and without.
    full: HashMap<String, usize>,
    short: HashMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    /// Of these tests; others have no names here.
    #[must_use]
    pub fn of(tests: &'a [TestId]) -> Self {
        let mut names = Self { full: HashMap::new(), short: HashMap::new() };
        for test in tests.iter().collect::<HashSet<_>>() {
            *names.full.entry(full_name(test)).or_default() += 1;
            *names.short.entry(&test.variant).or_default() += 1;
        }
        names
    }

    /// Name with path, and the binary where another's test is called the same.
    #[must_use]
    pub fn full(&self, test: &TestId) -> String {
        let name = full_name(test);
        match self.full.get(&name).is_some_and(|tests| *tests > 1) {
            true if test.package == test.binary => format!("{name} ({})", test.binary),
            true => format!("{name} ({} {})", test.package, test.binary),
            false => name,
        }
    }

    /// Name without its path, if that is enough.
    #[must_use]
    pub fn short(&self, test: &TestId) -> String {
        let is_shared = self.short.get(test.variant.as_str()).is_some_and(|tests| *tests > 1);
        if is_shared { self.full(test) } else { test.variant.clone() }
    }
}

/// A test's value of a metric, for output.
pub fn cell(test: &Test, metric: Metric) -> Value {
    Value::or_missing(value(test, metric), |value| Value::Quantity(metric.quantity(value)))
}

/// As [`name`], from a test's identity.
#[must_use]
pub fn full_name(id: &TestId) -> String {
    joined(&id.path, &id.variant)
}

fn joined(path: &str, variant: &str) -> String {
    if path.is_empty() { variant.to_owned() } else { [path, "::", variant].concat() }
}

/// The name by which people know a test: module path and name with parameters.
#[must_use]
pub fn name(test: &Test) -> String {
    joined(test.path(), test.variant())
}

/// How a test ended; pytest-monitor records those that passed only.
#[must_use]
pub fn outcome(test: &Test) -> Outcome {
    test.outcome().unwrap_or(Outcome::Passed)
}

/// The colour of an outcome.
#[must_use]
pub fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Passed => Tone::Good,
        Outcome::Running => Tone::Doubtful,
        Outcome::Failed | Outcome::OverBudget | Outcome::Crashed => Tone::Bad,
    }
}

/// How a test's numbers were obtained.
#[must_use]
pub fn attribution(test: &Test) -> Option<Attribution> {
    test.profile.as_ref()?.attribution
}

/// The machine class, which two runs must share to be compared; where it is unknown, as in files of pytest-monitor, the
/// execution context.
#[must_use]
pub fn machine(test: &Test) -> Option<&str> {
    test.class_h.as_deref().or_else(|| test.metric.as_ref().map(|metric| metric.env_h.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_that_the_analysis_knows_by_name_are_those_of_the_table() {
        for known in [Metric::HeapPeak, Metric::Allocations, Metric::HeapRetained, Metric::Instructions] {
            assert_eq!(metric(known.name()), Some(known));
        }
    }

    #[test]
    fn names_and_keys_are_distinct() {
        let names: std::collections::BTreeSet<_> = METRICS.iter().map(|metric| metric.name()).collect();
        let keys: std::collections::BTreeSet<_> = METRICS.iter().map(|metric| key(*metric)).collect();
        assert_eq!((names.len(), keys.len()), (METRICS.len(), METRICS.len()));
    }
}
