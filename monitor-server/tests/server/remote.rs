//! Tests that send what they write: the feature `remote` of the runtime.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use monitor_tests::{Project, Run, cargo_monitor, run};
use serde_json::{Value, json};

use super::process::Server;
use super::samples::{context, metric, session};

const MANIFEST: &str = r#"[package]
name = "sends-its-rows"
version = "0.1.0"
edition = "2024"

[workspace]

[dev-dependencies]
monitor-runtime = { path = "{{repo}}/monitor-runtime", features = ["remote"] }
"#;

const LIB: &str = r#"#[cfg(test)]
mod tests {
    use monitor_runtime::monitored;

    #[test]
    #[monitored]
    fn one() {}

    #[test]
    #[monitored]
    fn two() {
        if std::env::var_os("DIE").is_some() {
            std::process::abort();
        }
    }
}
"#;

fn test(binary: &Path, folder: &Path, remote: &str, session: &str) -> Command {
    let mut command = Command::new(binary);
    command.env("MONITOR_DB", folder.join(".pymon")).env("MONITOR_REMOTE", remote).env("MONITOR_SESSION", session);
    command.env_remove("MONITOR_REMOTE_TOKEN").current_dir(folder).arg("--test-threads=1");
    command
}

/// The number of rows of each session of the project, and its text.
fn sessions(server: &Server) -> Vec<(u64, String)> {
    let list = server.get("/p/ours/api/v2/sessions").text();
    let listed = list.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    listed
        .map(|listed| {
            let session_h = listed["session"]["session_h"].as_str().expect("a text");
            let text = server.get(&format!("/p/ours/api/v2/sessions/{session_h}")).text();
            (listed["rows"].as_u64().expect("a number"), text)
        })
        .collect()
}

#[test]
fn tests_send_their_rows_and_what_was_not_taken_goes_with_the_next_run() {
    let project = Project::kept("sends-its-rows", &[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB)]);
    let binary = project.test_binary();
    for server in Server::each(&[]) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let unsent = folder.path().join(".pymon.unsent");
        let remote = format!("http://{}/p/ours", server.address);
        let tests = |session: &str, remote: &str| test(&binary, folder.path(), remote, session);

        let sent = run(tests("a1", &remote)).succeeded();
        assert_eq!(sent.warnings(), [""; 0], "{}", server.kind);
        let first = sessions(&server);
        assert_eq!(first.iter().map(|session| session.0).collect::<Vec<_>>(), [2], "{}", server.kind);
        assert!(first[0].1.contains("\"item\":\"two\"") && first[0].1.contains("\"class_h\""), "{}", first[0].1);

        // Nobody there: one warning, the tests pass, and it takes no longer than it may.
        let nowhere = "http://192.0.2.1/p/ours";
        let begin = Instant::now();
        let alone: Run = run(tests("b2", nowhere)).succeeded();
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "a machine that is busy, but not one that waits for the server"
        );
        alone.warned_once(&["does not answer", "cargo monitor push"]);
        // Others that end soon after do not try again.
        assert_eq!(run(tests("b2", nowhere)).succeeded().warnings(), [""; 0]);
        let waiting: Value = serde_json::from_slice(&std::fs::read(&unsent).expect("a queue")).expect("JSON");
        assert_eq!(waiting[nowhere]["sessions"].as_object().map(serde_json::Map::len), Some(1), "{waiting}");

        // A process that dies sends nothing; the next one does.
        let died = run({
            let mut dies = tests("c3", &remote);
            dies.env("DIE", "1");
            dies
        });
        assert_ne!(died.code, Some(0));
        assert_eq!(sessions(&server).len(), 1, "{}", server.kind);
        let _ = run(tests("d4", &remote)).succeeded();
        let all = sessions(&server);
        assert_eq!(all.iter().map(|session| session.0).collect::<Vec<_>>(), [2, 2, 2], "{}: {all:?}", server.kind);
        assert_eq!(all.iter().filter(|session| session.1.contains("\"outcome\":\"crashed\"")).count(), 1, "{all:?}");

        // A server that refuses is told of once, and the rows wait.
        let refusing = run(tests("e5", &remote.replace("/p/ours", "/p/not%20a%20project"))).succeeded();
        assert_eq!(refusing.warnings().len(), 1, "{}", refusing.stderr);
    }
}

#[test]
fn a_copy_follows_a_test_that_ended_after_all() {
    let server = Server::sqlite(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("http://{}/p/ours", server.address);
    let send = |outcome: &str, has_ended: bool| {
        let mut row = metric(json!({"profile": {"outcome": outcome}, "package": "pkg", "binary": "lib"}));
        let fields = row.as_object_mut().expect("an object");
        fields.retain(|name, _| {
            name != "session_h"
                && (has_ended || !(name.ends_with("_time") || name.ends_with("_usage")) || name == "item_start_time")
        });
        let batch = json!({"session": session("s1", json!({})), "contexts": [context("c1")], "rows": [row]});
        let answer = server.post("/p/ours/api/v2/sessions", &batch);
        assert_eq!(answer.status, 201, "{}", answer.text());
    };
    let show = || {
        let mut command = Command::new(cargo_monitor());
        command.args(["monitor", "--db", &url, "show", "--format", "json"]).current_dir(folder.path());
        command.env("XDG_CACHE_HOME", folder.path()).env_remove("MONITOR_DB");
        run(command).succeeded().stdout
    };
    for (outcome, has_ended) in [("crashed", false), ("passed", true)] {
        send(outcome, has_ended);
        let shown = show();
        assert!(shown.contains(&format!("\"{outcome}\"")), "{outcome}: {shown}");
    }
}
