//! Allocators other than the default: wrapped ones count to the byte, and without a counting one the row says so.
#![forbid(unsafe_code)]

use monitor_tests::Project;
use monitor_tests::heap::{MIB, assert_heap_is_exact, assert_threads_even_out, fillings};

/// A package without the runtime's own allocator, with this at the top of its library.
fn package(name: &str, dependency: &str, allocator: &str) -> Project {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dev-dependencies]\n{dependency}\n\
         monitor-runtime = {{ package = \"monitor-core\", path = \"{{{{repo}}}}/monitor-core\" }}\n"
    );
    let lib = format!("{allocator}\n\n#[cfg(test)]\nmod heap;\n");
    Project::new(&[
        ("Cargo.toml", &manifest),
        ("src/lib.rs", &lib),
        ("src/heap.rs", include_str!("../fixtures/heap.rs")),
    ])
}

fn wrapped(allocator: &str) -> String {
    format!(
        "#[cfg(test)]\n#[global_allocator]\n\
         static ALLOCATOR: monitor_runtime::Allocator<{allocator}> = monitor_runtime::Allocator::new({allocator});"
    )
}

fn assert_exact(project: &Project) {
    for threads in ["--test-threads=3", "--test-threads=1"] {
        let _ = project.test(&["--lib", "--", threads]);
        let database = project.database();
        assert_eq!(database.column("select distinct memory_source from TESTS"), ["heap"]);
        assert_heap_is_exact(&database, threads);
        assert_threads_even_out(&database, threads);
        std::fs::remove_file(project.path(".pymon")).expect("the file can be removed");
    }
}

#[test]
fn mimalloc_inside_counts_to_the_byte() {
    assert_exact(&package("allocators-mimalloc", "mimalloc = \"0.1\"", &wrapped("mimalloc::MiMalloc")));
}

#[test]
fn jemalloc_inside_counts_to_the_byte() {
    let allocator = wrapped("tikv_jemallocator::Jemalloc");
    assert_exact(&package("allocators-jemalloc", "tikv-jemallocator = \"0.6\"", &allocator));
}

#[test]
fn without_a_counting_allocator_the_resident_peak_stands_in() {
    let project = package("allocators-none", "", "");
    let _ = project.test(&["--lib", "--", "--test-threads=1"]);
    let database = project.database();
    let heap = "coalesce(heap_peak_bytes, heap_allocated_bytes, allocations, heap_retained_bytes)";
    assert_eq!(database.column(&format!("select distinct {heap} from TESTS")), ["NULL"]);
    assert_eq!(database.column("select distinct memory_source from TESTS"), ["rss"]);
    assert_eq!(database.value("select ALLOCATION_COST_NS from PROCESSES"), "NULL");
    for (path, item, mebibytes) in fillings() {
        let of = |column: &str| {
            database.number(&format!("select {column} from TESTS where path like '%{path}' and item = '{item}'"))
        };
        // The kernel sums its per-processor counts of pages now and then only.
        let off = of("memory_mib") - mebibytes as f64;
        assert!((-1.0..3.0).contains(&off), "{path}::{item}: off by {off} MiB of resident growth");
        assert_eq!(of("rss_peak_bytes / 1048576.0"), of("memory_mib"), "both are the resident peak's growth");
    }
    std::fs::remove_file(project.path(".pymon")).expect("the file can be removed");

    let _ = project.test(&["--lib", "--", "--test-threads=3"]);
    let database = project.database();
    assert_eq!(database.column("select distinct rss_peak_bytes from TESTS"), ["NULL"], "the process is shared");
    assert_eq!(database.column("select distinct memory_source from TESTS"), ["rss"]);
}

#[test]
fn an_allocator_that_is_not_wrapped_is_noticed() {
    let unwrapped = "#[cfg(test)]\n#[global_allocator]\nstatic ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;";
    let project = package("allocators-unwrapped", "mimalloc = \"0.1\"", unwrapped);
    // Alone: mimalloc keeps the pages that tests before have filled.
    let _ = project.test(&["--lib", "order_200_100_0::first", "--", "--test-threads=1"]);
    let database = project.database();
    assert_eq!(database.value("select memory_source from TESTS"), "rss");
    assert_eq!(database.value("select heap_peak_bytes from TESTS"), "NULL");
    let grown = database.number("select rss_peak_bytes from TESTS") / MIB as f64;
    assert!((199.0..210.0).contains(&grown), "{grown} MiB of resident growth for 200 filled");
}
