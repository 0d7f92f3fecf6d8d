//! A project whose tests change, as `cargo monitor push` would send it.

use serde_json::{Value, json};

use super::process::Server;
use super::samples::{context, session};

/// One run of a test: name, seconds, bytes of heap.
pub type Run<'a> = (&'a str, f64, u64);

/// A whole session that began on a day of 2026-10.
pub fn send(server: &Server, project: &str, h: &str, day: u32, commit: &str, branch: &str, runs: &[Run<'_>]) {
    post(server, project, &body(json!({"git_branch": branch}), h, day, commit, runs));
}

/// A session with tags of its own.
pub fn send_with(server: &Server, project: &str, tags: Value, h: &str, day: u32, commit: &str, runs: &[Run<'_>]) {
    post(server, project, &body(tags, h, day, commit, runs));
}

/// A session of a branch that left another at a commit.
pub fn send_branch(server: &Server, project: &str, branch: &str, day: u32, merge_base: &str, runs: &[Run<'_>]) {
    let mut body = body(json!({"git_branch": branch}), branch, day, &format!("{branch}0000"), runs);
    body["session"]["merge_base"] = json!(merge_base);
    post(server, project, &body);
}

/// A session of a branch that is over.
pub fn send_ended(server: &Server, project: &str, h: &str, day: u32, branch: &str, runs: &[Run<'_>]) {
    let mut body = body(json!({"git_branch": branch}), h, day, &format!("{h}0000"), runs);
    body["session"]["ended"] = json!(true);
    post(server, project, &body);
}

/// A session in which one test ended so.
pub fn send_outcome(server: &Server, project: &str, h: &str, day: u32, commit: &str, outcome: &str) {
    let mut body = body(json!({}), h, day, commit, &[("t::moody", 0.1, 1024)]);
    body["rows"][0]["profile"]["outcome"] = json!(outcome);
    post(server, project, &body);
}

/// A session in which one of the tests failed.
pub fn send_failed(server: &Server, project: &str, h: &str, runs: &[Run<'_>], failed: &str) {
    let mut body = body(json!({}), h, 1, "aaaa", runs);
    let place = runs.iter().position(|(name, _, _)| *name == failed).expect("one of them");
    body["rows"][place]["profile"]["outcome"] = json!("failed");
    post(server, project, &body);
}

fn post(server: &Server, project: &str, body: &Value) {
    let answer = server.post(&format!("/p/{project}/api/v2/sessions"), body);
    assert_eq!(answer.status, 201, "{}: {}", server.kind, answer.text());
}

fn body(tags: Value, h: &str, day: u32, commit: &str, runs: &[Run<'_>]) -> Value {
    let mut known = session(h, tags);
    known["run_date"] = json!(format!("2026-10-{day:02}T08:00:00.000000"));
    known["scm_ref"] = json!(commit);
    let mut machine = context("c1");
    machine["class"] =
        json!({"class_h": "k1", "rustc": "rustc 1.95.0", "profile": "debug", "opt_level": "0", "target": "t"});
    let rows: Vec<Value> = runs.iter().enumerate().map(|(at, run)| row(at, day, *run)).collect();
    json!({"session": known, "contexts": [machine], "rows": rows})
}

fn row(at: usize, day: u32, (name, seconds, heap): Run<'_>) -> Value {
    let (path, variant) = name.rsplit_once("::").unwrap_or(("", name));
    json!({
        "context_h": "c1", "item_start_time": format!("2026-10-{day:02}T08:{:02}:{:02}.000000", at / 60, at % 60), "item_path": path,
        "item": variant, "item_variant": variant, "item_fs_loc": "src/lib.rs", "kind": "function", "component": "demo",
        "package": "demo", "binary": "demo", "total_time": seconds, "user_time": seconds * 0.9, "kernel_time": 0.0,
        "cpu_usage": 0.9, "mem_usage": heap as f64 / 1_048_576.0,
        "profile": {
            "attempt": 1, "outcome": "passed", "attribution": "process", "mem_source": "heap", "heap_peak": heap,
            "heap_retained": 0, "allocations": heap / 1024, "threads": 1,
        },
    })
}

/// 20 days of `main` on which nothing changes, and a branch that makes `grows` slower and hungrier.
pub fn evolution(server: &Server, project: &str) {
    for day in 1..=20 {
        let noise = 1.0 + f64::from(day * 7 % 5) / 100.0;
        let runs = [("demo::tests::grows", 0.5 * noise, 1 << 20), ("demo::tests::steady", 0.2 * noise, 4096)];
        send(server, project, &format!("m{day:02}"), day, &format!("{day:02}aaaaaaaa"), "main", &runs);
    }
    let runs = [("demo::tests::grows", 1.5, 4 << 20), ("demo::tests::steady", 0.2, 4096)];
    send(server, project, "worse", 25, "bbbbbbbbbb", "feature", &runs);
    let runs = [("demo::tests::grows", 0.5, 1 << 20), ("demo::tests::steady", 0.2, 4096)];
    send(server, project, "fine", 26, "cccccccccc", "other", &runs);
}
