//! Mistakes that only show when tests are built; the others are in monitor-macros/tests/ui.
#![forbid(unsafe_code)]

use monitor_tests::{Project, run};

#[test]
fn between_cases_of_rstest_is_refused_once_each() {
    let source = include_str!("../fixtures/between_cases.rs");
    let dependencies = "rstest = \"0.28\"\ntokio = { version = \"1\", features = [\"full\"] }\n";
    let project = Project::library_with("between-cases", dependencies, source);
    let checked = run(project.cargo(&["check", "--tests", "--message-format=short"]));
    assert_eq!(checked.code, Some(101), "{}", checked.stderr);

    let mut told: Vec<&str> = checked.stderr.lines().filter(|line| line.starts_with("src/lib.rs:")).collect();
    let message = "1: error: #[monitored] before a #[case] covers that case only: put it below the last #[case]";
    let mistakes = source.lines().zip(1..).filter(|(line, _)| line.ends_with("// mistake"));
    let mut expected: Vec<_> = mistakes.map(|(_, line)| format!("src/lib.rs:{line}:{message}")).collect();
    told.sort_unstable();
    expected.sort();
    assert_eq!(told, expected);
}

#[test]
fn a_macro_and_a_runtime_of_different_versions_do_not_compile_together() {
    let source = "/// The runtime of another version.\nmod other_version {\n    pub use monitor_runtime::monitored;\n    \
                  pub mod __private_0_0_1 {}\n}\n\n#[test]\n#[other_version::monitored(crate = crate::other_version)]\nfn t() {}\n";
    let project = Project::library("other-version", source);
    let checked = run(project.cargo(&["check", "--tests", "--message-format=short"]));
    assert_eq!(checked.code, Some(101), "{}", checked.stderr);
    let wanted = format!("`__private_{}`", env!("CARGO_PKG_VERSION").replace('.', "_"));
    let told: Vec<&str> = checked.stderr.lines().filter(|line| line.starts_with("src/lib.rs:")).collect();
    assert!(!told.is_empty(), "{}", checked.stderr);
    for error in told {
        let names_both = error.contains(&wanted) && error.contains("`other_version`");
        assert!(error.starts_with("src/lib.rs:8:1: error") && names_both, "{error}");
    }
}
