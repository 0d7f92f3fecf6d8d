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
