//! Files of other tools become sessions.
#![forbid(unsafe_code)]

mod common;

use std::fs;

use common::Fixture;
use monitor_tests::Database;

const ESTIMATES: &str = r#"{"mean":{"confidence_interval":{"confidence_level":0.95,"lower_bound":1.0,"upper_bound":2.0},
"point_estimate":1500.0,"standard_error":3.0},"median":{"point_estimate":1400.0},"slope":SLOPE}"#;

const JUNIT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="3" uuid="1a2b" timestamp="2026-11-23T12:00:00.500+01:00" time="0.3">
  <testsuite name="primes-demo::it" tests="3">
    <testcase name="tests::prime" classname="primes-demo::it" timestamp="2026-11-23T12:00:00.600+01:00" time="0.25"/>
    <testcase name="fails" classname="primes-demo::it" time="0.05"><failure message="no">a &lt; b</failure></testcase>
    <testcase name="later" classname="primes-demo::it" time="0.0"><skipped/></testcase>
  </testsuite>
</testsuites>"#;

const PYTEST: &str = r#"<testsuite name="pytest" timestamp="2026-11-23T11:00:00">
  <testcase classname="tests.test_mod" name="test_x[1-2]" time="1.5"></testcase></testsuite>"#;

const DATA_JS: &str = r#"window.BENCHMARK_DATA = {
  "lastUpdate": 1795395723000, "repoUrl": "https://github.com/x/y",
  "entries": { "Rust Benchmark": [ {
    "commit": {"id": "0123abcd", "message": "m", "timestamp": "2026-11-22T00:00:00Z"},
    "date": 1795395723000, "tool": "cargo",
    "benches": [ {"name": "fib_10", "value": 150, "range": "± 2", "unit": "ns/iter"}, {"name": "size", "value": 9, "unit": "MiB"} ]
  } ] } }"#;

fn rows(fixture: &Fixture, sql: &str) -> Vec<String> {
    Database::open(&fixture.file()).rows(sql).into_iter().map(|row| row.join(" ")).collect()
}

const TESTS: &str =
    "select package, binary, path, item, variant, wall_seconds, outcome, start_time from TESTS order by start_time";

/// Imports twice: the second time adds nothing.
fn import(fixture: &Fixture, args: &[&str]) -> String {
    let args = [&["import", "--format", "csv"], args].concat();
    let first = fixture.run(&args).succeeded().stdout;
    let again = fixture.run(&args).succeeded().stdout;
    assert!(again.lines().skip(1).all(|line| line.contains(",0,0,")), "{again}");
    // Without the names of what is left out.
    let row = first.lines().nth(1).unwrap_or_default();
    row.splitn(6, ',').take(5).collect::<Vec<_>>().join(",")
}

/// A copy of a fixture, where it can be touched.
fn copied(fixture: &Fixture, name: &str) -> String {
    let file = monitor_tests::repository().join("cargo-monitor/tests/fixtures/import").join(name);
    let copy = name.rsplit('/').next().unwrap_or(name).to_owned();
    fs::copy(file, fixture.folder().join(&copy)).expect("the fixture can be copied");
    copy
}

