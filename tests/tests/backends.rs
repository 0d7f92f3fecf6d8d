//! The backends of other platforms, on Linux: right within their limits, NULL beyond them.
#![forbid(unsafe_code)]

use monitor_tests::heap::{MIB, assert_heap_is_exact, heap_of};
use monitor_tests::{Database, Project, run};

fn project(package: &str, backend: &str) -> Project {
    let manifest = format!(
        "[package]\nname = \"{package}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dev-dependencies]\n\
         libc = \"0.2\"\nrstest = \"0.28\"\ntokio = {{ version = \"1\", features = [\"full\"] }}\nrayon = \"1\"\n\
         monitor-runtime = {{ path = \"{{{{repo}}}}/monitor-runtime\", features = [\"{backend}\"] }}\n"
    );
    let lib = concat!(include_str!("../fixtures/engine.rs"), "\n#[cfg(test)]\nmod isolation;\n");
    Project::new(&[
        ("Cargo.toml", &manifest),
        ("src/lib.rs", lib),
        ("src/heap.rs", include_str!("../fixtures/heap.rs")),
        ("src/isolation.rs", include_str!("../fixtures/isolation.rs")),
    ])
}

/// Columns that need the kernel's own figures, which `portable` never knows.
const NEVER_KNOWN: &str = "coalesce(minor_faults, major_faults, voluntary_switches, involuntary_switches, \
     child_user_seconds, child_kernel_seconds, threads)";

#[test]
fn alone_the_process_figures_are_right_and_the_rest_is_null() {
    let project = project("portable-alone", "portable");
    let _ = project.test(&["--lib", "--", "--test-threads=1", "--skip", "isolation::"]);
    let database = project.database();
    assert_eq!(database.column("select distinct outcome from TESTS"), ["passed"]);
    assert_eq!(database.column("select distinct attribution from TESTS"), ["process"]);
    assert_eq!(database.column(&format!("select distinct {NEVER_KNOWN} from TESTS")), ["NULL"]);
    let number =
        |column: &str, item: &str| database.number(&format!("select {column} from TESTS where item = '{item}'"));
    for item in ["single_thread", "scoped_threads", "nested_threads", "local_rayon_pool", "tokio_above", "c_thread"] {
        // sysinfo tells the CPU time of a process in ticks of 10 ms.
        let cpu = number("(user_seconds + kernel_seconds) * 1000", item);
        assert!((225.0..265.0).contains(&cpu), "{item}: {cpu} ms for 240 burnt");
    }
    assert!(number("wall_seconds", "sleeping") >= 0.24);
    assert!(number("(user_seconds + kernel_seconds) * 1000", "sleeping") <= 10.0);
    assert_heap_is_exact(&database, "alone");
}

#[test]
fn in_parallel_only_the_tests_own_thread_is_known_and_the_row_says_so() {
    let project = project("portable-parallel", "portable");
    let _ = project.test(&["--lib", "--", "--test-threads=8", "--skip", "isolation::"]);
    let database = project.database();
    assert_eq!(database.column("select distinct attribution from TESTS"), ["shared"]);
    assert_eq!(database.column(&format!("select distinct {NEVER_KNOWN} from TESTS")), ["NULL"]);
    // No figure of a single thread is to be had, and the process's would be the neighbours' too.
    assert_eq!(
        database.column("select distinct coalesce(user_seconds, kernel_seconds, cpu_usage) from TESTS"),
        ["NULL"]
    );
    assert_eq!(database.column("select distinct coalesce(read_bytes, write_bytes) from TESTS"), ["NULL"]);
    // The test's own thread allocates all of it.
    assert_eq!(heap_of(&database, "order_200_100_0", "first"), [200 * MIB, 200 * MIB, 1, 0]);
    assert_eq!(heap_of(&database, "heap", "leak_one_mebibyte"), [MIB, MIB, 1, MIB]);
}

