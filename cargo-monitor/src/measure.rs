//! What the rows of the file say in terms of [`Metric`]: the bridge between store and analysis.

use clap::builder::{PossibleValue, TypedValueParser, ValueParserFactory};
use monitor_analysis::metric::Metric;
use monitor_store::{Attribution, Outcome, Test, TestId};

use crate::output::{Tone, Value};

/// The value of a metric in its base unit; `None` if the test did not end or it could not be measured.
///
/// A test of pytest-monitor has only what `TEST_METRICS` holds.
#[must_use]
pub fn value(test: &Test, metric: Metric) -> Option<f64> {
    let row = test.metric.as_ref();
    let measures = test.profile.as_ref().map(|profile| &profile.measures);
    match metric {
        Metric::WallTime => row.map(|row| row.total_time),
        Metric::CpuTime => row.and_then(|row| Some(row.user_time? + row.kernel_time?)),
        Metric::UserTime => row?.user_time,
        Metric::KernelTime => row?.kernel_time,
        Metric::CpuUsage => row?.cpu_usage,
        Metric::Memory => row?.mem_usage.map(|mebibytes| mebibytes * 1024.0 * 1024.0),
        Metric::HeapPeak => measures?.heap_peak.map(number),
        Metric::HeapAllocated => measures?.heap_allocated.map(number),
        Metric::Allocations => measures?.allocations.map(number),
        Metric::HeapRetained => measures?.heap_retained.map(|bytes| bytes as f64),
        Metric::RssPeak => measures?.rss_peak.map(number),
        Metric::MinorFaults => measures?.minor_faults.map(number),
        Metric::MajorFaults => measures?.major_faults.map(number),
        Metric::VoluntarySwitches => measures?.voluntary_switches.map(number),
        Metric::InvoluntarySwitches => measures?.involuntary_switches.map(number),
        Metric::ReadBytes => measures?.read_bytes.map(number),
        Metric::WriteBytes => measures?.write_bytes.map(number),
        Metric::ChildUserTime => measures?.child_user_time,
        Metric::ChildKernelTime => measures?.child_kernel_time,
        Metric::Threads => measures?.threads.map(number),
    }
}

/// Whether nothing but the test's own thread worked for it, so that its counts are the same in every run.
#[must_use]
pub fn is_single_threaded(test: &Test) -> bool {
    test.profile.as_ref().is_some_and(|profile| profile.measures.threads == Some(1))
}

/// Whether its figures may stand in a baseline: it passed. pytest-monitor records no others.
#[must_use]
pub fn passed(test: &Test) -> bool {
    test.metric.is_some() && test.outcome().is_none_or(|outcome| outcome == Outcome::Passed)
}

fn number(count: u64) -> f64 {
    count as f64
}

/// The column of a metric in JSON and CSV, with the unit, as the file's view `TESTS` names it.
#[must_use]
pub fn key(metric: Metric) -> &'static str {
    match metric {
        Metric::WallTime => "wall_seconds",
        Metric::CpuTime => "cpu_seconds",
        Metric::UserTime => "user_seconds",
        Metric::KernelTime => "kernel_seconds",
        Metric::CpuUsage => "cpu_usage",
        Metric::Memory => "memory_bytes",
        Metric::HeapPeak => "heap_peak_bytes",
        Metric::HeapAllocated => "heap_allocated_bytes",
        Metric::Allocations => "allocations",
        Metric::HeapRetained => "heap_retained_bytes",
        Metric::RssPeak => "rss_peak_bytes",
        Metric::MinorFaults => "minor_faults",
        Metric::MajorFaults => "major_faults",
        Metric::VoluntarySwitches => "voluntary_switches",
        Metric::InvoluntarySwitches => "involuntary_switches",
        Metric::ReadBytes => "read_bytes",
        Metric::WriteBytes => "write_bytes",
        Metric::ChildUserTime => "child_user_seconds",
        Metric::ChildKernelTime => "child_kernel_seconds",
        Metric::Threads => "threads",
    }
}

/// A test's value of a metric, for output.
#[must_use]
pub fn cell(test: &Test, metric: Metric) -> Value {
    Value::or_missing(value(test, metric), |value| Value::Quantity(metric.quantity(value)))
}

/// As [`name`], of a test's identity.
#[must_use]
pub fn full_name(id: &TestId) -> String {
    joined(&id.path, &id.variant)
}

fn joined(path: &str, variant: &str) -> String {
    if path.is_empty() { variant.to_owned() } else { format!("{path}::{variant}") }
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

/// How an outcome looks.
#[must_use]
pub fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Passed => Tone::Good,
        Outcome::Running => Tone::Doubtful,
        Outcome::Failed | Outcome::OverBudget | Outcome::Crashed => Tone::Bad,
    }
}

/// How a test's numbers were won.
#[must_use]
pub fn attribution(test: &Test) -> Option<Attribution> {
    test.profile.as_ref()?.attribution
}

/// What two runs must have in common to be compared: the machine class; where it is unknown, as in files of
/// pytest-monitor, the execution context.
#[must_use]
pub fn machine(test: &Test) -> Option<&str> {
    test.class_h.as_deref().or_else(|| test.metric.as_ref().map(|metric| metric.env_h.as_str()))
}

/// A metric as an argument: its name, `heap-peak`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricArgument(pub Metric);

impl ValueParserFactory for MetricArgument {
    type Parser = MetricParser;

    fn value_parser() -> MetricParser {
        MetricParser
    }
}

/// Parses the name of a metric.
#[derive(Clone, Debug)]
pub struct MetricParser;

impl TypedValueParser for MetricParser {
    type Value = MetricArgument;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<MetricArgument, clap::Error> {
        let names = clap::builder::PossibleValuesParser::new(Metric::ALL.iter().map(|metric| metric.name()));
        let name = names.parse_ref(command, argument, value)?;
        Metric::parse(&name).map(MetricArgument).ok_or_else(|| clap::Error::new(clap::error::ErrorKind::InvalidValue))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Metric::ALL.iter().map(|metric| PossibleValue::new(metric.name()))))
    }
}
