//! Tests that fork, leave threads behind, exhaust limits: no crash, no deadlock, no wrong number.
#![forbid(unsafe_code)]

use std::process::Command;

use monitor_tests::{Database, Project, manifest, run, skipped};

fn hard(package: &str) -> Project {
    Project::new(&[
        ("Cargo.toml", &manifest(package, "libc = \"0.2\"\nrayon = \"1\"\n")),
        ("src/lib.rs", include_str!("../fixtures/hard.rs")),
    ])
}

fn of(database: &Database, item: &str, column: &str) -> f64 {
    database.number(&format!("select {column} from TESTS where ITEM = '{item}'"))
}

fn attribution(database: &Database, item: &str) -> String {
    database.value(&format!("select ATTRIBUTION from TESTS where ITEM = '{item}'"))
}

const CPU_MS: &str = "(user_seconds + kernel_seconds) * 1000";

#[test]
fn the_numbers_stay_right() {
    let project = hard("hard-numbers");
    let _ = project.test(&["--lib", "--", "--test-threads=4"]);
    let database = project.database();
    assert_eq!(database.column("select distinct outcome from TESTS"), ["passed"]);
    assert_eq!(database.value("select count(*) from TESTS"), "11", "a forked child recorded something");

    assert_eq!(of(&database, "thousands_of_threads", "threads"), 3_001.0);
    assert!(of(&database, "thousands_of_threads", "allocations") >= 3_000.0);
    let peak = of(&database, "thousands_of_threads", "heap_peak_bytes");
    assert!(peak >= 4_000_000.0, "{peak} bytes at once, for 1,000 threads with 4,096 each");
    for item in ["a_thread_panics", "a_thread_leaves_by_pthread_exit"] {
        let cpu = of(&database, item, CPU_MS);
        assert!((20.0..30.0).contains(&cpu), "{item}: {cpu} ms for 20 burnt on its thread");
    }

    assert_eq!(database.value("select child_user_seconds from TESTS where item = 'child_process_burns'"), "NULL");
}

#[test]
fn a_nested_monitored_function_counts_for_itself_and_for_the_test_around_it() {
    let project = hard("hard-nested");
    let _ = project.test(&["--lib", "nested_monitored_functions"]);
    let database = project.database();
    let (inner, outer) = ("inner", "nested_monitored_functions");
    let cpu = [of(&database, inner, CPU_MS), of(&database, outer, CPU_MS)];
    assert!((60.0..63.0).contains(&cpu[0]) && (90.0..95.0).contains(&cpu[1]), "{cpu:?} ms for 60 and 90");
    for item in [inner, outer] {
        assert_eq!(of(&database, item, "threads"), 2.0, "{item}");
        assert_eq!(of(&database, item, "heap_peak_bytes"), 3_145_728.0, "{item}");
        assert_eq!(of(&database, item, "heap_retained_bytes"), 1_048_576.0, "{item}");
    }
    let of_both = |column| of(&database, outer, column) - of(&database, inner, column);
    assert_eq!(of_both("heap_allocated_bytes"), 1_048_576.0, "what the outer body itself allocates");
    assert_eq!(of_both("allocations"), 1.0);
}

#[test]
fn a_process_of_its_own_counts_its_children() {
    let project = hard("hard-children");
    let tests = ["child_process_burns", "child_process_holds", "nested_monitored_functions"];
    let _ = project.test(&[&["--lib", "--", "--test-threads=1"][..], &tests].concat());
    let database = project.database();
    assert_eq!(attribution(&database, "child_process_burns"), "process");
    let child_ms = of(&database, "child_process_burns", "(child_user_seconds + child_kernel_seconds) * 1000");
    assert!(child_ms > 10.0, "{child_ms} ms of a shell that counts to 200,000");
    let child_mib = of(&database, "child_process_holds", "child_rss_peak_bytes / 1048576.0");
    assert!((200.0..250.0).contains(&child_mib), "{child_mib} MiB of a grandchild that holds 200");
    assert_eq!(of(&database, "nested_monitored_functions", "child_rss_peak_bytes"), 0.0, "it has no child");
}

