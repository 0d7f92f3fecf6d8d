//! Our own way in: a session with all its rows, whole or not at all, as often as one likes.

use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::postgres;
use super::process::Server;
use super::samples::{context, metric, session};

const PATH: &str = "/api/v2/sessions";

fn row(fields: Value) -> Value {
    let mut row = metric(fields);
    row.as_object_mut().expect("an object").remove("session_h");
    row
}

fn batch() -> Value {
    let profile = json!({
        "attempt": 2, "outcome": "passed", "attribution": "threads", "mem_source": "heap", "heap_peak": 4096,
        "heap_retained": -8, "child_user_time": 0.5, "threads": null,
    });
    let crashed = json!({
        "item_path": "pkg", "item": "test_c", "item_variant": "test_c", "kind": "function", "package": "pkg",
        "item_start_time": "2026-11-23T00:34:06.000001", "profile": {"outcome": "crashed"},
    });
    let mut known = session("s1", json!({"pipeline_branch": "main", "n": 1}));
    known["branch"] = json!("feature");
    json!({
        "session": known, "contexts": [context("c1")], "lockfile": "version = 4\n",
        "rows": [row(json!({"profile": profile, "package": "pkg"})), row(json!({})), crashed],
    })
}

#[test]
fn a_clock_that_is_ahead_makes_no_session_the_newest() {
    for server in Server::each(&[]) {
        let send = |h: &str, date: &str| {
            let mut session = session(h, json!({"git_branch": "main"}));
            session["run_date"] = json!(date);
            let sent = server.post("/p/ours/api/v2/sessions", &json!({"session": session, "rows": []}));
            assert_eq!(sent.status, 201, "{}", sent.text());
        };
        send("ahead", "2999-01-01T00:00:00");
        send("right", &monitor_store::Timestamp::now().to_string());
        send("imported", "2020-01-01T00:00:00");
        let overview = server.get("/p/ours/index.json").json();
        assert_eq!(overview["branches"][0]["session"], "right", "{overview}");
        let newest: Vec<_> = overview["sessions"].as_array().expect("rows").iter().map(|row| &row["session"]).collect();
        assert_eq!(newest, ["right", "ahead", "imported"], "{}", server.kind);
    }
}

