//! What functions cost, from a file to the server's pages and back.

use std::path::Path;
use std::process::Command;

use monitor_tests::{Run, cargo_monitor, run};
use serde_json::{Value, json};

use super::process::Server;
use super::samples::{context, session};

const REASON: &str = "+12,000,000 instructions in demo::sieve::mark at demo/src/sieve.rs:23";

/// A session of a counted test, in which `demo::sieve::mark` costs so much.
fn counted(h: &str, day: u32, mark: u64) -> Value {
    let mut known = session(h, json!({"git_branch": "main"}));
    known["scm_ref"] = json!(format!("cafe{day:04}"));
    known["run_date"] = json!(format!("2026-10-{day:02}T08:00:00.000000"));
    let mut machine = context("c1");
    machine["class"] =
        json!({"class_h": "k1", "rustc": "rustc 1.95.0", "profile": "debug", "opt_level": "0", "target": "t"});
    let function = |name: &str, line: u32, own: u64| json!({"name": name, "file": "/home/me/demo/src/sieve.rs", "line": line, "self": own, "inclusive": own, "calls": 1});
    let row = json!({
        "context_h": "c1", "item_start_time": format!("2026-10-{day:02}T08:00:01.000001"), "item_path": "demo::tests",
        "item": "marks", "item_variant": "marks", "item_fs_loc": "src/lib.rs", "kind": "function", "component": "demo",
        "package": "demo", "binary": "demo", "total_time": 0.01,
        "profile": {"attempt": 1, "outcome": "passed", "attribution": "threads", "threads": 1, "instructions": mark + 2_000_000},
        "costs": [function("demo::sieve::mark", 23, mark), function("demo::sieve::count", 31, 2_000_000)],
    });
    json!({"session": known, "contexts": [machine], "rows": [row]})
}

fn monitor(folder: &Path, args: &[&str]) -> Run {
    let mut command = Command::new(cargo_monitor());
    command.arg("monitor").args(args).current_dir(folder).env("XDG_CACHE_HOME", folder).env_remove("MONITOR_DB");
    run(command)
}

#[test]
fn the_first_reason_of_a_regression_is_on_the_page_of_the_server() {
    for server in Server::each(&[]) {
        // The one's name begins the other's.
        for (h, day, mark) in [("s1", 1, 8_000_000), ("s12", 2, 20_000_000)] {
            // Twice: what is there is not doubled.
            for _ in 0..2 {
                let answer = server.post("/p/sent/api/v2/sessions", &counted(h, day, mark));
                assert_eq!(answer.status, 201, "{}: {}", server.kind, answer.text());
            }
        }
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let url = |project: &str| format!("http://{}/p/{project}", server.address);
        let _ = monitor(folder.path(), &["--db", "pulled.pymon", "pull", &url("sent")]).succeeded();
        let _ = monitor(folder.path(), &["--db", "pulled.pymon", "push", &url("pushed")]).succeeded();
        // Where it was sent to, in the file that was pulled, and where that was pushed to.
        for db in [url("sent"), "pulled.pymon".to_owned(), url("pushed")] {
            let compared = ["--db", &db, "compare", "session:s1", "session:s12", "--format", "json"];
            let compared = monitor(folder.path(), &compared).succeeded().stdout;
            assert!(compared.contains(REASON), "{}: {db}: {compared}", server.kind);
        }
        for project in ["sent", "pushed"] {
            for page in ["compare?base=session:s1&head=session:s12", "sessions/s12?baseline=session:s1"] {
                let shown = server.get(&format!("/p/{project}/{page}"));
                let text = shown.text();
                assert!(shown.status == 200 && text.contains(REASON), "{}: {project}/{page}: {text}", server.kind);
            }
        }
        // Costs that come when the page was made already say why all the same.
        for (h, day, mark) in [("s1", 1, 8_000_000), ("s12", 2, 20_000_000)] {
            let mut without = counted(h, day, mark);
            without["rows"][0]["costs"] = json!([]);
            assert_eq!(server.post("/p/later/api/v2/sessions", &without).status, 201);
        }
        let pages = ["compare?base=session:s1&head=session:s12", "sessions/s12?baseline=session:s1"];
        for has_reason in [false, true] {
            for page in pages {
                let text = server.get(&format!("/p/later/{page}")).text();
                assert_eq!(text.contains(REASON), has_reason, "{}: {page}: {text}", server.kind);
            }
            for (h, day, mark) in [("s1", 1, 8_000_000), ("s12", 2, 20_000_000)] {
                assert_eq!(server.post("/p/later/api/v2/sessions", &counted(h, day, mark)).status, 201);
            }
        }
        // What a costs says must be possible.
        for (field, value) in
            [("self", json!(-1)), ("name", json!("nul\u{0}")), ("calls", json!(1.5)), ("line", json!("1"))]
        {
            let mut wrong = counted("wrong", 3, 1);
            wrong["rows"][0]["costs"][0][field] = value;
            let answer = server.post("/p/sent/api/v2/sessions", &wrong);
            assert_eq!(answer.status, 400, "{}: {field}: {}", server.kind, answer.text());
        }
    }
}
