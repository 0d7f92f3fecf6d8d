//! The measuring engine on tests of known cost, in parallel and alone.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use monitor_tests::heap::{assert_heap_is_exact, assert_threads_even_out, heap_of};
use monitor_tests::{Database, Project, manifest, run};

/// CPU that each test's threads burn, ms.
const CPU_MS: &[(&str, f64)] = &[
    ("single_thread", 240.0),
    ("scoped_threads", 240.0),
    ("nested_threads", 240.0),
    ("local_rayon_pool", 240.0),
    ("tokio_above", 240.0),
    ("tokio_below", 240.0),
    ("c_thread", 240.0),
    ("sleeping", 0.0),
];

fn engine(package: &str) -> Project {
    let dependencies = "libc = \"0.2\"\nrayon = \"1\"\ntokio = { version = \"1\", features = [\"full\"] }\n";
    Project::new(&[
        ("Cargo.toml", &manifest(package, dependencies)),
        ("src/lib.rs", include_str!("../fixtures/engine.rs")),
        ("src/heap.rs", include_str!("../fixtures/heap.rs")),
    ])
}

/// What the rows of each item say: CPU in ms, heap peak, allocated, allocations, retained, attribution.
fn costs(database: &Database) -> BTreeMap<String, (f64, [String; 4], String)> {
    let rows = database.rows(
        "select ITEM, (USER_TIME + KERNEL_TIME) * 1000, HEAP_PEAK, HEAP_ALLOCATED, ALLOCATIONS, HEAP_RETAINED, ATTRIBUTION \
         from TEST_METRICS m join TEST_PROFILES p using (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME)",
    );
    rows.into_iter()
        .map(|row| {
            let [item, cpu, peak, allocated, calls, retained, attribution] = row.try_into().expect("seven columns");
            (item, (cpu.parse().expect("CPU time is known"), [peak, allocated, calls, retained], attribution))
        })
        .collect()
}

fn assert_cpu(costs: &BTreeMap<String, (f64, [String; 4], String)>, how: &str) {
    for (item, expected_ms) in CPU_MS {
        let measured_ms = costs[*item].0;
        let tolerance_ms = (expected_ms * 0.03).max(2.0);
        assert!(
            (measured_ms - expected_ms).abs() <= tolerance_ms,
            "{item}, {how}: {measured_ms:.2} ms of CPU measured, its threads burnt {expected_ms} ms"
        );
    }
}

#[test]
fn every_test_reads_its_own_cost_in_parallel_and_alone() {
    let project = engine("engine-parallel");
    let _ = project.test(&["--lib", "--", "--test-threads=8", "--skip", "order_"]);
    let parallel = costs(&project.database());
    assert_cpu(&parallel, "in parallel");
    for (item, (_, _, attribution)) in &parallel {
        // A rayon pool does not wait for its threads. On a busy machine they end after their test, and rows say so.
        assert!(["threads", "shared"].contains(&attribution.as_str()), "{item}: {attribution}");
    }
    std::fs::remove_file(project.path(".pymon")).expect("the file can be removed");

    let _ = project.test(&["--lib", "--", "--test-threads=1", "--skip", "order_"]);
    let alone = costs(&project.database());
    assert_cpu(&alone, "alone");
    for (item, (cpu_ms, heap, attribution)) in &alone {
        assert_eq!(attribution, "process", "{item}");
        if *cpu_ms > 100.0 {
            let ratio = parallel[item].0 / cpu_ms;
            assert!((ratio - 1.0).abs() <= 0.03, "{item}: in parallel {ratio} of the CPU time read alone");
        }
        let single_threaded =
            ["single_thread", "sleeping", "allocation_only", "leak_one_mebibyte", "failed_allocations"];
        if single_threaded.contains(&item.as_str()) || item.starts_with("memory_") {
            assert_eq!(heap, &parallel[item].1, "{item}: heap alone and in parallel");
        }
    }
}

#[test]
fn heap_is_exact_to_the_byte() {
    let project = engine("engine-heap");
    // Few threads at once: std's table of all threads grows with the twelfth, on whichever thread that is.
    for threads in ["--test-threads=3", "--test-threads=1"] {
        let _ = project.test(&["--lib", "heap::", "--", threads]);
        assert_heap_is_exact(&project.database(), threads);
        assert_threads_even_out(&project.database(), threads);
        std::fs::remove_file(project.path(".pymon")).expect("the file can be removed");
    }
}

#[test]
fn what_is_printed_counts_while_it_is_captured() {
    let project = engine("engine-prints");
    let _ = project.test(&["--lib", "heap::prints"]);
    let [.., retained] = heap_of(&project.database(), "heap", "prints");
    assert!((39..=128).contains(&retained), "{retained} bytes in the harness's buffer for 39 printed");
    std::fs::remove_file(project.path(".pymon")).expect("the file can be removed");
    let _ = project.test(&["--lib", "heap::prints", "--", "--nocapture"]);
    assert_eq!(heap_of(&project.database(), "heap", "prints"), [0; 4]);
}

#[test]
fn a_process_of_one_test_at_a_time_is_recognised_however_it_was_asked_for() {
    let project = engine("engine-one-by-one");
    let attributions = |args: &[&str], variable: Option<&str>| {
        let mut command = project.cargo(&[&["test", "--lib", "order_0_100_200"], args].concat());
        if let Some(value) = variable {
            command.env("RUST_TEST_THREADS", value);
        }
        let _ = run(command).succeeded();
        let found = project.database().column("select distinct attribution from TESTS");
        std::fs::remove_file(project.path(".pymon")).expect("the file can be removed");
        found
    };
    assert_eq!(attributions(&["--", "--test-threads=1"], None), ["process"]);
    assert_eq!(attributions(&["--", "--test-threads", "1"], None), ["process"]);
    assert_eq!(attributions(&[], Some("1")), ["process"]);
    assert_eq!(attributions(&["--", "--test-threads=2"], None), ["threads"]);
    assert_eq!(attributions(&[], Some("2")), ["threads"]);
    // The argument comes before the variable.
    assert_eq!(attributions(&["--", "--test-threads=2"], Some("1")), ["threads"]);
}

#[test]
fn each_process_says_what_measuring_costs_in_it() {
    let project = engine("engine-overhead");
    let _ = project.test(&["--lib", "order_0_100_200::first"]);
    let database = project.database();
    let cost = |column: &str| database.number(&format!("select {column} from PROCESSES"));
    // Neither nothing nor more than a very slow machine takes.
    for column in ["CLOCK_COST_NS", "SCOPE_COST_NS"] {
        assert!((1.0..100_000.0).contains(&cost(column)), "{column}: {} ns", cost(column));
    }
    assert!((0.0..10_000.0).contains(&cost("ALLOCATION_COST_NS")), "{} ns", cost("ALLOCATION_COST_NS"));
}