#[test]
fn lines_may_end_as_on_windows_and_begin_with_a_mark() {
    let server = Server::sqlite(&[]);
    let mut row = metric(json!({"item_variant": "test_windows"}));
    row.as_object_mut().expect("an object").remove("session_h");
    let head = json!({"session": session("s1", json!({}))});
    let body = format!("\u{feff}{head}\r\n{row}\r\n");
    let sent = server.ask("POST", "/api/v2/sessions").body("application/x-ndjson", body).send();
    assert_eq!((sent.status, server.count("variants/test_windows/metrics/count")), (201, 1), "{}", sent.text());
    let sent = server.post_text("sessions/", &format!("\u{feff}{}", session("s2", json!({}))));
    assert_eq!(sent.status, 201, "{}", sent.text());
    let utf_16 = |mark: &str| -> Vec<u8> {
        format!("{mark}{}", session("s3", json!({}))).encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    for path in ["/api/v1/sessions/", "/api/v2/sessions"] {
        for body in [utf_16(""), utf_16("\u{feff}")] {
            let sent = server.ask("POST", path).body("application/json", body).send();
            assert!(sent.status == 400 && sent.text().contains("send UTF-8"), "{}", sent.text());
        }
    }
    assert_eq!(server.count("sessions/count"), 2);
}

#[test]
fn a_batch_is_stored_once() {
    for server in Server::each(&[]) {
        let first = server.post(PATH, &batch());
        assert_eq!(
            (first.status, first.json()["new_rows"].clone()),
            (201, json!(3)),
            "{}: {}",
            server.kind,
            first.text()
        );
        let again = server.post(PATH, &batch());
        assert_eq!((again.status, again.json()["new_rows"].clone()), (201, json!(0)));
        // Of two rows with the same path, variant and start the one is the second; a crash has no metrics.
        assert_eq!(server.count("metrics/count"), 2);
        assert_eq!(server.list("sessions/", "sessions").len(), 1);
        // A test that ended after all.
        let mut ended = batch();
        ended["rows"][2]["total_time"] = json!(3.5);
        ended["rows"][2]["profile"]["outcome"] = json!("failed");
        assert_eq!(server.post(PATH, &ended).json()["new_rows"], 1);
        assert_eq!(server.list("items/test_c/metrics", "metrics")[0]["total_time"], 3.5);
    }
}

#[test]
fn rows_that_were_sent_live_are_not_sent_again() {
    for server in Server::each(&[]) {
        assert_eq!(server.post("contexts/", &context("c1")).status, 201);
        assert_eq!(server.post("sessions/", &session("s1", json!({"pipeline_branch": "main", "n": 1}))).status, 201);
        for _ in 0..2 {
            assert_eq!(server.post("metrics/", &metric(json!({}))).status, 201);
        }
        let pushed = server.post(PATH, &batch()).json();
        assert_eq!((pushed["rows"].clone(), pushed["new_rows"].clone()), (json!(3), json!(1)), "{}", server.kind);
        assert_eq!(server.count("metrics/count"), 2);
    }
}

/// Python leaves out a fraction of 0, a file does not.
#[test]
fn a_start_on_the_second_is_the_same_live_and_from_a_file() {
    for server in Server::each(&[]) {
        assert_eq!(server.post("sessions/", &session("s1", json!({}))).status, 201);
        let live = metric(json!({"item_start_time": "2026-11-23T00:34:05"}));
        assert_eq!(server.post("metrics/", &live).status, 201);
        let of_file = row(json!({"item_start_time": "2026-11-23T00:34:05.000000"}));
        let pushed = server.post(PATH, &json!({"session": session("s1", json!({})), "rows": [of_file]})).json();
        assert_eq!(pushed["new_rows"], 0, "{}", server.kind);
        assert_eq!(server.list("metrics/", "metrics")[0]["item_start_time"], "2026-11-23T00:34:05");
    }
}

#[test]
fn a_session_is_handed_out_as_it_came() {
    for server in Server::each(&[]) {
        assert_eq!(server.post(PATH, &batch()).status, 201);
        let list = server.get(PATH).text();
        let listed: Value = serde_json::from_str(list.trim_end()).expect("one line");
        assert_eq!((listed["rows"].clone(), listed["session"]["branch"].clone()), (json!(3), json!("feature")));
        let lines = server.get("/api/v2/sessions/s1").text();
        assert_eq!(lines.lines().count(), 4, "{}: {lines}", server.kind);
        let sent = server.ask("POST", "/p/copy/api/v2/sessions").body("application/x-ndjson", lines.clone()).send();
        assert_eq!(sent.json()["new_rows"], 3, "{}", sent.text());
        assert_eq!(server.get("/p/copy/api/v2/sessions/s1").text(), lines, "{}", server.kind);
        assert_eq!(server.get("/api/v2/sessions/nothing").status, 404);
        assert_eq!(
            (server.get("/p/none/api/v2/sessions").status, server.get("/p/none/api/v2/sessions").text()),
            (200, String::new())
        );
    }
}

#[test]
fn a_session_of_which_nothing_comes_is_over() {
    let is_over = |server: &Server, h: &str| {
        let list = server.get(PATH).text();
        let listed = list.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        listed.into_iter().any(|listed| listed["session"]["session_h"] == h && listed["session"]["ended"] == true)
    };
    for server in Server::each(&["--idle", "2"]) {
        for h in ["idle", "busy"] {
            assert_eq!(server.post("sessions/", &session(h, json!({}))).status, 201);
        }
        let begin = Instant::now();
        while !is_over(&server, "idle") {
            assert!(begin.elapsed() < Duration::from_secs(60), "{}: it never ends", server.kind);
            assert_eq!(server.post("metrics/", &metric(json!({"session_h": "busy"}))).status, 201);
            thread::sleep(Duration::from_millis(200));
        }
        assert!(!is_over(&server, "busy"), "{}", server.kind);
        assert_eq!(server.list("sessions/", "sessions").len(), 2);
    }
}

#[test]
fn lines_and_compressed_bodies_are_the_same() {
    for server in Server::each(&[]) {
        let mut head = batch();
        let rows = head.as_object_mut().expect("an object").remove("rows").expect("rows");
        let rows: String = rows.as_array().expect("a list").iter().map(|row| format!("{row}\n")).collect();
        let lines = format!("{head}\n{rows}");
        let sent = server.ask("POST", PATH).body("application/x-ndjson", lines.clone()).send();
        assert_eq!((sent.status, sent.json()["new_rows"].clone()), (201, json!(3)), "{}", sent.text());
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(lines.as_bytes()).expect("memory can be written");
        let gzip = gzip.finish().expect("memory can be written");
        let zstd = ruzstd::encoding::compress_to_vec(lines.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
        let blank = lines.replace('\n', "\r\n \n").into_bytes();
        for (encoding, body) in [("gzip", gzip), ("zstd", zstd), ("identity", blank)] {
            let ask = server.ask("POST", PATH).header("Content-Encoding", encoding).body("application/x-ndjson", body);
            let sent = ask.send();
            assert_eq!(
                (sent.status, sent.json()["rows"].clone(), sent.json()["new_rows"].clone()),
                (201, json!(3), json!(0))
            );
        }
    }
}

#[test]
fn every_frame_of_a_compressed_body_is_read() {
    let server = Server::sqlite(&[]);
    let mut head = batch();
    let rows = head.as_object_mut().expect("an object").remove("rows").expect("rows");
    let frame = |line: &Value| {
        let line = format!("{line}\n");
        ruzstd::encoding::compress_to_vec(line.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest)
    };
    // A frame for whoever knows it.
    let skipped = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2];
    let mut body = frame(&head);
    for row in rows.as_array().expect("a list") {
        body.extend(skipped);
        body.extend(frame(row));
    }
    let sent = |body: Vec<u8>| {
        server.ask("POST", PATH).header("Content-Encoding", "zstd").body("application/x-ndjson", body).send()
    };
    for behind in [&b"\n"[..], &skipped[..9], &[0x28, 0xb5]] {
        let answer = sent([&body, behind].concat());
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    assert_eq!(server.count("sessions/count"), 0);
    let answer = sent(body);
    assert_eq!((answer.status, answer.json()["new_rows"].clone()), (201, json!(3)), "{}", answer.text());
}

#[test]
fn a_batch_with_a_fault_is_not_stored_at_all() {
    for server in Server::each(&[]) {
        let faults: [(&str, Value, &str); 13] = [
            ("/session/run_date", json!("garbage"), "session.run_date"),
            ("/session/description", json!([1]), "session.description"),
            ("/contexts/0/cpu_count", json!(1e30), "contexts[0].cpu_count"),
            ("/rows/1", json!(5), "rows[1]"),
            ("/rows/1/total_time", json!("x"), "rows[1].total_time"),
            ("/contexts/0/h", json!("h\u{0}"), "contexts.h"),
            ("/rows/1/item", json!("nul\u{0}"), "rows[1].item"),
            ("/rows/1/item_start_time", json!(""), "rows[1].item_start_time"),
            ("/rows/0/profile/outcome", json!("splendid"), "rows[0].profile.outcome"),
            ("/rows/0/profile/heap_peak", json!(-1), "rows[0].profile.heap_peak"),
            ("/rows/0/profile/heap_peak", json!(1e300), "rows[0].profile.heap_peak"),
            ("/rows/0/profile/attribution", json!("guessed"), "rows[0].profile.attribution"),
            ("/lockfile", json!("\u{0}"), "lockfile"),
        ];
        for (place, value, field) in faults {
            let mut wrong = batch();
            *wrong.pointer_mut(place).expect("there is such a field") = value;
            let answer = server.post(PATH, &wrong);
            assert_eq!(answer.status, 400, "{}: {place}", server.kind);
            assert!(answer.json()["errors"][field].is_string(), "{place}: {}", answer.text());
            // The same in lines.
            let rows = wrong.as_object_mut().expect("an object").remove("rows").expect("rows");
            let rows: String = rows.as_array().expect("a list").iter().map(|row| format!("{row}\n")).collect();
            let answer = server.ask("POST", PATH).body("application/x-ndjson", format!("{wrong}\n{rows}")).send();
            assert_eq!(answer.status, 400, "{}: {place}", server.kind);
            assert!(answer.json()["errors"][field].is_string(), "{place}: {}", answer.text());
        }
        for (place, value, remedy) in [
            (
                "/rows/0/profile/attribution",
                json!("guessed"),
                "'guessed' is not possible: it is one of process, threads, shared",
            ),
            ("/rows/0/profile/heap_peak_bytes", json!(1), "there is no such field: it is called heap_peak"),
        ] {
            let mut wrong = batch();
            let (of, name) = place.rsplit_once('/').expect("a field");
            wrong.pointer_mut(of).expect("it is there")[name] = value;
            let answer = server.post(PATH, &wrong);
            assert_eq!(answer.json()["errors"][format!("rows[0].profile.{name}")], remedy, "{}", answer.text());
        }
        for body in ["", "[]", "{}", "null", "{\"session\": {}}", "{\"session\": {\"session_h\": 1}}"] {
            assert_eq!(server.post_text(PATH, body).status, 400, "{body}");
        }
        assert_eq!(server.ask("POST", PATH).body("text/plain", "{}").send().status, 400);
        for path in ["contexts/count", "sessions/count", "metrics/count"] {
            assert_eq!(server.count(path), 0, "{}: {path}", server.kind);
        }
        // Another session under a known identifier: 409, and its rows are not there.
        assert_eq!(server.post("sessions/", &session("s1", json!({}))).status, 201);
        assert_eq!(server.post(PATH, &batch()).status, 409);
        assert_eq!([server.count("contexts/count"), server.count("metrics/count")], [0, 0], "{}", server.kind);
    }
}

#[test]
fn batches_that_race_are_stored_once() {
    for server in Server::each(&[]) {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_eq!(server.post(PATH, &batch()).status, 201));
            }
        });
        assert_eq!(server.count("metrics/count"), 2, "{}", server.kind);
    }
}

