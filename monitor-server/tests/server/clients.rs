//! The real clients from PyPI: pytest-monitor sends, `monitor_api` reads.

use std::path::Path;
use std::process::Command;
use std::thread;

use monitor_tests::{Python, python, run};

use super::process::Server;

/// Tests of the suite.
const TESTS: u64 = 10;

/// A run of the suite that writes to a file and sends to a server.
fn pytest(python: &Python, folder: &Path, server: &Server, args: &[&str]) -> Command {
    let suite = folder.join("test_sent.py");
    if !suite.exists() {
        std::fs::write(&suite, include_str!("../fixtures/test_sent.py")).expect("a file can be written");
    }
    let mut command = python.command();
    command.args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider", "--remote-server", &server.base()]);
    command.args(args).arg("test_sent.py").current_dir(folder);
    for (name, value) in [("DRONE_REPO_BRANCH", "main"), ("DRONE_BUILD_NUMBER", "7")] {
        command.env(name, value);
    }
    command
}

#[test]
fn what_pytest_monitor_sends_reads_as_its_file_does() {
    let Some(python) = python() else { return };
    thread::scope(|scope| {
        for server in Server::each(&[]) {
            let python = &python;
            scope.spawn(move || {
                let folder = tempfile::tempdir().expect("a temporary folder can be made");
                // A revision, by which metrics can be found.
                for args in [
                    &["init", "-q"][..],
                    &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a", "--allow-empty"],
                ] {
                    let done = Command::new("git").args(args).current_dir(folder.path()).status();
                    assert!(done.expect("git runs").success());
                }
                let file = folder.path().join("local.pymon");
                let db = file.to_str().expect("a path in UTF-8");
                let tagged =
                    ["--db", db, "--tag", "color=red", "--description", "their run", "--component-prefix", "prefix"];
                let _ = run(pytest(python, folder.path(), &server, &tagged)).succeeded();
                let modules = ["--db", db, "--restrict-scope-to", "function,module"];
                let _ = run(pytest(python, folder.path(), &server, &modules)).succeeded();
                let metrics = 2 * TESTS + 1;
                let mut compare = python.command();
                compare.args(["-c", include_str!("../fixtures/compare.py"), db, &server.base(), &metrics.to_string()]);
                let compared = run(compare).succeeded();
                assert!(compared.stdout.contains("answers are the same"), "{}: {}", server.kind, compared.stdout);
                assert_eq!(server.list("components/", "components"), ["prefix.own", "own"]);
            });
        }
    });
}

#[test]
fn workers_of_xdist_lose_nothing() {
    let Some(python) = python() else { return };
    for server in Server::each(&[]) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let _ = run(pytest(&python, folder.path(), &server, &["--no-db", "-n", "4"])).succeeded();
        assert_eq!(server.count("metrics/count"), TESTS, "{}", server.kind);
        assert_eq!(server.count("sessions/count"), 5, "one for each worker and one for their controller");
    }
}

#[test]
fn first_runs_that_race_lose_nothing() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for _ in 0..5 {
        for server in Server::each(&[]) {
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        run(pytest(&python, folder.path(), &server, &["--no-db", "-k", "plain"])).succeeded()
                    });
                }
            });
            assert_eq!(server.count("metrics/count"), 4, "{}", server.kind);
        }
    }
}

#[test]
fn monitor_api_reads_beyond_the_first_page() {
    let Some(python) = python() else { return };
    for server in Server::each(&["--page-size", "4"]) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let _ = run(pytest(&python, folder.path(), &server, &["--no-db"])).succeeded();
        let mut count = python.command();
        let script = "import sys; from monitor_api import Monitor; print(len(Monitor(sys.argv[1]).list_metrics()))";
        count.args(["-c", script, &server.base()]);
        assert_eq!(run(count).succeeded().stdout.trim(), TESTS.to_string(), "{}", server.kind);
    }
}
