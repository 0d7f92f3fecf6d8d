//! The metrics of a recorded test, as analyses take them.

use monitor_analysis::metric::Metric;
use monitor_store::{Outcome, Test};

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