#[test]
fn criterions_estimates() {
    let fixture = Fixture::empty();
    let folder = fixture.folder().join("target/criterion/primes/is_prime/7");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    };
    write("new/estimates.json", &ESTIMATES.replace("SLOPE", "null"));
    write("new/benchmark.json", r#"{"group_id":"primes","full_id":"primes/is_prime/7"}"#);
    write("base/estimates.json", "{}");
    let other = folder.join("../../sieve/new");
    fs::create_dir_all(&other).expect("a folder can be made");
    fs::write(other.join("estimates.json"), ESTIMATES.replace("SLOPE", r#"{"point_estimate":2e6}"#)).expect("written");
    let line = import(&fixture, &["target/criterion", "--commit", "beef", "--tag", "source=bench", "--machine", "lab"]);
    assert_eq!(line, "target/criterion,criterion,1,2,0");
    assert_eq!(
        rows(&fixture, "select path, variant, wall_seconds, memory_mib, host from TESTS order by wall_seconds"),
        ["primes/is_prime 7 0.0000015 NULL lab", "primes sieve 0.002 NULL lab"]
    );
    assert_eq!(rows(&fixture, "select SCM_ID, RUN_DESCRIPTION ->> 'source' from TEST_SESSIONS"), ["beef bench"]);
}

#[test]
fn junit_of_nextest_and_pytest() {
    let fixture = Fixture::empty();
    fs::write(fixture.folder().join("nextest.xml"), JUNIT).expect("a file can be written");
    fs::write(fixture.folder().join("pytest.xml"), PYTEST).expect("a file can be written");
    assert_eq!(import(&fixture, &["nextest.xml"]), "nextest.xml,junit,1,2,1");
    assert_eq!(
        rows(&fixture, TESTS),
        [
            "primes-demo primes-demo::it it fails fails 0.05 failed 2026-11-23T11:00:00.750001",
            "primes-demo primes-demo::it it::tests prime prime 0.25 passed 2026-11-23T11:00:00.600000",
        ]
        .map(str::to_owned)
        .into_iter()
        .rev()
        .collect::<Vec<_>>()
    );
    assert_eq!(import(&fixture, &["pytest.xml"]), "pytest.xml,junit,1,1,0");
    let python = "select path, item, variant, wall_seconds from TESTS where package = 'pytest'";
    assert_eq!(rows(&fixture, python), ["tests.test_mod test_x test_x[1-2] 1.5"]);
}

#[test]
fn data_of_github_action_benchmark() {
    let fixture = Fixture::empty();
    fs::write(fixture.folder().join("data.js"), DATA_JS).expect("a file can be written");
    assert_eq!(import(&fixture, &["data.js"]), "data.js,github-action-benchmark,1,1,1");
    assert_eq!(
        rows(&fixture, TESTS),
        ["Rust Benchmark cargo Rust Benchmark fib_10 fib_10 0.00000015 passed 2026-11-23T01:02:03.000000"]
    );
    assert_eq!(rows(&fixture, "select SCM_ID from TEST_SESSIONS"), ["0123abcd"]);
}

#[test]
fn a_file_of_pytest_monitor() {
    let fixture = Fixture::three_sessions();
    let theirs = monitor_tests::repository().join("monitor-store/tests/fixtures/pytest-monitor-1.6.6.pymon");
    // Opening a file may bring it up to date.
    fs::copy(theirs, fixture.folder().join("python.pymon")).expect("the fixture can be copied");
    let line = import(&fixture, &["python.pymon"]);
    assert!(line.starts_with("python.pymon,pymon,1,"), "{line}");
    let sessions = fixture.run(&["sessions", "--format", "csv"]).succeeded().stdout;
    assert_eq!(sessions.lines().count(), 1 + 4, "{sessions}");
    for args in [&["show", "latest~3"][..], &["show", "latest"], &["top", "memory"]] {
        let _ = fixture.run(args).succeeded();
    }
}

/// One file, one row of the table, and what `TESTS` then has.
fn imported(name: &str, columns: &str) -> (String, Vec<String>) {
    let fixture = Fixture::empty();
    let file = copied(&fixture, name);
    let line = import(&fixture, &[&file]);
    let counts = line.strip_prefix(&format!("{file},")).unwrap_or(&line).to_owned();
    (counts, rows(&fixture, &format!("select {columns} from TESTS order by start_time, variant")))
}

/// Reports that were seen, and refused or misread.
#[test]
fn junit_as_other_tools_write_it() {
    const NAMES: &str = "path, item, variant, wall_seconds, outcome";
    for (file, counts, expected) in [
        ("comma-decimal", "1,2,0", &["shop.Cart adds adds 0.16 passed", "shop.Cart pays pays 0.003 passed"][..]),
        ("control-reference", "1,2,0", &["shop::cart adds adds 0.1 failed", "shop::cart pays pays 0.2 passed"]),
        ("control-raw", "1,1,0", &["shop::cart adds adds 0.1 passed"]),
        ("doctype", "1,1,0", &["Cart adds adds 0.1 passed"]),
        ("latin1", "1,1,0", &["café.Cart adds adds 0.1 passed"]),
        ("not-run", "1,1,3", &["Cart Adds Adds 0.4 passed"]),
        (
            "same-instant",
            "1,2,0",
            &["src/a.test.ts parses parses 0.1 passed", "src/b.test.ts parses parses 0.7 passed"],
        ),
        ("testrun", "1,1,0", &["shop.Cart adds adds 0.1 passed"]),
        (
            "nextest-retries",
            "1,5,0",
            &[
                "my_cart::tests flaky flaky 0.748 failed",
                "my_cart::tests adds adds 0.079 passed",
                "my_cart::tests wrong wrong 0.776 failed",
                "my_cart::tests flaky flaky 0.047 passed",
                "my_cart::tests wrong wrong 0.76 failed",
            ],
        ),
        (
            "pytest-reruns",
            "1,6,1",
            &[
                "tests.test_cart test_join test_join[1] 0.063 passed",
                "tests.test_cart test_join test_join[100] 0.04 passed",
                "tests.test_cart.TestSum test_sum test_sum 0.001 passed",
                "tests.test_cart test_plain test_plain 0 passed",
                "tests.test_cart test_flaky test_flaky 0.001 failed",
                "tests.test_cart test_flaky test_flaky 0 passed",
            ],
        ),
    ] {
        let (found, tests) = imported(&format!("junit/{file}.xml"), NAMES);
        assert_eq!(
            (found, tests),
            (format!("junit,{counts}"), expected.iter().map(|&it| it.to_owned()).collect()),
            "{file}"
        );
    }
    let (_, attempts) = imported("junit/nextest-retries.xml", "item, attempt, outcome");
    assert_eq!(attempts, ["flaky 1 failed", "adds 1 passed", "wrong 1 failed", "flaky 2 passed", "wrong 2 failed"]);
    let (_, attempts) = imported("junit/pytest-reruns.xml", "item, attempt, outcome");
    assert_eq!(attempts[4..], ["test_flaky 1 failed", "test_flaky 2 passed"]);
}

#[test]
fn names_of_other_languages_stay_as_they_are() {
    for (classname, suite, name, expected) in [
        (
            "example.com/my-shop/cart",
            "example.com/my-shop/cart",
            "TestAdds/two_items",
            "example.com/my-shop/cart|TestAdds/two_items|TestAdds/two_items",
        ),
        (
            "Tests\\Cart",
            "Tests\\Cart",
            "testAdds with data set #0",
            "Tests\\Cart|testAdds with data set #0|testAdds with data set #0",
        ),
        (
            "Cart::Item",
            "Cart::Item",
            "Cart::Item adds [twice] and pays",
            "Cart::Item|Cart::Item adds [twice] and pays|Cart::Item adds [twice] and pays",
        ),
        ("", "src/cart.test.ts", "cart > adds é", "src/cart.test.ts|cart > adds é|cart > adds é"),
        ("tests.test_cart", "pytest", "test_join[a-b]", "tests.test_cart|test_join|test_join[a-b]"),
        ("my-cart::it", "my-cart::it", "deep::adds", "it::deep|adds|adds"),
    ] {
        let fixture = Fixture::empty();
        let name = name.replace('>', "&gt;");
        let report = format!(
            "<testsuites><testsuite name='{suite}'><testcase classname='{classname}' name='{name}' time='0.5'/></testsuite></testsuites>"
        );
        fs::write(fixture.folder().join("report.xml"), report).expect("a file can be written");
        assert_eq!(import(&fixture, &["report.xml"]), "report.xml,junit,1,1,0");
        assert_eq!(rows(&fixture, "select path || '|' || item || '|' || variant from TESTS"), [expected]);
    }
}

/// Suites within suites, as PHPUnit, Eclipse and CTest have them; a time is that of the nearest one that tells it.
#[test]
fn junit_with_suites_in_suites() {
    let fixture = Fixture::empty();
    let report = "<testsuites><testsuite name='all' timestamp='2026-11-01T10:00:00' time='3'>\
        <testsuite name='inner'><testcase name='a' time='1'/><testsuite name='deep'><testcase name='b' time='2'/></testsuite></testsuite>\
        <testcase name='c' time='0.5'/></testsuite></testsuites>";
    fs::write(fixture.folder().join("report.xml"), report).expect("a file can be written");
    assert_eq!(import(&fixture, &["report.xml"]), "report.xml,junit,1,3,0");
    assert_eq!(
        rows(&fixture, "select path, item, start_time from TESTS order by start_time"),
        [
            "all::inner a 2026-11-01T10:00:00.000000",
            "all::inner::deep b 2026-11-01T10:00:01.000001",
            "all c 2026-11-01T10:00:03.000002"
        ]
    );
}

/// A fresh download, a restored cache.
#[test]
fn the_same_report_with_another_modification_time() {
    let fixture = Fixture::empty();
    let file = copied(&fixture, "junit/undated.xml");
    assert_eq!(import(&fixture, &[&file]), "undated.xml,junit,1,2,0");
    let file = fs::File::options().append(true).open(fixture.folder().join(&file)).expect("the copy can be opened");
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000))
        .expect("touched");
    assert_eq!(import(&fixture, &["undated.xml"]), "undated.xml,junit,0,0,0");
    assert_eq!(fixture.run(&["show", "--format", "csv"]).succeeded().stdout.lines().count(), 1 + 2);
}

