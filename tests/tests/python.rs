//! One file, two worlds: the real pytest-monitor writes to our file, we write to its, and `monitor_api` reads both.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::thread;

use monitor_store::{Monitor, Sessions};
use monitor_tests::{Database, Project, Python, manifest, nextest_is_there, python, run};
use tempfile::TempDir;

/// Tests in the library with odd names and parameters, and a file of tests that end their process.
static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let long = "a_very_long_name_".repeat(18);
    let source = include_str!("../fixtures/odd_names.rs").replace("{{long}}", &long[..300]);
    Project::kept(
        "python",
        &[
            ("Cargo.toml", &manifest("python", "libc = \"0.2\"\nrstest = \"0.28\"\n")),
            ("src/lib.rs", &source.replace("odd_names::", "python::")),
            ("tests/crashes.rs", include_str!("../fixtures/crashes.rs")),
        ],
    )
});

/// Tests of the library.
const OURS: usize = 16;
/// Tests of the Python suite.
const THEIRS: usize = 3;

/// A file that both write to, and a Python suite beside it.
struct Shared {
    folder: TempDir,
    path: PathBuf,
    python: Python,
}

impl Shared {
    fn new(python: Python) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("shared.pymon");
        let suite = folder.path().join("test_suite.py");
        std::fs::write(suite, include_str!("../fixtures/python/test_suite.py")).expect("a file can be written");
        Self { folder, path, python }
    }

    fn pytest(&self) -> Command {
        let mut command = self.python.command();
        command
            .args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider", "--db"])
            .arg(&self.path)
            .args(["--tag", "color=red", "--description", "their run", "test_suite.py"])
            .current_dir(self.folder.path());
        command
    }

    fn ours(&self, args: &[&str]) -> Command {
        let mut command = PROJECT.cargo(args);
        command.env("MONITOR_DB", &self.path);
        command
    }

    fn run_pytest(&self) {
        let _ = run(self.pytest()).succeeded();
    }

    fn run_ours(&self) {
        assert_eq!(run(self.ours(&["test", "--lib"])).succeeded().warnings(), [] as [&str; 0]);
    }

    /// What `monitor_api` found, which it compared with SQL.
    fn read_all(&self) -> String {
        let mut command = self.python.command();
        command.args(["-c", include_str!("../fixtures/python/read_all.py")]).arg(&self.path);
        run(command).succeeded().stdout.trim().to_owned()
    }

    fn rows(&self) -> Vec<Vec<Vec<String>>> {
        rows(&self.path)
    }
}

fn rows(path: &Path) -> Vec<Vec<Vec<String>>> {
    let database = Database::open(path);
    let tables = ["TEST_SESSIONS", "EXECUTION_CONTEXTS", "TEST_METRICS"];
    tables.iter().map(|table| database.rows(&format!("select * from {table}"))).collect()
}

/// All rows of `before` are in `after`, as they were.
fn assert_kept(before: &[Vec<Vec<String>>], after: &[Vec<Vec<String>>]) {
    for (before, after) in before.iter().zip(after) {
        for row in before {
            assert!(after.contains(row), "{row:?} is gone");
        }
    }
}

#[test]
fn pytest_monitor_appends_its_session_to_our_file() {
    let Some(python) = python() else { return };
    let shared = Shared::new(python);
    shared.run_ours();
    let before = shared.rows();
    shared.run_pytest();
    let after = shared.rows();
    assert_kept(&before, &after);
    assert_eq!([after[0].len(), after[1].len(), after[2].len()], [2, 2, OURS + THEIRS]);
    assert_eq!(shared.read_all(), format!("2 sessions, 2 contexts, {} metrics, 0 pipelines", OURS + THEIRS));
    shared.run_ours();
    assert_kept(&after, &shared.rows());
    assert_eq!(shared.read_all(), format!("3 sessions, 2 contexts, {} metrics, 0 pipelines", 2 * OURS + THEIRS));
    let database = Database::open(&shared.path);
    assert_eq!(database.value("select count(*) from TEST_PROFILES"), (2 * OURS).to_string());
    assert_eq!(database.value("select count(*) from TESTS where outcome is null and item = 'test_parameters'"), "2");
}

