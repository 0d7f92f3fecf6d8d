//! `#![no_std]` crates: what the attribute writes names nothing by the user's own crates.
#![forbid(unsafe_code)]

use monitor_tests::{Project, run};

const DEPENDENCIES: &str = "rstest = \"0.28\"\ntest-case = \"3\"\ntokio = { version = \"1\", features = [\"full\"] }\n";

const VARIANTS: &[&str] = &[
    "async_cases[1]",
    "asynchronous",
    "asynchronous",
    "asynchronous_too",
    "by_test_case[[1]]",
    "cases[1, a]",
    "cases[2, b]",
    "panics",
    "plain",
    "plain",
    "result",
];

#[test]
fn every_kind_of_test_compiles_and_records() {
    let project = Project::library_with("without-std", DEPENDENCIES, include_str!("../fixtures/no_std.rs"));
    let _ = project.test(&["--lib"]);
    let database = project.database();
    assert_eq!(database.column("select ITEM_VARIANT from TEST_METRICS order by 1"), VARIANTS);
    assert_eq!(database.value("select distinct outcome from TESTS"), "passed");
    let _ = run(project.cargo(&["clippy", "--tests", "--quiet"])).succeeded();
}
