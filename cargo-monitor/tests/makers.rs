//! Tests by every attribute and macro that people make tests with: `init` puts the attribute on them or names them, and each
//! that has it makes its rows.
#![forbid(unsafe_code)]

use std::fs;

use monitor_tests::{Project, Run, run};

const MANIFEST: &str = r#"
[package]
name = "makers"
version = "0.1.0"
edition = "2021"

[workspace]
members = ["pools"]

[dev-dependencies]
googletest = "0.14"
monitor-runtime = { path = "{{repo}}/monitor-runtime" }
pools = { path = "pools" }
proptest = { version = "1", default-features = false, features = ["std", "attr-macro"] }
quickcheck = { version = "1", default-features = false }
quickcheck_macros = "1"
rstest = "0.28"
test-case = "3"
test-strategy = "0.4"
tokio = { version = "1", features = ["full"] }
"#;

const POOLS: &str =
    "[package]\nname = \"pools\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\nproc-macro = true\n";

const LIB: &str = include_str!("../../tests/fixtures/makers/lib.rs");

/// What the tests of [`LIB`] record, but for the cases that a macro of its own makes.
const ROWS: &[&str] = &[
    "attributes by_async_strategy",
    "attributes by_case[1]",
    "attributes by_case[2]",
    "attributes by_googletest",
    "attributes by_gtest",
    "attributes by_matrix[1, a]",
    "attributes by_matrix[1, b]",
    "attributes by_matrix[2, a]",
    "attributes by_matrix[2, b]",
    "attributes by_pool",
    "attributes by_property",
    "attributes by_quickcheck",
    "attributes by_rstest[1]",
    "attributes by_rstest[2]",
    "attributes by_strategy",
    "attributes by_tokio",
    "attributes plain",
    "macros inside_proptest",
    "macros inside_quickcheck",
    "made beside",
    "made by_a_macro_of_ours",
];

fn monitor(project: &Project, args: &[&str]) -> Run {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
    command.args(args);
    run(command).succeeded()
}

fn lib(project: &Project) -> String {
    fs::read_to_string(project.path("src/lib.rs")).expect("the file can be read")
}

#[test]
fn each_is_covered_or_named() {
    let project = Project::new(&[
        ("Cargo.toml", MANIFEST),
        ("src/lib.rs", LIB),
        ("pools/Cargo.toml", POOLS),
        ("pools/src/lib.rs", include_str!("../../tests/fixtures/makers/pools/src/lib.rs")),
    ]);
    let manifest = fs::read_to_string(project.path("Cargo.toml")).expect("the file can be read");
    let as_before = || {
        assert_eq!(lib(&project), LIB);
        assert_eq!(fs::read_to_string(project.path("Cargo.toml")).expect("the file can be read"), manifest);
    };
    for how in [&[][..], &["--modules"]] {
        let init = |more: &[&str]| monitor(&project, &[&["init"], how, more].concat());
        let shown = init(&["--dry-run"]);
        as_before();
        assert!(shown.stderr.contains("macro make_cases: it makes tests"), "{}", shown.stderr);
        let done = init(&[]);
        assert!(done.stdout.contains("macro make_cases"), "{}", done.stdout);

        let tested = project.test(&["--lib"]);
        assert!(tested.stdout.contains("test result: ok. 22 passed"), "{}", tested.stdout);
        let database = project.database();
        let rows =
            database.column("select substr(path, 9) || ' ' || variant from TESTS where outcome = 'passed' order by 1");
        assert_eq!(rows, ROWS, "{how:?}: {}", lib(&project));
        assert_eq!(database.value("select count(*) from TESTS"), ROWS.len().to_string());
        drop(database);
        fs::remove_file(project.path(".pymon")).expect("the file can be removed");

        let annotated = lib(&project);
        let _ = init(&[]);
        assert_eq!(lib(&project), annotated, "a second time");
        let doctor = monitor(&project, &["doctor"]);
        assert!(doctor.stdout.contains("beside them are not: tests of macro make_cases"), "{}", doctor.stdout);
        let _ = monitor(&project, &["init", "--undo"]);
        as_before();
    }
}

/// Wherever the attribute is put by hand.
#[test]
fn each_works_with_the_attribute_above_it_too() {
    let mut above = String::new();
    for line in LIB.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let first =
            line.trim_start().starts_with("#[") && !line.contains("cfg(test)") && !above.trim_end().ends_with(']');
        if first {
            above += &format!("{indent}#[monitor_runtime::monitored]\n");
        }
        above += line;
        above.push('\n');
    }
    let project = Project::new(&[
        ("Cargo.toml", &MANIFEST.replace("\"makers\"", "\"makers-above\"")),
        ("src/lib.rs", &above),
        ("pools/Cargo.toml", POOLS),
        ("pools/src/lib.rs", include_str!("../../tests/fixtures/makers/pools/src/lib.rs")),
    ]);
    let _ = project.test(&["--lib"]);
    let rows = project.database().column("select substr(path, 15) || ' ' || variant from TESTS order by 1");
    // What no attribute stands on in the source has none here; what macros of ours write has one.
    let mut expected = ROWS.to_vec();
    expected.retain(|row| !row.starts_with("macros "));
    expected.push("made by_a_macro_with_cases[1]");
    assert_eq!(rows, expected);
}
