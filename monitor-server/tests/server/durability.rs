//! What was acknowledged is there, whatever happens to the server.

use std::collections::HashSet;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::json;

use super::process::Server;
use super::samples::{context, metric, session};

/// Rows in a batch.
const ROWS: usize = 20;

/// What clients and the one who ends their server tell each other.
#[derive(Debug, Default)]
struct Signals {
    stop: AtomicBool,
    acknowledged: AtomicUsize,
}

impl Signals {
    /// Waits until clients have been told of so many requests that they are stored.
    fn wait_for(&self, acknowledged: usize) {
        while self.acknowledged.load(Relaxed) < acknowledged {
            sleep(Duration::from_millis(1));
        }
    }
}

/// Sends metrics and batches until told to stop; returns what was acknowledged.
fn load(server: &Server, round: usize, client: usize, signals: &Signals) -> (Vec<String>, Vec<String>) {
    let (mut singles, mut batches) = (Vec::new(), Vec::new());
    for number in 0.. {
        if signals.stop.load(Relaxed) {
            break;
        }
        let name = format!("{round}-{client}-{number}");
        if number % 4 == 0 {
            let rows: Vec<_> = (0..ROWS)
                .map(|row| {
                    let mut row = metric(json!({"item_variant": format!("b{name}-{row}"), "item": "batch"}));
                    row.as_object_mut().expect("an object").remove("session_h");
                    row
                })
                .collect();
            let body =
                json!({"session": session(&format!("b{name}"), json!({})), "contexts": [context("c1")], "rows": rows});
            let ask = server.ask("POST", "/api/v2/sessions").body("application/json", body.to_string());
            if ask.try_send().is_some_and(|answer| answer.status == 201) {
                batches.push(format!("b{name}"));
                signals.acknowledged.fetch_add(1, Relaxed);
            }
        } else {
            let ask = server.ask("POST", "/api/v1/metrics/");
            let ask = ask.body("application/json", metric(json!({"item_variant": name, "item": "single"})).to_string());
            if ask.try_send().is_some_and(|answer| answer.status == 201) {
                singles.push(name);
                signals.acknowledged.fetch_add(1, Relaxed);
            }
        }
    }
    (singles, batches)
}

#[test]
fn a_server_that_is_killed_has_kept_what_it_acknowledged() {
    for mut server in Server::each(&["--page-size", "100000"]) {
        let (mut singles, mut batches) = (HashSet::new(), HashSet::new());
        for round in 0..20 {
            let (signals, acknowledged) = (Signals::default(), Mutex::new(Vec::new()));
            scope(|scope| {
                for client in 0..4 {
                    let (server, signals, acknowledged) = (&server, &signals, &acknowledged);
                    scope
                        .spawn(move || acknowledged.lock().expect("a lock").push(load(server, round, client, signals)));
                }
                // Not always at the same moment of a group.
                signals.wait_for(5 + round);
                sleep(Duration::from_micros(300 * round as u64));
                let killed = Command::new("kill").args(["-KILL", &server.pid().to_string()]).status();
                assert!(killed.expect("kill runs").success());
                signals.stop.store(true, Relaxed);
            });
            server.kill_and_restart();
            for (of_singles, of_batches) in acknowledged.into_inner().expect("a lock") {
                singles.extend(of_singles);
                batches.extend(of_batches);
            }
        }
        assert!(!singles.is_empty() && !batches.is_empty(), "{}: nothing was acknowledged", server.kind);
        let stored = |item: &str| server.list(&format!("items/{item}/metrics"), "metrics");
        let mut found = HashSet::new();
        for row in stored("single") {
            let name = row["item_variant"].as_str().expect("a text").to_owned();
            assert!(found.insert(name.clone()), "{}: {name} is there twice", server.kind);
        }
        assert!(singles.is_subset(&found), "{}: lost {:?}", server.kind, singles.difference(&found));
        let mut rows = std::collections::HashMap::new();
        for row in stored("batch") {
            *rows.entry(row["session_h"].as_str().expect("a text").to_owned()).or_insert(0) += 1;
        }
        for (session, count) in &rows {
            assert_eq!(*count, ROWS, "{}: {session} is half there", server.kind);
        }
        assert!(batches.iter().all(|session| rows.contains_key(session)), "{}: a batch is lost", server.kind);
    }
}

#[test]
fn a_server_that_is_told_to_end_answers_what_it_accepted() {
    for mut server in Server::each(&[]) {
        let signals = Signals::default();
        let (singles, batches) = scope(|scope| {
            let (running, of_load) = (&server, &signals);
            let load = scope.spawn(move || load(running, 0, 0, of_load));
            signals.wait_for(20);
            assert!(
                Command::new("kill").args(["-TERM", &server.pid().to_string()]).status().expect("kill runs").success()
            );
            sleep(Duration::from_millis(300));
            signals.stop.store(true, Relaxed);
            load.join().expect("the load ends")
        });
        assert!(server.wait().success(), "{}", server.kind);
        server.kill_and_restart();
        let expected = singles.len() + batches.len() * ROWS;
        assert_eq!(server.count("metrics/count"), expected as u64, "{}: not one more, not one less", server.kind);
    }
}

#[test]
fn two_servers_share_one_postgresql() {
    let Some(server) = Server::each(&["--page-size", "100000"]).into_iter().find(|server| server.kind == "PostgreSQL")
    else {
        return;
    };
    let other = server.beside();
    scope(|scope| {
        for number in 0..8 {
            let server = if number % 2 == 0 { &server } else { &other };
            scope.spawn(move || {
                for _ in 0..20 {
                    // The same rows from all: each is a row of its own.
                    assert_eq!(server.post("metrics/", &metric(json!({}))).status, 201);
                    assert_eq!(server.post("contexts/", &context("c1")).status, 201);
                }
            });
        }
    });
    assert_eq!([server.count("metrics/count"), other.count("metrics/count")], [160, 160]);
    assert_eq!(server.count("contexts/count"), 1);
}
