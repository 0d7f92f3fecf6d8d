//! The rows of a test, from its item and its measurement.

use monitor_store::{CountFlags, Kind, Measures, MemSource, Metric, ProfileKey};

use super::variant::variant;
use crate::item::{Item, Parameter};
use crate::measure::measurement::{Coverage, Measurement};

/// The item's name with its parameters; with their names too if they are to be `explicit`.
pub(crate) fn item_variant(item: &Item, parameters: &[Parameter], explicit: bool) -> String {
    let is_case = item.function != item.name || !parameters.is_empty();
    let case = if is_case { case_name(item) } else { item.name.to_owned() };
    variant(item.name, parameters, explicit, &case)
}

/// What the figure of memory is of.
pub(super) fn mem_source(measurement: &Measurement) -> Option<MemSource> {
    match measurement.heap {
        Some(_) => Some(MemSource::Heap),
        None => measurement.resident_growth_bytes.map(|_| MemSource::Rss),
    }
}

/// The row of pytest-monitor's table.
pub(super) fn metric(
    key: &ProfileKey,
    env_h: String,
    item: &Item,
    component: String,
    measurement: &Measurement,
) -> Metric {
    let wall_seconds = measurement.wall.map(|wall| wall.as_secs_f64());
    let split = measurement.usage.split_ns().map(|(user, kernel)| (seconds(user), seconds(kernel)));
    let memory_bytes = match measurement.heap {
        Some(heap) => Some(heap.peak_bytes),
        None => measurement.resident_growth_bytes,
    };
    Metric {
        session_h: key.session_h.clone(),
        env_h,
        item_start_time: key.item_start_time,
        item_path: key.item_path.clone(),
        item: item.name.to_owned(),
        item_variant: key.item_variant.clone(),
        item_fs_loc: item.file.to_owned(),
        kind: Kind::Function,
        component,
        wall_seconds,
        user_seconds: split.map(|(user, _)| user),
        kernel_seconds: split.map(|(_, kernel)| kernel),
        cpu_usage: split
            .zip(wall_seconds.filter(|total| *total > 0.0))
            .map(|((user, kernel), total)| (user + kernel) / total),
        #[expect(clippy::cast_precision_loss, reason = "exact below 8 PiB")]
        memory_mib: memory_bytes.map(|bytes| bytes as f64 / (1024.0 * 1024.0)),
    }
}

/// What our own table has beside it.
pub(super) fn measures(m: &Measurement, concurrency: u64) -> Measures {
    Measures {
        heap_peak_bytes: m.heap.map(|heap| heap.peak_bytes),
        heap_allocated_bytes: m.heap.map(|heap| heap.allocated_bytes),
        allocations: m.heap.map(|heap| heap.allocations),
        heap_retained_bytes: m.heap.map(|heap| heap.retained_bytes),
        rss_peak_bytes: m.resident_growth_bytes.filter(|_| m.coverage == Coverage::Process),
        minor_faults: m.usage.minor_faults,
        major_faults: m.usage.major_faults,
        voluntary_switches: m.usage.voluntary_switches,
        involuntary_switches: m.usage.involuntary_switches,
        read_bytes: m.usage.read_bytes,
        write_bytes: m.usage.write_bytes,
        child_user_seconds: m.children.map(|children| seconds(children.user_ns)),
        child_kernel_seconds: m.children.map(|children| seconds(children.kernel_ns)),
        threads: m.threads,
        concurrency: Some(concurrency),
        child_rss_peak_bytes: m.largest_child_bytes,
        instructions: m.instructions,
        count_flags: m.count_flags.map(CountFlags::bits),
    }
}

/// What the harness's name of the test has behind the item's: `case_1`, with value lists `case_1::number_1_10`.
fn case_name(item: &Item) -> String {
    let thread = std::thread::current();
    let name = thread.name().filter(|name| *name != "main").unwrap_or(item.function);
    let parts: Vec<&str> = name.split("::").collect();
    let behind = parts.iter().rposition(|part| *part == item.name).filter(|at| at + 1 < parts.len());
    parts[behind.map_or(parts.len() - 1, |at| at + 1)..].join("::")
}

#[expect(clippy::cast_precision_loss, reason = "exact below 104 days")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}
