//! Input that nobody should send: refused with a reason, and the server goes on.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use monitor_store::hash_hex;
use monitor_tests::skipped;
use serde_json::{Value, json};

use super::postgres::{self, Cluster};
use super::process::Server;
use super::samples::{context, metric, session};

/// The server is well, and holds so many metrics.
fn is_well(server: &Server, metrics: u64) {
    assert_eq!(server.get("/readyz").status, 200, "{}", server.kind);
    assert_eq!(server.count("metrics/count"), metrics, "{}", server.kind);
}

#[test]
fn odd_texts_are_texts() {
    for server in Server::each(&[]) {
        let odd = [
            "'; DROP TABLE runs; --",
            "\" OR 1=1 --",
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "../../etc/passwd",
            "%s%n",
            "\u{202e}right to left",
            "\u{feff}",
            "a\r\nSet-Cookie: x=1",
            "$1",
            "{{7*7}}",
            "\\",
            "",
        ];
        for text in odd {
            let fields = [
                "item_path",
                "item",
                "item_variant",
                "item_fs_loc",
                "kind",
                "component",
                "session_h",
                "context_h",
                "item_start_time",
            ];
            let fields: Value = fields.iter().map(|field| ((*field).to_owned(), Value::from(text))).collect();
            let answer = server.post("metrics/", &metric(fields));
            assert_eq!((answer.status, answer.json()["item"].clone()), (201, json!(text)), "{}: {text}", server.kind);
            let mut body = session(&format!("s{text}"), json!({text: text}));
            body["scm_ref"] = json!(text);
            assert_eq!(server.post("sessions/", &body).status, 201);
            let mut body = context(&format!("c{text}"));
            body["machine_node"] = json!(text);
            assert_eq!(server.post("contexts/", &body).status, 201);
        }
        is_well(&server, odd.len() as u64);
        let stored: Vec<_> = server.list("metrics/", "metrics").iter().map(|row| row["kind"].clone()).collect();
        assert_eq!(stored, odd);
        for path in ["items/'%20OR%201=1/metrics", "filters/scm/%27%3B--/metrics", "components/%25/metrics?page=1'--"] {
            let status = server.get(path).status;
            assert!([200, 204].contains(&status), "{path}: {status}");
        }
    }
}

