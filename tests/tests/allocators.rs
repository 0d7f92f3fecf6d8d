//! Allocators other than the default: wrapped ones count to the byte, and without a counting one the row says so.
#![forbid(unsafe_code)]

use monitor_tests::{Database, Project};

const MIB: u64 = 1 << 20;

/// A package without the runtime's own allocator, with this at the top of its library.
fn package(name: &str, dependency: &str, allocator: &str) -> Project {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dev-dependencies]\n{dependency}\n\
         monitor-runtime = {{ path = \"{{{{repo}}}}/monitor-runtime\", default-features = false, features = [\"thread-attribution\"] }}\n"
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

/// Heap peak, allocated, allocations, retained.
fn heap(database: &Database, item: &str) -> [u64; 4] {
    let sql = "select heap_peak_bytes, heap_allocated_bytes, allocations, heap_retained_bytes from TESTS";
    let row = database.rows(&format!("{sql} where item = '{item}'")).remove(0);
    let row = <[String; 4]>::try_from(row).expect("four columns");
    row.map(|figure| figure.parse().expect("the heap is counted"))
}

fn assert_exact(project: &Project) {
    for args in [&["--lib", "--", "--test-threads=3"][..], &["--lib", "--", "--test-threads=1"]] {
        let _ = project.test(args);
        let database = project.database();
        assert_eq!(database.column("select distinct memory_source from TESTS"), ["heap"]);
        for mebibytes in [200, 100] {
            let expected = [mebibytes * MIB, mebibytes * MIB, 1, 0];
            assert_eq!(heap(&database, &format!("memory_{mebibytes}")), expected, "{args:?}");
        }
        assert_eq!(heap(&database, "memory_0"), [0; 4]);
        assert_eq!(heap(&database, "leak_one_mebibyte"), [MIB, MIB, 1, MIB]);
        assert_eq!(heap(&database, "allocation_only"), [3 * MIB + 64, 7 * MIB + 64 + 64_000, 1_005, 64]);
        assert_eq!(heap(&database, "failed_allocations"), [100, 100, 1, 0]);
        assert_eq!(heap(&database, "producer_and_consumer")[3], 0);
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
    let unwrapped = "#[cfg(test)]\n#[global_allocator]\nstatic ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;";
    let projects =
        [package("allocators-none", "", ""), package("allocators-unwrapped", "mimalloc = \"0.1\"", unwrapped)];
    for project in &projects {
        // Each in a new process: allocators keep pages that tests before have filled.
        for item in ["memory_200", "memory_0"] {
            let _ = project.test(&["--lib", item, "--", "--test-threads=1"]);
        }
        let database = project.database();
        let heap = "coalesce(heap_peak_bytes, heap_allocated_bytes, allocations, heap_retained_bytes)";
        assert_eq!(database.column(&format!("select distinct {heap} from TESTS")), ["NULL"]);
        assert_eq!(database.column("select distinct memory_source from TESTS"), ["rss"]);
        let grown = database.number("select memory_mib from TESTS where item = 'memory_200'");
        // The kernel sums its per-processor counts of pages now and then only.
        assert!((199.0..210.0).contains(&grown), "{grown} MiB of growth for 200 MiB filled");
        let nothing = database.number("select memory_mib from TESTS where item = 'memory_0'");
        assert!(nothing < 5.0, "{nothing} MiB of growth for nothing");
        let peak = database.number("select rss_peak_bytes from TESTS where item = 'memory_200'");
        assert_eq!(peak / MIB as f64, grown, "in a process of its own both columns show the resident peak");
        std::fs::remove_file(project.path(".pymon")).expect("the file can be removed");

        let _ = project.test(&["--lib", "--", "--test-threads=3"]);
        let database = project.database();
        assert_eq!(database.column("select distinct rss_peak_bytes from TESTS"), ["NULL"], "the process is shared");
        assert_eq!(database.column("select distinct memory_source from TESTS"), ["rss"]);
    }
}
