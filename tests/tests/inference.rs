//! Naming the crate changes no type inference: what compiles without a monitored test compiles beside one.
#![forbid(unsafe_code)]

use monitor_tests::Project;

#[test]
fn what_rests_on_a_single_impl_compiles_beside_a_monitored_test() {
    let project = Project::library("inference", include_str!("../fixtures/inference.rs"));
    let run = project.test(&["--lib"]);
    assert!(run.stdout.contains("test result: ok. 10 passed"), "{}", run.stdout);
    assert_eq!(project.database().column("select item from TESTS"), ["names_the_crate"]);
}
