//! What was acknowledged is there, whatever happens to the server.

use std::collections::{HashMap, HashSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::json;

use super::http::Answer;
use super::postgres::{self, Cluster};
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

/// What clients were told.
#[derive(Debug, Default)]
struct Told {
    singles: HashSet<String>,
    batches: HashSet<String>,
    /// Other answers than that it is stored.
    refused: Vec<Answer>,
}

impl Told {
    fn add(&mut self, other: Self) {
        self.singles.extend(other.singles);
        self.batches.extend(other.batches);
        self.refused.extend(other.refused);
    }

    /// Everything that was acknowledged is there, once, and no batch is there in part.
    fn is_kept(&self, server: &Server) {
        let kind = server.kind;
        assert!(!self.singles.is_empty() && !self.batches.is_empty(), "{kind}: nothing was acknowledged");
        let stored = |item: &str| server.list(&format!("items/{item}/metrics"), "metrics");
        let mut found = HashSet::new();
        for row in stored("single") {
            let name = row["item_variant"].as_str().expect("a text").to_owned();
            assert!(found.insert(name.clone()), "{kind}: {name} is there twice");
        }
        assert!(self.singles.is_subset(&found), "{kind}: lost {:?}", self.singles.difference(&found));
        let mut rows = HashMap::new();
        for row in stored("batch") {
            *rows.entry(row["session_h"].as_str().expect("a text").to_owned()).or_insert(0) += 1;
        }
        for (session, count) in &rows {
            assert_eq!(*count, ROWS, "{kind}: {session} is half there");
        }
        let lost: Vec<_> = self.batches.iter().filter(|session| !rows.contains_key(*session)).collect();
        assert!(lost.is_empty(), "{kind}: lost {lost:?}");
    }
}

/// Sends metrics and batches until told to stop.
fn load(server: &Server, round: usize, client: usize, signals: &Signals) -> Told {
    let mut told = Told::default();
    for number in 0.. {
        if signals.stop.load(Relaxed) {
            break;
        }
        let name = format!("{round}-{client}-{number}");
        let is_batch = number % 4 == 0;
        let ask = if is_batch {
            let rows: Vec<_> = (0..ROWS)
                .map(|row| {
                    let mut row = metric(json!({"item_variant": format!("b{name}-{row}"), "item": "batch"}));
                    row.as_object_mut().expect("an object").remove("session_h");
                    row
                })
                .collect();
            let body = json!({"session": session(&name, json!({})), "contexts": [context("c1")], "rows": rows});
            server.ask("POST", "/api/v2/sessions").body("application/json", body.to_string())
        } else {
            let body = metric(json!({"item_variant": name, "item": "single"}));
            server.ask("POST", "/api/v1/metrics/").body("application/json", body.to_string())
        };
        match ask.try_send() {
            Some(answer) if answer.status == 201 => {
                if is_batch { &mut told.batches } else { &mut told.singles }.insert(name);
                signals.acknowledged.fetch_add(1, Relaxed);
            }
            Some(answer) => told.refused.push(answer),
            // It is gone.
            None => sleep(Duration::from_millis(1)),
        }
    }
    told
}

/// More than wait to become runs at most.
const ONE_BY_ONE: usize = 1_200;

#[test]
fn metrics_that_come_one_by_one_are_kept_in_their_order_and_seen_at_once() {
    for mut server in Server::each(&["--page-size", "100000"]) {
        let variants = |server: &Server, path: &str| -> Vec<_> {
            let metrics = server.list(path, "metrics").into_iter();
            metrics.map(|metric| metric["item_variant"].as_str().expect("a text").to_owned()).collect()
        };
        let post = |server: &Server, variant: &str| {
            let sent = server.post("metrics/", &metric(json!({"item_variant": variant})));
            assert_eq!(sent.status, 201, "{}", sent.text());
        };
        let is_sqlite = server.kind == "SQLite";
        let mut sent: Vec<_> = (0..if is_sqlite { ONE_BY_ONE } else { 10 }).map(|number| number.to_string()).collect();
        sent.iter().for_each(|variant| post(&server, variant));
        assert_eq!(server.post("sessions/", &session("s1", json!({}))).status, 201);
        let long = "long ".repeat(500);
        for variant in ["twice", "twice", long.as_str(), "before a session"] {
            post(&server, variant);
            sent.push(variant.to_owned());
        }
        let mut row = metric(json!({"item_variant": "of a session"}));
        row.as_object_mut().expect("an object").remove("session_h");
        let whole = json!({"session": session("s2", json!({})), "contexts": [context("c1")], "rows": [row]});
        assert_eq!(server.post("/api/v2/sessions", &whole).status, 201);
        let elsewhere = server.post("/p/other/api/v1/metrics/", &metric(json!({"item_variant": "elsewhere"})));
        assert_eq!(elsewhere.status, 201);
        post(&server, "last");
        sent.extend(["of a session".to_owned(), "last".to_owned()]);
        if is_sqlite {
            // Before anybody asks the server.
            let file = rusqlite::Connection::open(&server.database).expect("it can be opened");
            let count = "SELECT count(*), count(run_date), count(processor), count(DISTINCT project) FROM test_runs";
            let seen: rusqlite::Result<[i64; 4]> =
                file.query_row(count, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]));
            let all = sent.len() as i64 + 1;
            // `other` has no session and no context.
            assert_eq!(seen.expect("a count"), [all, all - 1, all - 1, 2]);
        }
        server.kill_and_restart();
        assert_eq!(variants(&server, "metrics/"), sent, "{}", server.kind);
        assert_eq!(server.count("sessions/s1/metrics/count"), sent.len() as u64 - 1, "{}", server.kind);
        assert_eq!(variants(&server, "/p/other/api/v1/metrics/"), ["elsewhere"], "{}", server.kind);
        post(&server, "after");
        assert_eq!(variants(&server, "variants/after/metrics"), ["after"], "{}", server.kind);
    }
}