#[test]
fn markup_in_names_is_text_on_pages() {
    let server = Server::sqlite(&[]);
    assert_eq!(server.post("metrics/", &metric(json!({"item": "<script>alert(1)</script>"}))).status, 201);
    let page = server.get("/");
    assert!(!page.text().contains("<script>alert"));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn odd_json_is_refused() {
    for server in Server::each(&[]) {
        let with = |value: &str| metric(json!({"total_time": 4711})).to_string().replace("4711", value);
        let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for body in [
            with("NaN"),
            with("Infinity"),
            with("1e999"),
            with("-1e999"),
            with("\"\\ud800\""),
            with("01"),
            with("[1]"),
            with("true"),
            with(&nested),
            nested,
            "{\"a\":1".to_owned(),
            "\u{feff}{}".to_owned(),
        ] {
            for path in ["metrics/", "contexts/", "sessions/", "/api/v2/sessions"] {
                let answer = server.post_text(path, &body);
                assert_eq!(answer.status, 400, "{}: {path}: {}", server.kind, &body[..body.len().min(80)]);
                assert!(answer.json()["message"].is_string());
            }
        }
        let not_utf8 = metric(json!({"item": "XX"})).to_string().into_bytes();
        let place = not_utf8.windows(2).position(|pair| pair == b"XX").expect("it is there");
        let mut not_utf8 = not_utf8;
        not_utf8[place] = 0xff;
        let answer = server.ask("POST", "/api/v1/metrics/").body("application/json", not_utf8).send();
        assert_eq!(answer.status, 400);
        let nul = server.post("metrics/", &metric(json!({"item": "a\u{0}b"})));
        assert!(nul.status == 400 && nul.json()["errors"]["item"].is_string(), "{}", nul.text());
        let nul = server.post("sessions/", &session("s1", json!({"a": "\u{0}"})));
        assert!(nul.status == 400 && nul.json()["errors"]["description"].is_string(), "{}", nul.text());
        // The largest numbers that there are.
        for number in ["1.7976931348623157e308", "-1.7976931348623157e308", "5e-324", "123456789012345678901234567890"]
        {
            assert_eq!(server.post_text("metrics/", &with(number)).status, 201, "{}: {number}", server.kind);
        }
        is_well(&server, 4);
    }
}

#[test]
fn numbers_beyond_all_reason_are_compared() {
    for server in Server::each(&[]) {
        for (session_h, size) in [("a", 1.0), ("b", 1.7e308), ("c", 5e-324), ("d", -1.7e308), ("e", 0.0)] {
            let rows = ["x", "y"].map(|name| {
                json!({
                    "context_h": "c1", "item_start_time": "2026-11-23T00:34:05", "item_path": "pkg", "item": name,
                    "item_variant": name, "kind": "function", "total_time": size, "user_time": size, "kernel_time": size,
                    "cpu_usage": size, "mem_usage": size,
                })
            });
            let body = json!({"session": session(session_h, json!({})), "contexts": [context("c1")], "rows": rows});
            assert_eq!(server.post("/api/v2/sessions", &body).status, 201);
        }
        for base in ["a", "b", "c", "d", "e"] {
            for head in ["a", "b", "c", "d", "e"].into_iter().filter(|head| *head != base) {
                let path = format!("/compare?base={base}&head={head}");
                assert_eq!(server.get(&path).status, 200, "{}: {path}", server.kind);
            }
            let path = format!("/sessions/{base}");
            assert_eq!(server.get(&path).status, 200, "{}: {path}", server.kind);
        }
        for path in ["/", "/sessions", "/tests", "/test?name=pkg::x", "/machines", "/top", "/capacity", "/pipelines"] {
            assert_eq!(server.get(path).status, 200, "{}: {path}", server.kind);
        }
    }
}

#[test]
fn long_texts_are_kept_and_too_long_bodies_are_refused() {
    for server in Server::each(&["--max-body", "11"]) {
        // 10 MiB with letters of both kinds: millions that have to be escaped would only take longer.
        let long = format!("é{}", "x".repeat(62)).repeat(10 << 14);
        assert_eq!(server.post("metrics/", &metric(json!({"item": long}))).status, 201, "{}", server.kind);
        assert_eq!(server.list("metrics/", "metrics")[0]["item"], json!(long));
        let longer = "x".repeat(12 << 20);
        assert_eq!(server.post("metrics/", &metric(json!({"item": longer}))).status, 413);
        is_well(&server, 1);
    }
}

#[test]
fn bombs_do_not_go_off() {
    let server = Server::sqlite(&["--max-body", "1"]);
    let zeros = vec![b' '; 12 << 20];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&zeros).expect("memory can be written");
    let gzip = gzip.finish().expect("memory can be written");
    let zstd = ruzstd::encoding::compress_to_vec(&zeros[..], ruzstd::encoding::CompressionLevel::Fastest);
    // A frame that asks for a window of 1 GiB.
    let window = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0x00, 0x00];
    assert!(gzip.len() < 1 << 20 && zstd.len() < 1 << 20);
    for (encoding, body, expected) in [("gzip", gzip, 413), ("zstd", zstd, 413), ("zstd", window, 400)] {
        for path in ["/api/v2/sessions", "/api/v1/metrics/"] {
            let ask =
                server.ask("POST", path).header("Content-Encoding", encoding).body("application/json", body.clone());
            assert_eq!(ask.send().status, expected, "{encoding} {path}");
        }
    }
    for (encoding, expected) in [("gzip", 400), ("zstd", 400), ("br", 415), ("gzip, gzip", 415)] {
        let ask = server.ask("POST", "/api/v1/metrics/").header("Content-Encoding", encoding);
        assert_eq!(ask.body("application/json", "{}").send().status, expected, "{encoding}");
    }
    let peak = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("it lives");
    let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it is said");
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(peak < 100 << 10, "the server held {peak} KiB");
    is_well(&server, 0);
}

#[test]
fn addresses_that_are_no_text_are_refused() {
    let server = Server::sqlite(&[]);
    for (path, expected) in [
        ("items/%ff/metrics".to_owned(), 400),
        ("items/a%00b/metrics".to_owned(), 400),
        ("sessions/?with_flags=%00".to_owned(), 400),
        (format!("items/{}/metrics", "x".repeat(20_000)), 414),
        (format!("items/like/{}/metrics", "%25".repeat(3000)), 204),
    ] {
        assert_eq!(server.get(&path).status, expected, "{}", &path[..path.len().min(60)]);
    }
    is_well(&server, 0);
}

#[test]
fn idle_and_half_open_connections_are_no_burden() {
    let server = Server::sqlite(&["--client-timeout", "12"]);
    let idle: Vec<_> = (0..1000).map(|_| TcpStream::connect(server.address).expect("it is let in")).collect();
    // A sender that stops in the middle of the head, and one in the middle of the body.
    let mut slow = TcpStream::connect(server.address).expect("it is let in");
    slow.write_all(b"POST /api/v1/metrics/ HTTP/1.1\r\nHost:").expect("it can be sent");
    let mut slower = TcpStream::connect(server.address).expect("it is let in");
    let head =
        "POST /api/v1/metrics/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{";
    slower.write_all(head.as_bytes()).expect("it can be sent");
    let begin = Instant::now();
    for _ in 0..10 {
        assert_eq!(server.post("metrics/", &metric(json!({}))).status, 201);
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    is_well(&server, 10);
    // The slow ones are told, or cut off, in the end.
    for stream in [&mut slow, &mut slower] {
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer).into_owned();
        assert!(read.is_ok() && (text.is_empty() || text.contains(" 408 ")), "{text}");
    }
    drop(idle);
}

