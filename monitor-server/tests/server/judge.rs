//! The server judges as `cargo monitor gate` does on a file with the same rows.

use monitor_client::{Batch, Target};
use monitor_report::comparison::{Comparison, Request, Sides};
use monitor_report::gate::Gate;
use monitor_report::render::json;
use monitor_report::view::compare;
use monitor_report::view::gate::document;
use monitor_report::{NoRepository, Records};
use monitor_store::{Monitor, Timestamp};
use serde_json::{Value, json};

use super::process::Server;
use super::samples::context;

/// Numbers that look like chance, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// From `low` to `high`.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.below(10_000) as f64 / 10_000.0
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// Sessions of branches, machines and pytest-monitor, with noise, steps, failures, crashes and retries; or calm ones, of which
/// the last takes a step.
fn history(chance: &mut Chance, is_calm: bool) -> Vec<Value> {
    let (sessions, tests) = (2 + chance.below(24) + if is_calm { 12 } else { 0 }, 1 + chance.below(6));
    let scatter = if is_calm { 0.002 } else { [0.002, 0.05, 0.3][chance.below(3) as usize] };
    let at = if is_calm { sessions - 1 } else { chance.below(sessions) };
    let step = (is_calm || chance.one_in(2)).then(|| (at, chance.between(1.5, 3.0)));
    let is_python = !is_calm && chance.one_in(6);
    let mut history = Vec::new();
    for number in 0..sessions {
        let mut rows = Vec::new();
        for test in 0..tests {
            if !is_calm && chance.one_in(12) {
                continue;
            }
            let level = if step.is_some_and(|(at, _)| number >= at) { step.map_or(1.0, |step| step.1) } else { 1.0 };
            let wall = (0.01 + test as f64 * 0.1) * level * (1.0 + chance.between(-scatter, scatter));
            rows.push(row(chance, number, test, wall, is_python, is_calm));
        }
        let class = if !is_calm && chance.one_in(8) { "other" } else { "usual" };
        let mut machine = context(class);
        if !is_python {
            machine["class"] =
                json!({"class_h": class, "rustc": "rustc 1.95.0", "profile": "dev", "opt_level": "0", "target": "t"});
        }
        for row in &mut rows {
            row["context_h"] = class.into();
        }
        // Sent in another order than they ran now and then.
        let day = if !is_calm && chance.one_in(5) { 1 + number / 2 } else { 1 + number };
        history.push(json!({
            "session": {
                "session_h": format!("{number:02}{:06x}", chance.below(1 << 24)),
                "run_date": format!("2026-{}T10:00:00.{:06}", date(day), chance.below(1_000_000)),
                "scm_ref": format!("{:04x}", if is_calm { number } else { chance.below(12) }), "ended": true,
                "description": {
                    "git_branch": if !is_calm && chance.one_in(4) { "feature" } else { "main" },
                    "git_dirty": chance.one_in(5).to_string(),
                },
            },
            "contexts": [machine], "rows": rows,
        }));
    }
    history
}

/// Month and day.
fn date(day: u64) -> String {
    format!("{:02}-{:02}", 1 + day / 28, 1 + day % 28)
}

fn row(chance: &mut Chance, session: u64, test: u64, wall: f64, is_python: bool, is_calm: bool) -> Value {
    let item = format!("test_{test}");
    let start = format!("2026-{}T10:00:{test:02}.{:06}", date(1 + session), chance.below(1_000_000));
    let mut row = json!({
        "item_start_time": start, "item_path": "krate::tests", "item": item, "item_variant": item,
        "item_fs_loc": "src/lib.rs", "kind": "function", "component": "krate", "total_time": wall, "user_time": wall * 0.9,
        "kernel_time": 0.0, "cpu_usage": 0.9, "mem_usage": chance.below(4) as f64,
    });
    if is_python {
        return row;
    }
    let allocations = if chance.one_in(2) { 100 + test } else { 100 + chance.below(50) };
    let outcome = ["passed", "passed", "passed", "passed", "failed", "crashed"]
        [chance.below(if is_calm { 4 } else { 6 }) as usize];
    row["package"] = "krate".into();
    row["binary"] = "krate".into();
    row["profile"] = json!({
        "attempt": 1 + chance.below(2), "outcome": outcome, "attribution": if !is_calm && chance.one_in(9) { "shared" } else { "threads" },
        "mem_source": "heap", "heap_peak": 4096 * allocations, "heap_retained": 0, "allocations": allocations,
        "threads": 1 + chance.below(2),
    });
    if outcome == "crashed" {
        for figure in ["total_time", "user_time", "kernel_time", "cpu_usage", "mem_usage"] {
            row[figure] = Value::Null;
        }
        row["component"] = row["package"].clone();
        row["item_fs_loc"] = "".into();
    }
    row
}