#[test]
fn a_thread_that_outlives_its_test_is_told() {
    let project = hard("hard-outlives");
    let _ = project.test(&["--lib", "a_thread_outlives_the_test", "--", "--ignored"]);
    let database = project.database();
    assert_eq!(attribution(&database, "a_thread_outlives_the_test"), "shared");
    let cpu = of(&database, "a_thread_outlives_the_test", CPU_MS);
    assert!((20.0..30.0).contains(&cpu), "{cpu} ms for 20 burnt on the thread that lives on");
}

#[test]
fn memory_from_before_that_is_given_back_makes_the_rest_negative() {
    let project = hard("hard-negative");
    let _ = project.test(&["--lib", "memory_from_before", "--", "--ignored"]);
    let heap = project.database().rows("select outcome, heap_peak_bytes, heap_retained_bytes, allocations from TESTS");
    assert_eq!(heap, [["passed", "0", "-1048576", "0"]]);
}

#[test]
fn what_a_panic_hook_consumes_is_not_the_tests() {
    let project = hard("hard-hook");
    for (args, attribution) in [("--test-threads=1", "process"), ("--test-threads=2", "threads")] {
        let _ = project.test(&["--lib", "panic_hook", "--", "--ignored", args]);
        let database = project.database();
        for item in ["panics", "its_thread_panics"] {
            assert_eq!(self::attribution(&database, item), attribution, "{item}");
            let cpu = of(&database, item, CPU_MS);
            assert!((28.0..60.0).contains(&cpu), "{item}, {args}: {cpu} ms for 30 burnt, beside 200 of the hook");
        }
        let wall = of(&database, "panics", "wall_seconds * 1000");
        assert!(wall >= of(&database, "panics", CPU_MS) - 1.0, "{wall} ms");
        database.execute("delete from TEST_PROFILES; delete from TEST_METRICS");
    }
}

#[test]
fn a_global_pool_is_never_silently_wrong() {
    let project = hard("hard-pool");
    for args in [&["--test-threads=2"][..], &["--test-threads=4"]] {
        let _ = project.test(&[&["--lib", "global_pool", "--", "--ignored"], args].concat());
        let database = project.database();
        assert_eq!(attribution(&database, "first_user"), "shared");
        assert_eq!(attribution(&database, "second_user"), "shared");
        database.execute("delete from TEST_PROFILES; delete from TEST_METRICS");
    }
}

#[test]
fn a_limit_on_threads_and_an_unreadable_proc_are_survived() {
    let project = hard("hard-limits");
    let binary = project.test_binary();
    // The file stays writable for whoever the test becomes: it is open already.
    let limited = run({
        let mut command = project.command(&binary);
        command.args(["no_more_threads_can_be_made", "--ignored", "--test-threads=1"]);
        command.env("MONITOR_DB", project.path(".pymon"));
        command
    });
    assert_eq!(limited.code, Some(0), "{}{}", limited.stdout, limited.stderr);
    let database = project.database();
    assert_eq!(of(&database, "no_more_threads_can_be_made", "threads"), 1.0);

    let unshare = Command::new("unshare").args(["--mount", "true"]).status();
    if !unshare.is_ok_and(|status| status.success()) {
        skipped("no private mounts (unshare --mount) here, so a hidden /proc is not tried");
        return;
    }
    let hidden = run({
        let mut command = project.command("unshare");
        command.args(["--mount", "sh", "-c", "mount -t tmpfs none /proc && exec \"$0\" nested a_thread_panics"]);
        command.arg(&binary).env("MONITOR_DB", project.path("hidden.pymon"));
        command
    });
    assert_eq!(hidden.code, Some(0), "{}{}", hidden.stdout, hidden.stderr);
    let database = Database::open(&project.path("hidden.pymon"));
    let cpu = of(&database, "a_thread_panics", CPU_MS);
    assert!((20.0..30.0).contains(&cpu), "{cpu} ms for 20 burnt, without /proc");
    assert_eq!(database.value("select read_bytes from TESTS where item = 'a_thread_panics'"), "NULL");
}