#[test]
fn we_append_our_session_to_the_file_of_pytest_monitor() {
    let Some(python) = python() else { return };
    let shared = Shared::new(python);
    shared.run_pytest();
    let before = shared.rows();
    let columns = "select group_concat(name) from (select m.name || ' ' || p.name name from sqlite_master m, pragma_table_info(m.name) p \
                   where m.name in ('TEST_SESSIONS', 'EXECUTION_CONTEXTS', 'TEST_METRICS') order by m.name, p.cid)";
    let schema = Database::open(&shared.path).value(columns);
    shared.run_ours();
    let after = shared.rows();
    assert_kept(&before, &after);
    assert_eq!([after[0].len(), after[1].len(), after[2].len()], [2, 2, OURS + THEIRS]);
    assert_eq!(Database::open(&shared.path).value(columns), schema);
    shared.run_pytest();
    assert_eq!(shared.read_all(), format!("3 sessions, 2 contexts, {} metrics, 0 pipelines", OURS + 2 * THEIRS));
    // Our reader knows theirs too.
    let monitor = Monitor::open(&shared.path).expect("the file can be read");
    let of_theirs = monitor.session_details(&Sessions::all().tag("color", Some("red"))).expect("rows can be read");
    assert_eq!(of_theirs.len(), 2);
    for details in of_theirs {
        assert_eq!((details.metrics, details.class), (THEIRS as u64, None));
        assert!(details.session.description.contains(&("description".to_owned(), "their run".to_owned())));
    }
}

#[test]
fn both_go_on_with_a_file_of_an_earlier_version() {
    let Some(python) = python() else { return };
    let shared = Shared::new(python);
    shared.run_pytest();
    // As our version 3 would have made it, with a row that both might have written.
    let database = Database::open(&shared.path);
    for sql in [
        include_str!("../../monitor-store/src/sqlite/migrations/0002_profiles.sql"),
        include_str!("../../monitor-store/src/sqlite/migrations/0003_indexes.sql"),
        "insert into TEST_PROFILES (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME, PACKAGE, BINARY, ATTEMPT, OUTCOME)
             select SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME, 'p', 'b', 1, 'passed' from TEST_METRICS limit 1;
         pragma user_version = 3",
    ] {
        database.execute(sql);
    }
    drop(database);
    let before = shared.rows();
    shared.run_ours();
    assert_kept(&before, &shared.rows());
    shared.run_pytest();
    assert_eq!(shared.read_all(), format!("3 sessions, 2 contexts, {} metrics, 0 pipelines", OURS + 2 * THEIRS));
    let database = Database::open(&shared.path);
    assert_eq!(database.value("select count(*) from TEST_PROFILES"), (OURS + 1).to_string());
    assert_eq!(
        database.value("select count(*) from sqlite_master where type = 'table' and name = 'TEST_METRICS'"),
        "0"
    );
}

#[test]
fn monitor_api_reads_every_kind_of_row() {
    let Some(python) = python() else { return };
    let shared = Shared::new(python);
    let record = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = shared.ours(args);
        command.envs(variables.iter().copied());
        run(command)
    };
    let modules = ("MONITOR_SCOPE", "function,module,session");
    let ci = [("GITHUB_ACTIONS", "true"), ("GITHUB_RUN_NUMBER", "13"), ("GITHUB_REF_NAME", "main")];
    let _ = record(&["test", "--lib"], &[&[modules, ("MONITOR_TAGS", "a=1,color=light \"blue\"")][..], &ci].concat())
        .succeeded();
    let _ = record(&["test", "--lib", "shown"], &[("MONITOR_DESCRIPTION", "it's\nodd"), ("MONITOR_CPU_FREQ", "2600")])
        .succeeded();
    assert_eq!(record(&["test", "--test", "crashes", "exits::", "--", "--test-threads=1"], &[]).code, Some(3));
    assert_eq!(
        record(&["test", "--test", "crashes", "killed::", "--", "--test-threads=1"], &[modules]).code,
        Some(101)
    );
    if nextest_is_there() {
        let _ = record(&["nextest", "run", "--lib"], &[modules]).succeeded();
    }
    drop(Monitor::open(&shared.path).expect("the file can be read"));
    let nextest = usize::from(nextest_is_there());
    // Module `tests` and the session, for the first and for nextest's; the crashed module and its session.
    let metrics = OURS + 2 + 10 + 1 + (1 + 2) + nextest * (OURS + 2);
    assert_eq!(shared.read_all(), format!("{} sessions, 2 contexts, {metrics} metrics, 1 pipelines", 4 + nextest));
}

#[test]
fn both_write_at_once() {
    let Some(python) = python() else { return };
    let shared = Shared::new(python);
    shared.run_ours();
    thread::scope(|scope| {
        let theirs = scope.spawn(|| (0..3).for_each(|_| shared.run_pytest()));
        let ours = scope.spawn(|| (0..6).for_each(|_| shared.run_ours()));
        theirs.join().expect("theirs pass");
        ours.join().expect("ours pass");
    });
    assert_eq!(shared.read_all(), format!("10 sessions, 2 contexts, {} metrics, 0 pipelines", 7 * OURS + 3 * THEIRS));
}