#[test]
fn nonsense_instead_of_http_is_refused() {
    let server = Server::sqlite(&[]);
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).expect("it is let in");
        stream.write_all(bytes).expect("it can be sent");
        stream.set_read_timeout(Some(Duration::from_secs(40))).expect("a timeout");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
    }
    let many: String = (0..500).map(|number| format!("X-{number}: 1\r\n")).collect();
    let mut stream = TcpStream::connect(server.address).expect("it is let in");
    stream.write_all(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes()).expect("it can be sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("it answers");
    assert_eq!(&answer, b"HTTP/1.1 431");
    is_well(&server, 0);
}

#[test]
fn a_full_disk_is_said_and_harms_nothing() {
    let Some(disk) = SmallDisk::mount(4) else { return };
    let database = disk.0.path().join("monitor.db").to_string_lossy().into_owned();
    let stored = {
        let server = Server::on_sqlite(&database, &[]);
        let stored = fill(&server);
        assert_eq!(server.times_away(), [true], "it is said once");
        let copy = disk.0.path().join("copy.db");
        let backup = server.command(&["backup", &copy.to_string_lossy()]);
        let said = String::from_utf8_lossy(&backup.stderr);
        assert!(said.contains("copy.db: database or disk is full") && !copy.exists(), "{said}");
        stored
    };
    disk.grow();
    {
        let server = Server::on_sqlite(&database, &[]);
        is_well(&server, stored);
        assert_eq!(server.post("metrics/", &metric(json!({}))).status, 201);
    }
    let connection = rusqlite::Connection::open(&database).expect("it can be opened");
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it can be read");
    assert_eq!(check, "ok");
}

#[test]
fn what_waits_while_the_disk_is_full_is_read_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(2) else { return };
    let server = Server::on_sqlite(&disk.0.path().join("monitor.db").to_string_lossy(), &[]);
    let mut stored = 0;
    let refused = loop {
        let answer = server.post("metrics/", &metric(json!({"item_variant": format!("test[{stored}]")})));
        if answer.status != 201 {
            break answer;
        }
        stored += 1;
    };
    assert_eq!(refused.status, 507, "{}", refused.text());
    assert!(server.count("metrics/count") <= stored);
    disk.grow();
    assert_eq!(server.count("metrics/count"), stored);
    assert_eq!(server.post("metrics/", &metric(json!({}))).status, 201);
    assert_eq!(server.count("metrics/count"), stored + 1);
}

#[test]
fn a_full_disk_of_postgresql_is_said_and_harms_nothing() {
    let Some(programs) = postgres::programs() else { return };
    let Some(disk) = SmallDisk::mount(20) else { return };
    let cluster = Cluster::start(&programs, "full", &["fsync=off", "synchronous_commit=off"]);
    let space = disk.0.path().join("space");
    let made = postgres::unprivileged(&format!("mkdir {}", space.display())).status();
    assert!(made.is_ok_and(|status| status.success()), "a folder of PostgreSQL's user can be made");
    cluster.execute(&format!("CREATE TABLESPACE small LOCATION '{}'", space.display()));
    cluster.execute("CREATE DATABASE load TABLESPACE small");
    let server = Server::on_postgres(&cluster.url("load"), &[]);
    let stored = fill(&server);
    disk.grow();
    is_well(&server, stored);
    assert_eq!(server.post("metrics/", &metric(json!({}))).status, 201);
    assert_eq!(server.times_away(), [true, false]);
}

/// Sends metrics until there is no room, and some more; how many were stored.
fn fill(server: &Server) -> u64 {
    let (mut stored, mut full) = (0, 0);
    while full < 20 {
        // Nothing that a database could pack.
        let item: String = (0..2_000).map(|part| hash_hex([format!("{stored} {full} {part}")])).collect();
        match server.post("metrics/", &metric(json!({"item": item}))).status {
            201 => stored += 1,
            507 => full += 1,
            other => panic!("{}: {other}", server.kind),
        }
        assert!(stored < 2_000, "{}: the disk is not small", server.kind);
    }
    assert!(stored > 10, "{}: {stored} stored", server.kind);
    is_well(server, stored);
    stored
}

/// A file system in memory.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None`, with the reason on stderr, where none can be mounted.
    fn mount(megabytes: u32) -> Option<Self> {
        let disk = Self(tempfile::tempdir().expect("a temporary folder can be made"));
        let is_mounted = disk.does("mount", &["-t", "tmpfs", "-o", &format!("size={megabytes}m,mode=777"), "tmpfs"]);
        if !is_mounted {
            skipped("no file system can be mounted here, so a full disk of the server is not tried");
        }
        is_mounted.then_some(disk)
    }

    fn grow(&self) {
        assert!(self.does("mount", &["-o", "remount,size=200m"]), "it can be made larger");
    }

    fn does(&self, program: &str, args: &[&str]) -> bool {
        Command::new(program).args(args).arg(self.0.path()).output().is_ok_and(|output| output.status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.does("umount", &[]);
    }
}
