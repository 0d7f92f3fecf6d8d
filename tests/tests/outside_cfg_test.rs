//! Tests beside the code, not under `cfg(test)`: the library itself, which has no dev-dependencies, still compiles. And tests
//! in macros that hand attributes on, which a module's attribute covers.
#![forbid(unsafe_code)]

use monitor_tests::{Project, run};

const LIB: &str = r#"#![deny(warnings)]

pub fn one() -> u8 {
    1
}

#[test]
#[monitor_runtime::monitored]
fn beside_the_code() {
    assert_eq!(one(), 1);
}

#[cfg(test)]
#[monitor_runtime::monitored]
mod covered {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn of_many_values(a in 0..10i32) {
            prop_assert!(a < 10);
        }

        #[test]
        #[monitor_runtime::monitored(skip)]
        fn skipped(a in 0..10i32) {
            prop_assert!(a < 10);
        }
    }

    #[test]
    fn plain() {}
}
"#;

#[test]
fn below_the_test_attribute_the_library_compiles_and_macros_are_covered() {
    let dependency = "proptest = { version = \"1\", default-features = false, features = [\"std\"] }\n";
    let project = Project::library_with("outside-cfg-test", dependency, LIB);
    let _ = run(project.cargo(&["build"])).succeeded();
    let _ = project.test(&["--lib"]);
    let rows = project.database().column("select ITEM_VARIANT from TEST_METRICS order by 1");
    assert_eq!(rows, ["beside_the_code", "of_many_values", "plain"]);
}
