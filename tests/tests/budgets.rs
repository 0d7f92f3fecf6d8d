//! Budgets: recorded first, then enforced, without hiding a failure of the test's own.
#![forbid(unsafe_code)]

use monitor_tests::{Database, Project, Run, manifest, run};

fn budgets(package: &str) -> Project {
    let dependencies = "libc = \"0.2\"\nrstest = \"0.28\"\ntokio = { version = \"1\", features = [\"full\"] }\n";
    Project::new(&[
        ("Cargo.toml", &manifest(package, dependencies)),
        ("src/lib.rs", include_str!("../fixtures/budgets.rs")),
    ])
}

fn test_unchecked(project: &Project, module: &str) -> Run {
    run(project.cargo(&["test", "--lib", "--", module]))
}

fn rows(database: &Database) -> Vec<(String, String)> {
    let rows = database.rows("select variant, outcome from TESTS order by variant");
    rows.into_iter().map(|row| <[String; 2]>::try_from(row).expect("two columns").into()).collect()
}

fn of(run: &Run, test: &str) -> String {
    let begin = format!("---- {test} stdout ----\n");
    let rest = run.stdout.split_once(&begin).unwrap_or_else(|| panic!("no report of {test}:\n{}", run.stdout)).1;
    rest.split("\n---- ").next().unwrap_or(rest).to_owned()
}

#[test]
fn a_test_within_its_budgets_passes() {
    let project = budgets("budgets-within");
    let _ = project.test(&["--lib", "within::"]);
    // A backtrace keeps megabytes of symbols in memory, which are not the test's.
    let mut with_backtraces = project.cargo(&["test", "--lib", "within::"]);
    with_backtraces.env("RUST_BACKTRACE", "1");
    let _ = run(with_backtraces).succeeded();
    let database = project.database();
    assert_eq!(database.column("select distinct outcome from TESTS"), ["passed"]);
    assert_eq!(database.value("select count(*) from TESTS"), "10");
}

/// Tests over their budget, with what they say between `src/lib.rs:LINE) is over budget: ` and the end of the line. `#` stands for digits.
const OVER: &[(&str, &str)] = &[
    ("time", "max_time: ##.### ms measured, 10.000 ms allowed"),
    ("cpu", "max_cpu: 3#.### ms measured, 10.000 ms allowed"),
    ("heap", "max_heap: 1048577 bytes (1.00 MiB) measured, 1048576 bytes (1.00 MiB) allowed"),
    ("allocations", "max_allocations: 3 allocations measured, 2 allocations allowed"),
    ("leak", "no_leak: 100 bytes measured, 0 bytes allowed"),
    (
        "several",
        "max_allocations: 2 allocations measured, 1 allocation allowed; no_leak: 100 bytes measured, 0 bytes allowed",
    ),
    ("with_a_result", "max_heap: 2048 bytes measured, 1024 bytes allowed"),
    ("async_above", "max_heap: 2097152 bytes (2.00 MiB) measured, 1048576 bytes (1.00 MiB) allowed"),
    ("async_below", "max_heap: 209#### bytes (2.00 MiB) measured, 1048576 bytes (1.00 MiB) allowed"),
    ("cases_above::case_2", "max_heap: 2000 bytes measured, 1024 bytes allowed"),
    ("cases_below::case_2", "max_heap: 2000 bytes measured, 1024 bytes allowed"),
];

/// Whether the texts are the same, `#` in `pattern` standing for any digit.
fn matches(pattern: &str, text: &str) -> bool {
    pattern.len() == text.len()
        && pattern.chars().zip(text.chars()).all(|(one, other)| one == other || one == '#' && other.is_ascii_digit())
}

#[test]
fn a_test_over_its_budget_is_recorded_and_fails_with_the_figures() {
    let project = budgets("budgets-over");
    let failed = test_unchecked(&project, "over::");
    assert_eq!(failed.code, Some(101), "{}", failed.stdout);
    assert!(failed.stdout.contains("2 passed; 12 failed"), "{}", failed.stdout);
    for (test, figures) in OVER {
        let report = of(&failed, &format!("over::{test}"));
        let (before, told) = report.split_once(") is over budget: ").unwrap_or_else(|| panic!("{test}: {report}"));
        let name = test.split("::").next().expect("a name has a first part");
        assert!(before.contains(&format!("`{name}` (src/lib.rs:")), "{test}: {report}");
        let told = told.lines().next().unwrap_or_default();
        assert!(matches(figures, told), "{test}: {told:?} is not {figures:?}");
    }
    // Its panic is what is expected, so the harness can only be told by the test's not panicking.
    let report = of(&failed, "over::should_panic");
    assert!(report.contains("test did not panic as expected"), "{report}");
    assert!(report.contains("`should_panic` (src/lib.rs:"), "{report}");

    let over: Vec<_> = rows(&project.database()).into_iter().filter(|(_, outcome)| outcome == "over budget").collect();
    assert_eq!(over.len(), 12, "{over:?}");
    let passed = project.database().column("select variant from TESTS where outcome = 'passed' order by variant");
    assert_eq!(passed, ["cases_above[100]", "cases_below[100]"]);
}

#[test]
fn report_only_records() {
    let project = budgets("budgets-report");
    let mut command = project.cargo(&["test", "--lib", "over::"]);
    command.env("MONITOR_BUDGETS", "report");
    let run = run(command).succeeded();
    assert!(run.stdout.contains("14 passed"), "{}", run.stdout);
    assert_eq!(project.database().value("select count(*) from TESTS where outcome = 'over budget'"), "12");
}

#[test]
fn a_failure_of_its_own_comes_first() {
    let project = budgets("budgets-failing");
    let failed = test_unchecked(&project, "failing::");
    assert_eq!(failed.code, Some(101), "{}", failed.stdout);
    assert!(failed.stdout.contains("0 passed; 4 failed"), "{}", failed.stdout);
    assert!(!failed.stdout.contains("over budget"), "{}", failed.stdout);
    assert!(of(&failed, "failing::panics").contains("a panic of its own"));
    assert!(of(&failed, "failing::returns_an_error").contains("Error: \"an error of its own\""));
    assert!(of(&failed, "failing::panics_otherwise").contains("panic did not contain expected string"));
    assert!(of(&failed, "failing::does_not_panic").contains("test did not panic as expected"));
    assert_eq!(project.database().column("select distinct outcome from TESTS"), ["failed"]);
}

#[test]
fn a_modules_budgets_are_defaults() {
    let project = budgets("budgets-module");
    let failed = test_unchecked(&project, "of_the_module::");
    assert_eq!(failed.code, Some(101), "{}", failed.stdout);
    let outcomes: Vec<_> = rows(&project.database());
    let expected = [
        ("may_leak", "passed"),
        ("over_its_own", "over budget"),
        ("over_the_modules", "over budget"),
        ("within_its_own", "passed"),
    ];
    assert_eq!(outcomes, expected.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())));
    assert!(of(&failed, "of_the_module::over_its_own").contains("1024 bytes measured, 512 bytes allowed"));
}
