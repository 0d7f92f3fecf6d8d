//! Allocators other than the default: wrapped ones count to the byte, and without a counting one the row says so.
#![forbid(unsafe_code)]

use monitor_tests::heap::{MIB, assert_heap_is_exact, assert_threads_even_out, fillings};
use monitor_tests::{Project, run};

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

/// Members and files with all kinds of allocators, tested by one `cargo test --workspace`.
fn mixed() -> Project {
    const VECTOR: &str = "assert_eq!(vec![1_u8; 1_000].len(), 1_000);";
    let test = |attribute: &str, name: &str| format!("#[{attribute}]\n#[test]\nfn {name}() {{\n    {VECTOR}\n}}\n");
    let monitored = |name: &str| test("monitor_runtime::monitored", name);
    let global = |kind: &str, value: &str| format!("#[global_allocator]\nstatic ALLOCATOR: {kind} = {value};\n");
    let counted =
        |kind: &str, value: &str| global(kind, value).replace("global_allocator", "monitor_runtime::allocator");
    let wrapped =
        |by: &str, kind: &str| global(&format!("{by}::Allocator<{kind}>"), &format!("{by}::Allocator::new({kind})"));
    let package = |name: &str, dependencies: &str| {
        format!("[package]\nname = \"allocators-{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{dependencies}")
    };
    let plain = "[dev-dependencies]\nmonitor-runtime = { path = \"{{repo}}/monitor-runtime\" }\n";
    let core =
        "[dev-dependencies]\nmonitor-runtime = { package = \"monitor-core\", path = \"{{repo}}/monitor-core\" }\n";
    let files = [
        ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"plain\", \"own\", \"library\"]\n".to_owned()),
        // Most packages. Files and programs of it that have an allocator say that it is to be counted.
        (
            "plain/Cargo.toml",
            package("plain", &format!("{plain}dhat = \"0.3\"\n\n[dependencies]\nmimalloc = \"0.1\"\n")),
        ),
        ("plain/src/lib.rs", format!("#[cfg(test)]\n{}", monitored("plain_library"))),
        ("plain/tests/plain.rs", monitored("plain_file")),
        ("plain/tests/own.rs", global("std::alloc::System", "std::alloc::System") + &test("inline", "not_monitored")),
        (
            "plain/tests/dhat.rs",
            "#![forbid(unsafe_code)]\n".to_owned()
                + &counted("dhat::Alloc", "dhat::Alloc")
                + &monitored("dhat_counted"),
        ),
        (
            "plain/tests/own_type.rs",
            format!("{}{}", counted("Mine", "Mine(0)"), include_str!("../fixtures/own_allocator.rs")),
        ),
        (
            "plain/src/main.rs",
            format!(
                "#[cfg_attr(not(test), global_allocator)]\n#[cfg_attr(test, monitor_runtime::allocator)]\n\
                 static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;\n\nfn main() {{}}\n\n#[cfg(test)]\n{}",
                monitored("mimalloc_of_a_program")
            ),
        ),
        // A package that has an allocator in its tests: each binary says which.
        ("own/Cargo.toml", package("own", &format!("{core}mimalloc = \"0.1\"\ntikv-jemallocator = \"0.6\"\n"))),
        (
            "own/src/lib.rs",
            format!(
                "#[cfg(test)]\n{}#[cfg(test)]\n{}",
                wrapped("monitor_runtime", "mimalloc::MiMalloc"),
                monitored("mimalloc_wrapped")
            ),
        ),
        (
            "own/tests/jemalloc.rs",
            counted("tikv_jemallocator::Jemalloc", "tikv_jemallocator::Jemalloc") + &monitored("jemalloc_counted"),
        ),
        ("own/tests/system.rs", wrapped("monitor_runtime", "std::alloc::System") + &monitored("system_wrapped")),
        ("own/tests/nothing.rs", monitored("nothing_installed")),
        ("own/tests/unwrapped.rs", global("mimalloc::MiMalloc", "mimalloc::MiMalloc") + &monitored("mimalloc_alone")),
        // A library that brings its allocator to whoever uses it.
        ("library/Cargo.toml", package("library", &format!("[dependencies]\nmimalloc = \"0.1\"\n\n{core}"))),
        (
            "library/src/lib.rs",
            global("mimalloc::MiMalloc", "mimalloc::MiMalloc") + "#[cfg(test)]\n" + &monitored("of_a_library"),
        ),
        ("library/tests/outside.rs", format!("use allocators_library as _;\n{}", monitored("beside_a_library"))),
    ];
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    Project::new(&files)
}

#[test]
fn a_workspace_builds_whatever_allocators_its_members_and_files_have() {
    let project = mixed();
    let _ = project.test(&["--workspace", "--tests"]);
    let _ = run(project.cargo(&["run", "--quiet", "--package", "allocators-plain"])).succeeded();
    assert_eq!(
        project.database().rows("select item, memory_source, heap_allocated_bytes from TESTS order by 2, 1"),
        [
            ["dhat_counted", "heap", "1000"],
            ["jemalloc_counted", "heap", "1000"],
            ["mimalloc_of_a_program", "heap", "1000"],
            ["mimalloc_wrapped", "heap", "1000"],
            ["own_type_keeps_its_name", "heap", "1000"],
            ["plain_file", "heap", "1000"],
            ["plain_library", "heap", "1000"],
            ["system_wrapped", "heap", "1000"],
            ["beside_a_library", "rss", "NULL"],
            ["mimalloc_alone", "rss", "NULL"],
            ["nothing_installed", "rss", "NULL"],
            ["of_a_library", "rss", "NULL"],
        ]
    );
}