#[test]
fn isolation_works_and_a_death_has_no_name() {
    let project = project("portable-isolated", "portable");
    let _ = project.test(&["--lib", "isolation::good::"]);
    assert_eq!(project.database().column("select distinct outcome from TESTS"), ["passed"]);
    assert_eq!(project.database().column("select distinct attribution from TESTS"), ["process"]);
    let failed = run(project.cargo(&["test", "--lib", "isolation::bad::aborts"]));
    assert_eq!(failed.code, Some(101), "{}", failed.stdout);
    assert!(failed.stdout.contains("`aborts` did not come to its end in its own process"), "{}", failed.stdout);
    assert_eq!(project.database().value("select outcome from TESTS where item = 'aborts'"), "crashed");
}

#[test]
fn what_posix_tells_is_right_and_the_rest_is_null() {
    let project = project("unix-backend", "unix");
    let database = |args: &[&str]| {
        let _ = std::fs::remove_file(project.path(".pymon"));
        let _ = project.test(&[&["--lib", "--"], args].concat());
        project.database()
    };
    let cpu_ms = |database: &Database, item: &str| {
        database.number(&format!("select (user_seconds + kernel_seconds) * 1000 from TESTS where item = '{item}'"))
    };
    let unknown = "coalesce(read_bytes, write_bytes, threads)";

    let alone = database(&["--test-threads=1", "--skip", "isolation::"]);
    assert_eq!(alone.column("select distinct outcome from TESTS"), ["passed"]);
    assert_eq!(alone.column("select distinct attribution from TESTS"), ["process"]);
    assert_eq!(alone.column(&format!("select distinct {unknown} from TESTS")), ["NULL"]);
    assert_eq!(
        alone.value(
            "select count(*) from TESTS where minor_faults + major_faults + voluntary_switches + \
                     involuntary_switches + child_user_seconds + child_kernel_seconds is null"
        ),
        "0"
    );
    for item in ["single_thread", "scoped_threads", "nested_threads", "local_rayon_pool", "tokio_above", "c_thread"] {
        let cpu = cpu_ms(&alone, item);
        assert!((232.0..=248.0).contains(&cpu), "{item}: {cpu} ms for 240 burnt");
    }
    assert!(cpu_ms(&alone, "sleeping") <= 2.0);
    assert_heap_is_exact(&alone, "alone");

    let parallel = database(&["--test-threads=8", "--skip", "isolation::"]);
    assert_eq!(parallel.column("select distinct attribution from TESTS"), ["shared"]);
    assert_eq!(
        parallel.column(&format!("select distinct coalesce({unknown}, child_user_seconds, rss_peak_bytes) from TESTS")),
        ["NULL"]
    );
    let cpu = cpu_ms(&parallel, "single_thread");
    assert!((232.0..=248.0).contains(&cpu), "{cpu} ms for 240 burnt by the test's own thread");
    assert!(cpu_ms(&parallel, "scoped_threads") < 200.0, "threads that are not seen do not count");

    // Nothing ran before: the peak is the test's own, above what Linux counts of cargo for a process that cargo starts. A second
    // one below it is not known.
    let peak = database(&["--test-threads=1", "order_200_100_0"]);
    let bytes = |item: &str| peak.value(&format!("select rss_peak_bytes from TESTS where item = '{item}'"));
    let first: u64 = bytes("first").parse().expect("the first test's peak is known");
    assert!((100 * MIB..210 * MIB).contains(&first), "{first} bytes for 200 MiB");
    assert_eq!(bytes("second"), "NULL");

    // Its files are the next one's.
    drop((alone, parallel, peak));
    let _ = std::fs::remove_file(project.path(".pymon"));
    let failed = run(project.cargo(&["test", "--lib", "isolation::bad::aborts"]));
    assert!(failed.stdout.contains("`aborts` died in its own process: SIGABRT"), "{}", failed.stdout);
    assert_eq!(project.database().value("select outcome from TESTS where item = 'aborts'"), "crashed");
}
