//! Budgets: whether a test cost more than its attribute allows.

use std::fmt::Display;
use std::time::Duration;

use crate::item::{Budgets, Item};
use crate::measure::measurement::{Heap, Measurement};

/// One budget that was passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excess {
    option: &'static str,
    measured: String,
    allowed: String,
}

/// Bytes that a test may seem to leak without having done so: `std` keeps a table of the process's threads, and a thread of
/// the test that grew it for one of another test leaves the growth behind.
const THREAD_TABLE_BYTES: u64 = 2048;

/// The budgets that `measurement` is over. A figure that could not be measured is over none.
pub(crate) fn excess(budgets: &Budgets, measurement: &Measurement) -> Vec<Excess> {
    let heap = measurement.heap.as_ref();
    let of_heap = |figure: fn(&Heap) -> u64| heap.map(figure);
    [
        over("max_time", measurement.wall, budgets.max_time, milliseconds),
        over("max_cpu", measurement.cpu(), budgets.max_cpu, milliseconds),
        over("max_heap", of_heap(|heap| heap.peak_bytes), budgets.max_heap, bytes),
        over("max_allocations", of_heap(|heap| heap.allocations), budgets.max_allocations, calls),
        over("max_instructions", measurement.instructions, budgets.max_instructions, instructions),
        over("no_leak", leaked(measurement), budgets.no_leak.then_some(0), bytes),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What is still held, unless it may be the thread table's.
fn leaked(measurement: &Measurement) -> Option<u64> {
    let retained = u64::try_from(measurement.heap.as_ref()?.retained_bytes).unwrap_or(0);
    (measurement.is_heap_exact() || retained > THREAD_TABLE_BYTES).then_some(retained)
}

/// What a test over its budget fails with.
pub(crate) fn message(item: &Item, excess: &[Excess]) -> String {
    let Item { name, file, line, .. } = item;
    let parts: Vec<String> = excess
        .iter()
        .map(|Excess { option, measured, allowed }| format!("{option}: {measured} measured, {allowed} allowed"))
        .collect();
    format!("`{name}` ({file}:{line}) is over budget: {}", parts.join("; "))
}

fn over<T: PartialOrd>(
    option: &'static str,
    measured: Option<T>,
    allowed: Option<T>,
    show: fn(&T) -> String,
) -> Option<Excess> {
    let (measured, allowed) = (measured?, allowed?);
    (measured > allowed).then(|| Excess { option, measured: show(&measured), allowed: show(&allowed) })
}

fn milliseconds(time: &Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

fn bytes(bytes: &u64) -> String {
    let mut text = counted(bytes, "byte");
    #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
    if *bytes >= 1024 * 1024 {
        text.push_str(&format!(" ({:.2} MiB)", *bytes as f64 / (1024.0 * 1024.0)));
    }
    text
}

fn calls(calls: &u64) -> String {
    counted(calls, "allocation")
}

fn instructions(count: &u64) -> String {
    counted(count, "instruction")
}

fn counted(count: &(impl Display + PartialEq<u64>), unit: &str) -> String {
    let plural = if *count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::ShouldPanic;
    use crate::measure::measurement::Coverage;
    use crate::sys::Usage;

    const NONE: Budgets = Budgets {
        max_time: None,
        max_cpu: None,
        max_heap: None,
        max_allocations: None,
        max_instructions: None,
        no_leak: false,
    };

    fn measurement() -> Measurement {
        Measurement {
            coverage: Coverage::Threads,
            wall: Some(Duration::from_micros(312_500)),
            usage: Usage { cpu_ns: Some(100_000_000), ..Usage::ZERO },
            heap: Some(Heap { peak_bytes: 17 << 20, allocated_bytes: 18 << 20, allocations: 3, retained_bytes: 1 }),
            resident_growth_bytes: None,
            children: None,
            largest_child_bytes: None,
            threads: Some(1),
            instructions: Some(1000),
            count_flags: None,
        }
    }

    #[test]
    fn each_budget_is_told_with_its_figures() {
        let budgets = Budgets {
            max_time: Some(Duration::from_millis(250)),
            max_cpu: Some(Duration::from_millis(99)),
            max_heap: Some(16 << 20),
            max_allocations: Some(2),
            max_instructions: Some(999),
            no_leak: true,
        };
        let item = Item {
            name: "prime",
            function: "prime",
            module: "demo::tests",
            file: "src/lib.rs",
            line: 7,
            package: "demo",
            manifest_dir: "",
            options: None,
            bin_name: None,
            is_outside_library: false,
            component: None,
            budgets: NONE,
            isolate: false,
            should_panic: ShouldPanic::No,
            deferred: false,
        };
        assert_eq!(
            message(&item, &excess(&budgets, &measurement())),
            "`prime` (src/lib.rs:7) is over budget: max_time: 312.500 ms measured, 250.000 ms allowed; \
             max_cpu: 100.000 ms measured, 99.000 ms allowed; \
             max_heap: 17825792 bytes (17.00 MiB) measured, 16777216 bytes (16.00 MiB) allowed; \
             max_allocations: 3 allocations measured, 2 allocations allowed; \
             max_instructions: 1000 instructions measured, 999 instructions allowed; \
             no_leak: 1 byte measured, 0 bytes allowed"
        );
    }

    #[test]
    fn what_may_be_the_thread_tables_is_no_leak() {
        let budgets = Budgets { no_leak: true, ..NONE };
        let leaks = |coverage, threads, retained_bytes| {
            let heap = Heap { retained_bytes, ..measurement().heap.expect("it is counted") };
            !excess(&budgets, &Measurement { coverage, threads, heap: Some(heap), ..measurement() }).is_empty()
        };
        assert!(leaks(Coverage::Threads, Some(1), 1), "alone on its thread");
        assert!(leaks(Coverage::Process, Some(9), 1), "alone in the process");
        assert!(!leaks(Coverage::Threads, Some(2), 2048));
        assert!(leaks(Coverage::Threads, Some(2), 2049));
        assert!(!leaks(Coverage::Process, None, 2048), "its threads are not seen");
        assert!(!leaks(Coverage::Threads, Some(1), -1), "more was given back than taken");
    }

    #[test]
    fn the_budget_itself_and_the_unmeasured_are_within() {
        let budgets = Budgets { max_heap: Some(17 << 20), max_allocations: Some(3), ..NONE };
        assert_eq!(excess(&budgets, &measurement()), []);
        let unmeasured = Measurement { heap: None, usage: Usage::default(), ..measurement() };
        let strict = Budgets { max_cpu: Some(Duration::ZERO), no_leak: true, ..NONE };
        assert_eq!(excess(&strict, &unmeasured), []);
    }
}