#[test]
fn a_server_that_is_killed_has_kept_what_it_acknowledged() {
    for mut server in Server::each(&["--page-size", "100000"]) {
        let told = Mutex::new(Told::default());
        for round in 0..20 {
            let signals = Signals::default();
            scope(|scope| {
                for client in 0..4 {
                    let (server, signals, told) = (&server, &signals, &told);
                    scope.spawn(move || {
                        let of_client = load(server, round, client, signals);
                        told.lock().expect("a lock").add(of_client);
                    });
                }
                // Not always at the same moment of a group.
                signals.wait_for(5 + round);
                sleep(Duration::from_micros(300 * round as u64));
                server.signal("KILL");
                signals.stop.store(true, Relaxed);
            });
            server.kill_and_restart();
        }
        told.into_inner().expect("a lock").is_kept(&server);
    }
}

#[test]
fn a_postgresql_that_fails_over_has_kept_what_was_acknowledged() {
    let Some(programs) = postgres::programs() else { return };
    let standby = postgres::folder("standby");
    let primary = Cluster::start(&programs, "primary", &["max_wal_senders=5", "wal_level=replica"]);
    primary.execute("CREATE DATABASE results");
    let standby = primary.standby(&programs, standby);
    let url = format!("{},{}", primary.url(""), standby.url("results").trim_start_matches("postgres://monitor@"));
    let url = url.replace("/,", ",");
    let servers: Vec<_> = (0..2).map(|_| Server::on_postgres(&url, &["--page-size", "100000"])).collect();
    let (signals, told) = (Signals::default(), Mutex::new(Told::default()));
    scope(|scope| {
        for client in 0..4 {
            let (server, signals, told) = (&servers[client % 2], &signals, &told);
            scope.spawn(move || {
                let of_client = load(server, 0, client, signals);
                told.lock().expect("a lock").add(of_client);
            });
        }
        signals.wait_for(50);
        primary.kill();
        sleep(Duration::from_millis(500));
        let before = signals.acknowledged.load(Relaxed);
        standby.execute("SELECT pg_promote()");
        // The servers recover by themselves.
        signals.wait_for(before + 50);
        signals.stop.store(true, Relaxed);
    });
    let told = told.into_inner().expect("a lock");
    for answer in &told.refused {
        assert!(answer.status == 503 && answer.header("retry-after").is_some(), "{} {}", answer.head, answer.text());
    }
    for server in &servers {
        told.is_kept(server);
    }
}

#[test]
fn a_server_that_is_told_to_end_does_not_wait_for_bodies_that_stay_away() {
    let mut server = Server::sqlite(&["--client-timeout", "3600"]);
    let mut stream = TcpStream::connect(server.address).expect("it is let in");
    let head = "POST /api/v1/metrics/ HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\
                Expect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("it can be sent");
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).expect("the body is asked for");
    assert!(answer.starts_with(b"HTTP/1.1 100 "), "{answer:?}");
    stream.write_all(b"{\"half\": ").expect("it can be sent");
    server.signal("TERM");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("an answer");
    assert!(rest.contains("HTTP/1.1 503 ") && rest.to_ascii_lowercase().contains("retry-after: "), "{rest}");
    assert!(server.wait().success());
}

#[test]
fn a_server_that_is_told_to_end_does_not_wait_for_the_rest_of_a_head() {
    let mut server = Server::sqlite(&["--client-timeout", "3600"]);
    let mut first = TcpStream::connect(server.address).expect("it is let in");
    first.write_all(b"GET /healthz HTTP/1.1\r\nHo").expect("it can be sent");
    // Half a head after a whole request, whose answer shows that the server has read them.
    let mut second = TcpStream::connect(server.address).expect("it is let in");
    second.write_all(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\nGET /heal").expect("it can be sent");
    let mut answer = [0; 12];
    second.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(!server.events().iter().any(|event| event == "shutdown"), "nothing was left to be cut off at the very end");
}

#[test]
fn a_server_that_is_told_to_end_answers_what_it_accepted() {
    for mut server in Server::each(&[]) {
        let signals = Signals::default();
        let told = scope(|scope| {
            let (running, of_load) = (&server, &signals);
            let load = scope.spawn(move || load(running, 0, 0, of_load));
            signals.wait_for(20);
            server.signal("TERM");
            sleep(Duration::from_millis(300));
            signals.stop.store(true, Relaxed);
            load.join().expect("the load ends")
        });
        let status = server.wait();
        assert!(status.success(), "{}: {status}", server.kind);
        server.kill_and_restart();
        let expected = told.singles.len() + told.batches.len() * ROWS;
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
