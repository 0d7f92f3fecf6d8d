//! `#[monitored]` on modules: every test inside, options as defaults; and the runtime under another name.
#![forbid(unsafe_code)]

use monitor_tests::{Project, run};

const MANIFEST: &str = r#"
[package]
name = "modules"
version = "0.1.0"
edition = "2021"

[workspace]

[dev-dependencies]
measure = { package = "monitor-runtime", path = "{{repo}}/monitor-runtime" }
rstest = "0.28"
serial_test = "3"
tokio = { version = "1", features = ["full"] }
"#;

/// Path, variant, component.
const ROWS: &[[&str; 3]] = &[
    ["covered", "asynchronous", "shop"],
    ["covered", "cases[1, a]", "shop"],
    ["covered", "cases[1, b]", "shop"],
    ["covered", "cases[2, a]", "shop"],
    ["covered", "cases[2, b]", "shop"],
    ["covered", "locked", "shop"],
    ["covered", "not_skipped_if", "shop"],
    ["covered", "own_component", "cart"],
    ["covered", "own_crate", "cart"],
    ["covered", "plain", "shop"],
    ["covered", "when", "shop"],
    ["covered::nested", "plain", "shop"],
    ["covered::nested::deeper", "plain", "shop"],
    ["covered::skipped_module", "monitored_though", "shop"],
    ["covered::with_options", "plain", "stock"],
    ["outside", "monitored", "modules"],
    ["skipped", "monitored_though", "modules"],
];

#[test]
fn a_module_covers_its_tests_and_a_function_overrides_it() {
    let files = [("Cargo.toml", MANIFEST), ("src/lib.rs", include_str!("../fixtures/modules.rs"))];
    let project = Project::new(&files);
    let printed = project.test(&["--lib"]);
    assert!(printed.stdout.contains("test result: ok. 26 passed"), "{}", printed.stdout);
    let rows = project
        .database()
        .rows("select substr(ITEM_PATH, 10), ITEM_VARIANT, COMPONENT from TEST_METRICS order by 1, 2");
    assert_eq!(rows, ROWS, "skipped tests run, and are not recorded");
    let _ = run(project.cargo(&["clippy", "--tests", "--quiet"])).succeeded();
}
