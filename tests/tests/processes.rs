//! Many test processes that write to one file at once.
#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use monitor_tests::{Database, Project, Run, manifest};

const PROCESSES: usize = 32;
const TESTS: usize = 10;

fn run_at_once(project: &Project, path: &Path) {
    let binary = project.test_binary();
    let start = |_| {
        let mut command = project.command(&binary);
        command.env("MONITOR_DB", path).env("MONITOR_SESSION", "at once").stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the test binary starts")
    };
    let children: Vec<Child> = (0..PROCESSES).map(start).collect();
    for child in children {
        let run = Run::from(child.wait_with_output().expect("it ends")).succeeded();
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn no_row_is_lost_where_32_processes_write_at_once() {
    let project = Project::kept(
        "processes",
        &[("Cargo.toml", &manifest("processes", "")), ("src/lib.rs", include_str!("../fixtures/ten_tests.rs"))],
    );
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("x.pymon");
    // The first time into a new file, which all want to make; then into one that is there.
    for round in 1..=2 {
        run_at_once(&project, &path);
        let database = Database::open(&path);
        let rows = (round * PROCESSES * TESTS).to_string();
        assert_eq!(database.value("select count(*) from TEST_METRICS"), rows);
        assert_eq!(
            database.rows("select outcome, kind, count(*) from TESTS group by 1, 2"),
            [["passed", "function", rows.as_str()]]
        );
        assert_eq!(
            database.column("select distinct count(*) from TEST_METRICS group by ITEM"),
            [(round * PROCESSES).to_string()]
        );
        assert_eq!(database.value("select count(*) from TEST_SESSIONS"), "1");
        assert_eq!(database.value("select count(*) from EXECUTION_CONTEXTS"), "1");
        assert_eq!(
            database.rows("select STATE, count(*) from PROCESSES group by 1"),
            [["settled".to_owned(), (round * PROCESSES).to_string()]]
        );
        assert_eq!(database.value("pragma integrity_check"), "ok");
    }
    let files = fs::read_dir(folder.path()).expect("the folder can be read").flatten();
    let others: Vec<_> = files.map(|file| file.file_name()).filter(|name| name != "x.pymon").collect();
    // This test's own look at the file may have left its log.
    assert!(others.iter().all(|name| !name.to_string_lossy().contains("spool")), "{others:?}");
}