#[test]
fn rows_that_come_live_and_in_a_batch_at_once_are_all_there() {
    const CLIENTS: u64 = 4;
    const ROUNDS: u64 = 10;
    for server in Server::each(&[]) {
        let same = |round: u64| json!({"item": "race", "item_start_time": format!("2026-11-23T00:00:{round:02}.5")});
        let known = session("s1", json!({}));
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    for round in 0..ROUNDS {
                        assert_eq!(server.post("metrics/", &metric(same(round))).status, 201, "{}", server.kind);
                    }
                });
                scope.spawn(|| {
                    for round in 0..ROUNDS {
                        let answer = server.post(PATH, &json!({"session": known, "rows": [row(same(round))]}));
                        assert_eq!(answer.status, 201, "{}: {}", server.kind, answer.text());
                    }
                });
            }
        });
        // Of each round every metric that was sent live, and at most one row of the batches beside them.
        let rows = server.count("items/race/metrics/count");
        let live = CLIENTS * ROUNDS;
        assert!((live..=live + ROUNDS).contains(&rows), "{}: {rows} rows", server.kind);
    }
}

/// A server has the numbers of names in mind, and another process deletes them.
#[test]
fn names_that_were_pruned_are_made_again() {
    for server in Server::each(&[]) {
        for name in ["before", "after"] {
            let mut sent = batch();
            sent["session"]["session_h"] = json!(name);
            sent["session"]["description"]["pipeline_branch"] = json!("dev");
            assert_eq!(server.post(PATH, &sent).json()["new_rows"], 3, "{}", server.kind);
            let listed = server.list(&format!("sessions/{name}/metrics"), "metrics");
            assert_eq!(listed.len(), 2, "{}: {name}", server.kind);
            assert_eq!(server.list("items/test_a/metrics", "metrics").len(), 2, "{}: {name}", server.kind);
            if name == "before" {
                let pruned = server.command(&["prune", "--keep", "0"]);
                assert!(pruned.status.success(), "{}", String::from_utf8_lossy(&pruned.stderr));
                assert_eq!(server.count("metrics/count"), 0, "{}", server.kind);
            }
        }
    }
}