/// What `cargo monitor gate --format json` prints.
fn of_file(monitor: &Monitor, baseline: &str, session_h: &str) -> String {
    let gate = Gate::new(baseline, format!("session:{session_h}"));
    let outcome = gate.check(Records { source: monitor, repository: &NoRepository }, Timestamp::now());
    json(&document(&outcome.expect("the gate answers")))
}

fn compare_page(project: &str, base: &str, head: &str) -> String {
    format!("/p/{project}/compare.json?base=session:{base}&head=session:{head}&rows=all")
}

/// What `cargo monitor compare --all --format json` prints.
fn compared_in_file(monitor: &Monitor, base: &str, head: &str) -> String {
    let records = Records { source: monitor, repository: &NoRepository };
    let sides = Sides::find(records, &format!("session:{base}"), &format!("session:{head}")).expect("both are there");
    json(&compare::document(&Comparison::new(monitor, Request::new(sides)).expect("they are compared"), true))
}

#[test]
fn the_verdict_is_that_of_the_gate_on_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut decisions = Vec::new();
    for server in Server::each(&[]) {
        for seed in 0..8 {
            let mut chance = Chance(seed * 7919 + 1);
            let (project, file) = (format!("h{seed}"), folder.path().join(format!("{}{seed}.pymon", server.kind)));
            let mut target = Target::open(&file).expect("a file can be made");
            let mut sessions = Vec::new();
            for batch in history(&mut chance, seed % 2 == 0) {
                let text = batch.to_string();
                let send = |text: &str| {
                    let sent = server.post_text(&format!("/p/{project}/api/v2/sessions"), text);
                    assert_eq!(sent.status, 201, "{}: {}", server.kind, sent.text());
                };
                let before = sessions.last().cloned();
                sessions.push(batch["session"]["session_h"].as_str().expect("a text").to_owned());
                if let Some(before) = before {
                    // What was said of a session is not remembered when more of it comes.
                    let mut part = batch.clone();
                    part["rows"].as_array_mut().expect("rows").pop();
                    send(&part.to_string());
                    server.get(&compare_page(&project, &before, sessions.last().expect("just added")));
                }
                send(&text);
                let batch: Batch<'_> = serde_json::from_str(&text).expect("a batch");
                target.write(batch).expect("the file takes it");
            }
            target.close().expect("the file takes it");
            let monitor = Monitor::open(&file).expect("the file can be read");
            let (base, head) = (&sessions[sessions.len() - 2], &sessions[sessions.len() - 1]);
            for _ in 0..2 {
                let answer = server.get(&compare_page(&project, base, head)).text();
                assert_eq!(answer, compared_in_file(&monitor, base, head), "{}: history {seed}", server.kind);
            }
            for session_h in sessions.iter().rev().take(2) {
                for baseline in ["main", "last:5"] {
                    let path = format!("/p/{project}/sessions/{session_h}/gate.json?baseline={baseline}");
                    let answer = server.get(&path).text();
                    let expected = of_file(&monitor, baseline, session_h);
                    assert_eq!(answer, expected, "{}: history {seed}, {session_h}, {baseline}", server.kind);
                    let gate: Value = serde_json::from_str(&expected).expect("JSON");
                    decisions.push([&gate["gate"], &gate["gate"]["gate"]].map(ToString::to_string).concat());
                }
            }
        }
    }
    for word in ["passed", "regressed", "no baseline"] {
        assert!(decisions.iter().any(|decision| decision.contains(word)), "no history is {word}: {decisions:?}");
    }
}
