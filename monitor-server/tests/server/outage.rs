//! A database that can't be had for a while: requests wait for it, are told when that takes too long, and nothing is lost.

use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::json;

use super::http::Answer;
use super::postgres::{self, Cluster};
use super::process::Server;
use super::samples::{context, metric, session};

/// Senders at once.
const CLIENTS: usize = 4;

/// Seconds that a request waits: longer than the first time without a database.
const PATIENCE: [&str; 2] = ["--patience", "15"];

/// What a killed PostgreSQL has given to the system stays there, and it need not see to all of its files when it starts.
const SETTINGS: [&str; 1] = ["fsync=off"];

/// All clients send a metric and a batch at once; their answers, and how long the first took.
fn send(server: &Server, round: &str) -> (Vec<Answer>, Duration) {
    let begin = Instant::now();
    let client = |client: usize| {
        let name = format!("{round}-{client}");
        let row = |variant: &str| {
            let mut row = metric(json!({"item": "batch", "item_variant": format!("{name}-{variant}")}));
            row.as_object_mut().expect("an object").remove("session_h");
            row
        };
        let batch =
            json!({"session": session(&name, json!({})), "contexts": [context("c1")], "rows": [row("a"), row("b")]});
        let single = server.post("metrics/", &metric(json!({"item": "single", "item_variant": name})));
        (begin.elapsed(), [single, server.post("/api/v2/sessions", &batch)])
    };
    let answers = scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || client(number))).collect();
        clients.into_iter().map(|client| client.join().expect("it is answered")).collect::<Vec<_>>()
    });
    let first = answers.iter().map(|(took, _)| *took).min().unwrap_or_default();
    (answers.into_iter().flat_map(|(_, answers)| answers).collect(), first)
}

/// What was acknowledged is there, and nothing else.
fn has(server: &Server, rounds: usize) {
    let count = |item: &str| server.count(&format!("items/{item}/metrics/count"));
    let expected = [rounds * CLIENTS, 2 * rounds * CLIENTS].map(|count| count as u64);
    assert_eq!([count("single"), count("batch")], expected, "{}", server.kind);
}

fn all_stored(answers: &[Answer]) {
    for answer in answers {
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

/// With a way to take the database away, and to give it back.
fn outlives(server: &Server, mut away: impl FnMut(), mut back: impl FnMut() + Send) {
    all_stored(&send(server, "before").0);
    // A short time: nobody sees more than that it takes longer.
    away();
    let (answers, first) = scope(|scope| {
        scope.spawn(|| {
            sleep(Duration::from_secs(3));
            back();
        });
        send(server, "short")
    });
    all_stored(&answers);
    assert!(first > Duration::from_secs(2), "{}: nothing was in the way", server.kind);
    has(server, 2);
    // Longer than anybody waits: all are told to come again, and nothing of it is stored.
    away();
    let (answers, first) = send(server, "long");
    for answer in &answers {
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.header("retry-after").is_some() && answer.json()["message"].is_string(), "{}", answer.head);
    }
    assert!(first > Duration::from_secs(12), "{}: it gave up after {first:?}", server.kind);
    back();
    let until = Instant::now() + Duration::from_secs(60);
    while server.get("/readyz").status != 200 {
        assert!(Instant::now() < until, "{}: it does not recover", server.kind);
        sleep(Duration::from_millis(100));
    }
    has(server, 2);
    all_stored(&send(server, "after").0);
    has(server, 3);
    let times = server.times_away();
    assert!(times.contains(&true) && times.last() == Some(&false), "{}: {times:?}", server.kind);
}

#[test]
fn a_file_that_another_program_locks_is_waited_for() {
    let server = Server::sqlite(&PATIENCE);
    let other = std::sync::Mutex::new(rusqlite::Connection::open(&server.database).expect("it can be opened"));
    let execute = |sql: &str| {
        let other = other.lock().expect("a lock");
        other.busy_timeout(Duration::from_secs(30)).and_then(|()| other.execute_batch(sql)).expect(sql);
    };
    outlives(&server, || execute("BEGIN IMMEDIATE"), || execute("ROLLBACK"));
}

#[test]
fn who_finds_no_room_in_the_queue_is_told_to_come_again_and_nothing_is_lost() {
    const ROWS: usize = 1_000;
    // What is being stored does not wait; beside it two of these fit.
    let server = Server::sqlite(&["--max-waiting", "2500"]);
    let other = rusqlite::Connection::open(&server.database).expect("it can be opened");
    other.execute_batch("PRAGMA busy_timeout = 30000; BEGIN IMMEDIATE").expect("it is locked");
    let body = |sender: usize| {
        let row = |number: usize| {
            let mut row = metric(json!({"item": "queued", "item_variant": format!("queued[{sender}-{number}]")}));
            row.as_object_mut().expect("an object").remove("session_h");
            row
        };
        let rows: Vec<_> = (0..ROWS).map(row).collect();
        json!({"session": session(&format!("queue-{sender}"), json!({})), "contexts": [context("c1")], "rows": rows})
    };
    let (said, answers) = std::sync::mpsc::channel();
    let refused = scope(|scope| {
        for sender in 0..2 * CLIENTS {
            let (said, server, body) = (said.clone(), &server, &body);
            scope.spawn(move || said.send((sender, server.post("/api/v2/sessions", &body(sender)))));
        }
        drop(said);
        // As long as the file is locked, nobody else is answered.
        let (sender, first) = answers.recv().expect("one is answered");
        assert_eq!(first.status, 503, "{}", first.text());
        assert!(first.header("retry-after").is_some(), "{}", first.head);
        other.execute_batch("ROLLBACK").expect("it is given back");
        let later = answers.iter().filter(|(_, answer)| answer.status != 201);
        [sender]
            .into_iter()
            .chain(later.map(|(sender, answer)| {
                assert_eq!(answer.status, 503, "{}", answer.text());
                sender
            }))
            .collect::<Vec<_>>()
    });
    let stored = || usize::try_from(server.count("items/queued/metrics/count")).expect("a count");
    assert_eq!(stored(), (2 * CLIENTS - refused.len()) * ROWS);
    for sender in refused {
        assert_eq!(server.post("/api/v2/sessions", &body(sender)).status, 201);
    }
    assert_eq!(stored(), 2 * CLIENTS * ROWS);
}

#[test]
fn a_postgresql_that_stops_and_starts_is_waited_for() {
    let Some(programs) = postgres::programs() else { return };
    let mut cluster = Some(Cluster::start(&programs, "outage", &SETTINGS));
    let first = cluster.as_ref().expect("a cluster");
    first.execute("CREATE DATABASE results");
    let server = Server::on_postgres(&first.url("results"), &PATIENCE);
    let cluster = std::sync::Mutex::new(&mut cluster);
    outlives(
        &server,
        || cluster.lock().expect("a lock").as_ref().expect("it runs").kill(),
        || {
            let mut cluster = cluster.lock().expect("a lock");
            **cluster = cluster.take().map(|stopped| stopped.again(&programs, &SETTINGS));
        },
    );
}