#[test]
fn a_new_postgresql_knows_soon_how_large_its_tables_are() {
    let Some(url) = postgres::database() else { return };
    let server = Server::on_postgres(&url, &[]);
    let rows: Vec<_> = (0..1500).map(|test| row(json!({"item_variant": format!("test_a[{test}]")}))).collect();
    let body = json!({"session": session("s1", json!({})), "contexts": [context("c1")], "rows": rows});
    assert_eq!(server.post(PATH, &body).status, 201);
    let mut client = ::postgres::Client::connect(&url, ::postgres::NoTls).expect("the database can be reached");
    // -1 until somebody has looked: PostgreSQL's own daemon does after a minute.
    let known = "SELECT reltuples::BIGINT FROM pg_class WHERE relname = 'runs'";
    let mut known = || client.query_one(known, &[]).expect("a row").get::<_, i64>(0);
    let begin = Instant::now();
    while known() != 1500 {
        assert!(begin.elapsed() < Duration::from_secs(30), "nobody has looked: {}", known());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn postgresql_reads_the_profiles_of_a_session_and_no_others() {
    let Some(url) = postgres::database() else { return };
    let server = Server::on_postgres(&url, &[]);
    for h in ["s1", "s2", "s3"] {
        let profile = json!({"outcome": "passed"});
        let rows: Vec<_> =
            (0..1500).map(|test| row(json!({"item_variant": format!("test_a[{test}]"), "profile": profile}))).collect();
        let body = json!({"session": session(h, json!({})), "contexts": [context("c1")], "rows": rows});
        assert_eq!(server.post(PATH, &body).status, 201);
    }
    assert_eq!(server.get("/compare.json?base=s1&head=s2").status, 200);
    let mut client = ::postgres::Client::connect(&url, ::postgres::NoTls).expect("the database can be reached");
    // Counted when a connection rests.
    let read = "SELECT idx_scan, seq_tup_read FROM pg_stat_user_tables WHERE relname = 'profiles'";
    let begin = Instant::now();
    loop {
        let row = client.query_one(read, &[]).expect("a row");
        let (one_by_one, all): (i64, i64) = (row.get(0), row.get(1));
        assert_eq!(all, 0, "profiles of other sessions were read");
        if one_by_one >= 3000 {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "only {one_by_one} profiles were looked for");
        thread::sleep(Duration::from_millis(50));
    }
}