#[test]
fn a_file_for_each_class_and_one_session() {
    let files = ["TEST-shop.Cart.xml", "TEST-shop.Order.xml"];
    let sessions =
        "select RUN_DATE, count(*) from TEST_SESSIONS s join TEST_METRICS using (SESSION_H) group by s.SESSION_H";
    // A folder is one run.
    let fixture = Fixture::empty();
    fs::create_dir(fixture.folder().join("reports")).expect("a folder can be made");
    for file in files {
        copied(&fixture, &format!("many-files/{file}"));
        fs::rename(fixture.folder().join(file), fixture.folder().join("reports").join(file)).expect("moved");
    }
    fs::write(fixture.folder().join("reports/pom.xml"), "<project/>").expect("a file can be written");
    assert_eq!(import(&fixture, &["reports"]), "reports,junit,1,2,0");
    assert_eq!(rows(&fixture, sessions), ["2026-11-01T10:00:00.000000 2"]);
    // So are files that the user says so of, in whatever order they come.
    let fixture = Fixture::empty();
    files.iter().for_each(|file| drop(copied(&fixture, &format!("many-files/{file}"))));
    assert_eq!(import(&fixture, &[files[1], "--session", "ci-7"]), "TEST-shop.Order.xml,junit,1,1,0");
    assert_eq!(import(&fixture, &[files[0], files[1], "--session", "ci-7"]), "TEST-shop.Cart.xml,junit,0,1,0");
    assert_eq!(rows(&fixture, sessions), ["2026-11-01T10:00:05.000000 2"]);
    // Others are one each.
    let fixture = Fixture::empty();
    files.iter().for_each(|file| drop(copied(&fixture, &format!("many-files/{file}"))));
    let _ = import(&fixture, &[files[0], files[1]]);
    assert_eq!(rows(&fixture, sessions).len(), 2);
}

