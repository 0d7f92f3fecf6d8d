//! Test names and parameters that are hard to write down: in the file as pytest would show them, control characters
//! escaped.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use monitor_store::{Metrics, Monitor};
use monitor_tests::{Database, Project, manifest, nextest_is_there, run};
use tempfile::TempDir;

fn long() -> String {
    "a_very_long_name_".repeat(18)[..300].to_owned()
}

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let source = include_str!("../fixtures/odd_names.rs").replace("{{long}}", &long());
    Project::kept(
        "odd-names",
        &[("Cargo.toml", &manifest("odd-names", "rstest = \"0.28\"\n")), ("src/lib.rs", &source)],
    )
});

const TEXTS: [&str; 10] = [
    "a \"quoted\" 'text'",
    "two\\nlines\\r\\n",
    "a\\x00b",
    "🦀 \u{202e}drawkcab\u{202c}",
    "\\x1b[31mred\\x1b[0m",
    "'; DROP TABLE TEST_METRICS; --",
    "<b>&amp;</b>",
    "=1+1",
    "",
    "a, b] [c",
];

fn expected() -> Vec<String> {
    let mut expected: Vec<String> = TEXTS.iter().map(|text| format!("shown[{text}]")).collect();
    expected.extend([
        "helped".to_owned(),
        "helped_below".to_owned(),
        long(),
        "several[\\n, \\t, Some(\"\\\"\\0\"), 3ms]".to_owned(),
    ]);
    expected.sort();
    expected
}

fn record(args: &[&str], variables: &[(&str, &Path)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("x.pymon");
    let mut command = PROJECT.cargo(args);
    command.env("MONITOR_DB", &path).envs(variables.iter().copied());
    let run = run(command).succeeded();
    assert_eq!(run.warnings(), [] as [&str; 0]);
    (folder, path)
}

/// The variants, those too long to be kept apart.
fn variants(path: &Path) -> (Vec<String>, Vec<String>) {
    let rows = Database::open(path).column("select ITEM_VARIANT from TEST_METRICS");
    let (long, mut rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|variant| variant.starts_with("long_text"));
    rows.sort();
    (long, rows)
}

#[test]
fn names_and_parameters_are_told_apart_and_found_again() {
    let mut commands = vec![&["test", "--lib"][..]];
    if nextest_is_there() {
        commands.push(&["nextest", "run"]);
    }
    for args in commands {
        let (_folder, path) = record(args, &[]);
        let (long, rows) = variants(&path);
        assert_eq!(rows, expected());
        assert_eq!(long.len(), 2);
        assert_ne!(long[0], long[1], "a hash tells cut ones apart");
        for variant in &long {
            assert!(variant.chars().count() <= 2048 && variant.starts_with("long_text[äää"), "{variant}");
        }
        let database = Database::open(&path);
        assert_eq!(database.column("select distinct OUTCOME from TEST_PROFILES"), ["passed"]);
        let items = database.column("select distinct ITEM from TEST_METRICS order by 1");
        assert_eq!(items, [&*self::long(), "helped", "helped_below", "long_text", "several", "shown"]);
        // A user's helper is part of the test, whatever it is called: one row, of all that the test took.
        let helped = "select min(TOTAL_TIME) >= 0.12 from TEST_METRICS where ITEM like 'helped%'";
        assert_eq!(database.value(helped), "1");
        // And by our own reader, which is asked for one of them.
        let monitor = Monitor::open(&path).expect("the file can be read");
        let found =
            monitor.metrics(&Metrics::all().variant(&format!("shown[{}]", TEXTS[5]))).expect("rows can be read");
        assert_eq!(found.len(), 1);
    }
}

#[test]
fn they_also_survive_a_file_that_cannot_be_written() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("x.pymon");
    std::fs::create_dir(&path).expect("a folder can be made");
    let record = || {
        let mut command = PROJECT.cargo(&["test", "--lib"]);
        command.env("MONITOR_DB", &path);
        run(command).succeeded()
    };
    assert_eq!(record().warnings().len(), 1);
    std::fs::remove_dir(&path).expect("the folder can be removed");
    assert_eq!(record().warnings().len(), 0);
    let database = Database::open(&path);
    let sessions = database.column("select SESSION_H from TEST_SESSIONS");
    assert_eq!(sessions.len(), 2);
    for session in sessions {
        let rows =
            format!("select ITEM_VARIANT from TEST_METRICS where SESSION_H = '{session}' and ITEM <> 'long_text'");
        let mut rows = database.column(&rows);
        rows.sort();
        assert_eq!(rows, expected());
    }
}

#[test]
fn parameters_can_be_named() {
    let (_folder, path) = record(&["test", "--lib", "several"], &[("MONITOR_EXPLICIT_PARAMETERS", Path::new("1"))]);
    let (_, rows) = variants(&path);
    assert_eq!(rows, ["several[letter=\\n, text=\\t, option=Some(\"\\\"\\0\"), time=3ms]"]);
}