#[test]
fn nothing_to_import_makes_no_session() {
    let fixture = Fixture::empty();
    let file = copied(&fixture, "junit/no-times.xml");
    fs::create_dir(fixture.folder().join("nothing")).expect("a folder can be made");
    for name in [file.as_str(), "nothing"] {
        let run = fixture.run(&["import", name]);
        assert_eq!(run.code, Some(3), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("{name} has nothing that can be imported")), "{}", run.stderr);
    }
    assert!(!fixture.file().exists(), "nor a file");
    let run = fixture.run(&["import", &file]);
    assert!(run.stderr.contains("no-times.xml: 1 left out, without a time: shop::adds"), "{}", run.stderr);
}

#[test]
fn what_is_left_out_is_named() {
    let fixture = Fixture::empty();
    let file = copied(&fixture, "junit/not-run.xml");
    let run = fixture.run(&["import", &file, "--format", "json"]).succeeded();
    let line = "not-run.xml: 3 left out, not run: Cart::DISABLED_Pays, Cart::Ships, Cart::Returns";
    assert!(run.stderr.contains(line), "{}", run.stderr);
    assert!(run.stdout.contains("\"Cart::Ships\": \"not run\""), "{}", run.stdout);
}

#[test]
fn benchmarks_of_go() {
    let columns = "package, path, item, variant, wall_seconds, heap_allocated_bytes, allocations";
    let (counts, tests) = imported("go.txt", columns);
    assert_eq!(counts, "go,1,6,3");
    let cart = "example.com/shop/cart";
    assert_eq!(tests[0], format!("{cart} {cart} BenchmarkJoin BenchmarkJoin/items=1-2 0.00000003962 16 1"));
    assert_eq!(tests[3], format!("{cart} {cart} BenchmarkJoin BenchmarkJoin/items=100-2 0.000001966 1904 2"));
    assert_eq!(tests[4], format!("{cart} {cart} BenchmarkSum BenchmarkSum-2 0.00000004653 0 0"));
    let (counts, tests) = imported("go.jsonl", "variant, wall_seconds, cpu");
    assert_eq!(counts, "go,1,2,0");
    assert_eq!(
        tests,
        ["BenchmarkJoin/items=1-2 0.00000005666 AMD EPYC", "BenchmarkJoin/items=100-2 0.00000225 AMD EPYC"]
    );
}

#[test]
fn commands_of_hyperfine() {
    let (counts, tests) = imported("hyperfine-1.15.json", "item, variant, wall_seconds, user_seconds, kernel_seconds");
    assert_eq!(counts, "hyperfine,1,4,0");
    assert_eq!(tests[0], "seq 1 seq 1 0.0015672250000000002 0.0007892 0.00021739999999999997");
    assert!(tests[1].starts_with("seq 10000 seq 10000[n=1] 0.0044247132 "), "{tests:?}");
    // Since 1.19 with memory, and with failures ignored.
    let fixture = Fixture::empty();
    let result = r#"{"results": [{"command": "grep -r 'a[b]'", "mean": 0.5, "user": 0.25, "system": 0.125,
        "memory_usage_byte": [1048576, 3145728], "exit_codes": [0, 1]}]}"#;
    fs::write(fixture.folder().join("results.json"), result).expect("a file can be written");
    assert_eq!(import(&fixture, &["results.json"]), "results.json,hyperfine,1,1,0");
    assert_eq!(
        rows(&fixture, "select item, cpu_usage, memory_mib, rss_peak_bytes, outcome from TESTS"),
        ["grep -r 'a[b]' 0.75 3 3145728 failed"]
    );
}

#[test]
fn benchmarks_of_pytest_benchmark() {
    let columns = "path, item, variant, wall_seconds, cpu, revision, start_time";
    let (counts, tests) = imported("pytest-benchmark-5.3.1.json", columns);
    assert_eq!(counts, "pytest-benchmark,1,3,0");
    let of = "AMD EPYC 5a82ec80bc5d2f00bf2b31dd5facd662777c0c92";
    assert_eq!(
        tests,
        [
            format!("tests.test_cart test_join test_join[1] 0.0000009025029760248318 {of} 2026-11-25T23:31:48.460069"),
            format!("tests.test_cart test_join test_join[100] 0.000004837162329125094 {of} 2026-11-25T23:31:48.460071"),
            format!(
                "tests.test_cart.TestSum test_sum test_sum 0.00000016893998690648005 {of} 2026-11-25T23:31:48.460077"
            ),
        ]
    );
}

#[test]
fn benchmarks_of_google_benchmark() {
    let (counts, tests) = imported("google-benchmark-1.7.1.json", "package, item, variant, wall_seconds, cpu_usage");
    assert_eq!(counts, "google-benchmark,1,4,1");
    assert!(tests[0].starts_with("cart_bench BM_Join BM_Join/8 0.00000002063355825117248"), "{tests:?}");
    assert!(tests[3].starts_with("cart_bench BM_Slow BM_Slow/repeats:2 0.00000097661710414616"), "{tests:?}");
}

#[test]
fn benchmarks_of_jmh_in_every_mode() {
    let columns = "binary, path, item, variant, wall_seconds, heap_allocated_bytes, toolchain";
    let (counts, tests) = imported("jmh.json", columns);
    assert_eq!(counts, "jmh,1,2,2");
    let vm = "OpenJDK 64-Bit Server VM 17.0.9+9";
    assert_eq!(
        tests,
        [
            format!("jmh thrpt org.shop.CartBench join join[size=100] 0.000004 1888 {vm}"),
            format!("jmh avgt org.shop.CartBench join join[size=100, threads=4] 0.0000045 1888 {vm}"),
        ]
    );
}

#[test]
fn estimates_of_criterion_before_0_3_4() {
    assert_eq!(
        imported("criterion-0.3.3.json", "wall_seconds"),
        ("criterion,1,1,0".to_owned(), vec!["0.00000145".to_owned()])
    );
}

/// Of Go's benchmarks github-action-benchmark keeps each metric as an entry, and earlier the whole line as a unit.
#[test]
fn memory_of_go_in_github_action_benchmark() {
    let fixture = Fixture::empty();
    let benches = r#"{"name": "BenchmarkSum", "value": 1000, "unit": "ns/op\t      56 B/op\t       3 allocs/op"},
        {"name": "BenchmarkJoin", "value": 20, "unit": "ns/op"}, {"name": "BenchmarkJoin - ns/op", "value": 20, "unit": "ns/op"},
        {"name": "BenchmarkJoin - B/op", "value": 16, "unit": "B/op"}, {"name": "BenchmarkJoin - allocs/op", "value": 1, "unit": "allocs/op"}"#;
    let entry = r#""commit": {"id": "0123abcd"}, "date": 1795395723000, "tool": "go""#;
    let data = format!("window.BENCHMARK_DATA = {{\"entries\": {{\"Go\": [{{{entry}, \"benches\": [{benches}]}}]}}}}");
    fs::write(fixture.folder().join("data.js"), data).expect("a file can be written");
    assert_eq!(import(&fixture, &["data.js"]), "data.js,github-action-benchmark,1,2,0");
    assert_eq!(
        rows(
            &fixture,
            "select variant, wall_seconds, heap_allocated_bytes, allocations from TESTS order by start_time"
        ),
        ["BenchmarkSum 0.000001 56 3", "BenchmarkJoin 0.00000002 16 1"]
    );
}

/// A time below zero is none, whoever wrote it, and neither is what is no number.
#[test]
fn impossible_times_are_left_out_of_every_report() {
    for (name, text) in [
        (
            "h.json",
            r#"{"results": [{"command": "a", "mean": -1.0, "times": [-1.0]}, {"command": "b", "mean": 1.0, "times": [1.0]}]}"#,
        ),
        ("go.txt", "pkg: x\nBenchmarkA-8 1 NaN ns/op\nBenchmarkA-8 1 -3 ns/op\nBenchmarkB-8 1 1e9 ns/op\n"),
    ] {
        let fixture = Fixture::empty();
        fs::write(fixture.folder().join(name), text).expect("a file can be written");
        let run = fixture.run(&["import", name]).succeeded();
        assert!(run.stderr.contains("is not a time"), "{name}: {}", run.stderr);
        assert_eq!(rows(&fixture, "select wall_seconds from TESTS"), ["1"], "{name}");
    }
}

/// A run of criterion that was interrupted leaves half a file.
#[test]
fn half_an_estimate_hides_no_other() {
    let fixture = Fixture::empty();
    for (benchmark, text) in [("whole", ESTIMATES.replace("SLOPE", "null")), ("half", ESTIMATES[..40].to_owned())] {
        let folder = fixture.folder().join(format!("target/criterion/group/{benchmark}/new"));
        fs::create_dir_all(&folder).expect("a folder can be made");
        fs::write(folder.join("estimates.json"), text).expect("a file can be written");
    }
    let run = fixture.run(&["import", "target/criterion"]).succeeded();
    assert!(run.stderr.contains("1 left out, it is not JSON") && run.stderr.contains("group/half"), "{}", run.stderr);
    assert_eq!(rows(&fixture, "select variant from TESTS"), ["whole"]);
}

#[test]
fn a_report_without_results_is_no_data_and_a_number_beyond_json_is_named() {
    let fixture = Fixture::empty();
    let written = |name: &str, text: &[u8]| fs::write(fixture.folder().join(name), text).expect("it can be written");
    for text in ["", " \n", "[]", "{\"results\": []}", "{\"benchmarks\": [], \"context\": {}}", "<testsuites/>"] {
        written("nothing", text.as_bytes());
        let run = fixture.run(&["import", "nothing"]);
        assert_eq!(run.code, Some(3), "{text}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("nothing has nothing that can be imported"), "{text}: {}", run.stderr);
    }
    assert!(!fixture.file().exists());
    for number in ["NaN", "-Infinity", "1e400"] {
        let entry = |name: &str, mean: &str| format!("{{\"command\": \"{name}\", \"mean\": {mean}}}");
        let text = format!("{{\"results\": [{}, {}]}}", entry("good", "0.5"), entry("odd", number));
        written("hyperfine.json", text.as_bytes());
        let run = fixture.run(&["import", "hyperfine.json"]).succeeded();
        assert!(run.stderr.contains(&format!("1 left out, `{number}` is not a time: odd")), "{}", run.stderr);
    }
    let utf32 = "\u{feff}{\"results\": [{\"command\": \"wide é\", \"mean\": 0.5}]}";
    let utf32: Vec<u8> = utf32.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    written("wide.json", &utf32);
    let _ = fixture.run(&["import", "wide.json"]).succeeded();
    assert!(fixture.run(&["show"]).succeeded().stdout.contains("wide é"));
    written("latin.txt", b"BenchmarkCaf\xe9 1 5 ns/op\n");
    let run = fixture.run(&["import", "latin.txt"]).succeeded();
    assert_eq!(run.stderr.matches("not valid UTF-8").count(), 1, "{}", run.stderr);
}
