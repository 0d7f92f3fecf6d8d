//! What operators do: files in and out, copies, and an end to old sessions.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::scope;

use monitor_store::{Monitor, Outcome, Sessions};
use monitor_tests::{python, run};
use serde_json::json;

use super::process::{Server, program};
use super::samples::{context, metric, session};

fn succeeded(server: &Server, args: &[&str]) -> String {
    let output = server.command(args);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {args:?}: {error}", server.kind);
    String::from_utf8(output.stdout).expect("text")
}

/// A session of each kind: of Rust, by our own way in, and of Python.
fn fill(server: &Server) {
    let mut known = context("ours");
    known["class"] =
        json!({"class_h": "k", "rustc": "rustc 1.95.0", "profile": "dev", "opt_level": "0", "target": "t"});
    let row = |variant: &str, profile: serde_json::Value| {
        let mut row = metric(
            json!({"item_variant": variant, "context_h": "ours", "profile": profile, "package": "pkg", "binary": "lib"}),
        );
        row.as_object_mut().expect("an object").remove("session_h");
        row
    };
    let mut crashed = row("crashed", json!({"outcome": "crashed"}));
    for figure in ["total_time", "user_time", "kernel_time", "cpu_usage", "mem_usage"] {
        crashed.as_object_mut().expect("an object").remove(figure);
    }
    let passed =
        row("passed", json!({"outcome": "passed", "attribution": "threads", "heap_peak": 4096, "heap_retained": -1}));
    let ours = json!({
        "session": session("s1", json!({"pipeline_branch": "main"})), "contexts": [known], "lockfile": "version = 4\n",
        "rows": [passed, crashed],
    });
    assert_eq!(server.post("/api/v2/sessions", &ours).status, 201);
    assert_eq!(server.post("contexts/", &context("theirs")).status, 201);
    assert_eq!(server.post("sessions/", &session("s2", json!({"pipeline_branch": "dev"}))).status, 201);
    assert_eq!(server.post("metrics/", &metric(json!({"session_h": "s2", "context_h": "theirs"}))).status, 201);
}

fn listings(server: &Server, project: &str) -> Vec<String> {
    ["contexts/", "sessions/", "metrics/", "components/"]
        .iter()
        .map(|path| server.get(&format!("/p/{project}/api/v1/{path}")).text())
        .collect()
}

#[test]
fn a_project_goes_out_to_a_file_and_in_again() {
    for server in Server::each(&[]) {
        fill(&server);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("out.pymon");
        let name = file.to_str().expect("a path in UTF-8");
        succeeded(&server, &["export", name]);
        let monitor = Monitor::open(&file).expect("the file can be read");
        assert_eq!(monitor.sessions(&Sessions::all()).expect("sessions").len(), 2, "{}", server.kind);
        let tests = monitor.tests("s1").expect("tests");
        let outcome =
            |variant: &str| tests.iter().find(|test| test.variant() == variant).and_then(|test| test.outcome());
        assert_eq!((outcome("passed"), outcome("crashed")), (Some(Outcome::Passed), Some(Outcome::Crashed)));
        let measures = tests.iter().find_map(|test| test.profile.as_ref()?.measures.heap_retained_bytes);
        assert_eq!(measures, Some(-1));
        assert_eq!(tests.iter().filter_map(|test| test.class_h.as_deref()).collect::<Vec<_>>(), ["k", "k"]);
        assert_eq!(monitor.lockfile("s1").expect("a lockfile").as_deref(), Some("version = 4\n"));
        assert!(!server.command(&["export", name]).status.success(), "a file that is there is not touched");
        drop(monitor);

        assert_eq!(succeeded(&server, &["import", name, "--project", "copy"]), "2 sessions, 3 new rows\n");
        assert_eq!(succeeded(&server, &["import", name, "--project", "copy"]), "2 sessions, 0 new rows\n");
        assert_eq!(succeeded(&server, &["import", name]), "2 sessions, 0 new rows\n", "what was sent live is known");
        assert_eq!(listings(&server, "copy"), listings(&server, "default"), "{}", server.kind);
        assert!(!server.command(&["import", "/nowhere.pymon"]).status.success());
    }
}

#[test]
fn a_file_of_pytest_monitor_comes_in() {
    let Some(python) = python() else { return };
    let server = Server::sqlite(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("test_sent.py"), include_str!("../fixtures/test_sent.py")).expect("a file");
    let mut pytest = python.command();
    pytest
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--remote-server", &server.base()])
        .current_dir(folder.path());
    let _ = run(pytest).succeeded();
    let file = folder.path().join(".pymon");
    let imported = succeeded(&server, &["import", file.to_str().expect("a path in UTF-8")]);
    assert_eq!(imported, "1 sessions, 0 new rows\n", "what was sent live is not there twice");
}

#[test]
fn old_sessions_go_and_the_baseline_stays() {
    for server in Server::each(&[]) {
        fill(&server);
        assert!(!server.command(&["prune"]).status.success(), "nothing is meant");
        assert_eq!(succeeded(&server, &["prune", "--keep", "0", "--dry-run"]), "s2\n");
        assert_eq!(succeeded(&server, &["prune", "--older-than", "1"]), "0 sessions deleted\n");
        assert_eq!(succeeded(&server, &["prune", "--keep", "0"]), "1 sessions deleted\n", "{}", server.kind);
        let left: Vec<_> =
            server.list("sessions/", "sessions").iter().map(|session| session["session_h"].clone()).collect();
        assert_eq!((left, server.count("metrics/count")), (vec![json!("s1")], 1));
        // What is deleted can be sent again.
        fill(&server);
        assert_eq!(server.count("metrics/count"), 2, "{}", server.kind);
    }
}

#[test]
fn sessions_go_while_others_write() {
    for server in Server::each(&[]) {
        let row = |item: &str, component: &str| {
            let mut row = metric(json!({"item": item, "item_variant": item, "component": component}));
            row.as_object_mut().expect("an object").remove("session_h");
            row
        };
        // More than are deleted in one transaction, and more than there are labels in a block.
        for number in 0..90 {
            let mut rows = vec![row("everywhere", "c")];
            if number < 80 {
                rows.extend([row("old", "c"), row("everywhere", "once in another place")]);
            }
            let body = json!({"session": session(&format!("s{number}"), json!({})), "contexts": [context("c1")], "rows": rows});
            assert_eq!(server.post("/api/v2/sessions", &body).status, 201);
        }
        let is_over = AtomicBool::new(false);
        let sent = scope(|scope| {
            let sender = scope.spawn(|| {
                let mut sent = 0;
                while !is_over.load(Relaxed) {
                    let live = metric(json!({"session_h": "live", "item": "live", "component": "live"}));
                    assert_eq!(server.post("metrics/", &live).status, 201, "{}", server.kind);
                    sent += 1;
                }
                sent
            });
            assert_eq!(succeeded(&server, &["prune", "--keep", "8"]), "82 sessions deleted\n", "{}", server.kind);
            is_over.store(true, Relaxed);
            sender.join().expect("it sends")
        });
        let count = |item: &str| server.count(&format!("variants/{item}/metrics/count"));
        assert_eq!([count("everywhere"), count("old")], [8, 0], "{}", server.kind);
        assert_eq!((server.count("items/live/metrics/count"), server.count("sessions/count")), (sent, 8));
        assert_eq!(server.get("components/").json()["components"], json!(["c", "live"]), "{}", server.kind);
        // What is deleted is made again.
        let again = metric(json!({"session_h": "s0", "item": "old", "item_variant": "old"}));
        assert_eq!((server.post("metrics/", &again).status, count("old")), (201, 1), "{}", server.kind);
    }
}

#[test]
fn a_session_that_was_deleted_and_comes_again_is_another() {
    for server in Server::each(&[]) {
        let send = |session_h: &str, seconds: f64| {
            let mut body = session(session_h, json!({"pipeline_branch": "dev"}));
            body["run_date"] = json!(if session_h == "a" { "2026-11-23T00:00:00" } else { "2026-11-24T00:00:00" });
            let row = json!({
                "context_h": "c1", "item_start_time": "2026-11-23T00:34:05", "item_path": "pkg", "item": "x",
                "item_variant": "x", "kind": "function", "total_time": seconds, "user_time": seconds, "kernel_time": 0,
            });
            let body = json!({"session": body, "contexts": [context("c1")], "rows": [row]});
            assert_eq!(server.post("/api/v2/sessions", &body).status, 201, "{}", server.kind);
        };
        let shown = || ["/tests.csv", "/compare.csv?base=a&head=b"].map(|path| server.get(path).text());
        send("a", 1.0);
        send("b", 2.0);
        let before = shown();
        assert_eq!(shown(), before);
        assert_eq!(succeeded(&server, &["prune", "--keep", "0"]), "2 sessions deleted\n");
        send("a", 3.0);
        send("b", 9.0);
        for (before, now) in before.into_iter().zip(shown()) {
            assert!(now.contains("pkg::x") && now != before, "{}: {before}{now}", server.kind);
        }
    }
}

#[test]
fn the_view_for_dashboards_has_every_run() {
    let server = Server::sqlite(&[]);
    fill(&server);
    let connection = rusqlite::Connection::open(&server.database).expect("the file can be read");
    let sql = "SELECT group_concat(project || ' ' || variant || ' ' || coalesce(outcome, '-') || ' ' || (wall_seconds > 0), ', ') \
               FROM (SELECT * FROM test_runs ORDER BY variant)";
    let rows: String = connection.query_row(sql, [], |row| row.get(0)).expect("a row");
    assert!(rows.starts_with("default ") && rows.contains("passed passed 1"), "{rows}");
}

#[test]
fn a_backup_is_a_database() {
    for server in Server::each(&[]) {
        fill(&server);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let copy = folder.path().join("copy.db");
        let name = copy.to_str().expect("a path in UTF-8");
        let output = server.command(&["backup", name]);
        if server.kind == "PostgreSQL" {
            assert!(String::from_utf8_lossy(&output.stderr).contains("pg_dump"));
            continue;
        }
        assert!(output.status.success() && Path::new(name).exists());
        assert_eq!(listings(&Server::on_sqlite(name, &[]), "default"), listings(&server, "default"));
        assert!(!server.command(&["backup", name]).status.success(), "a file that is there is not touched");
        // Of several at once one makes the file, and no other takes it away.
        let new = folder.path().join("new.db").to_string_lossy().into_owned();
        let at_once = std::thread::scope(|scope| {
            let start = || scope.spawn(|| server.command(&["backup", &new]).status.success());
            let started: Vec<_> = (0..6).map(|_| start()).collect();
            started.into_iter().map(|it| it.join().expect("it ends")).filter(|it| *it).count()
        });
        assert_eq!(at_once, 1);
        assert_eq!(listings(&Server::on_sqlite(&new, &[]), "default"), listings(&server, "default"));
    }
}

#[test]
fn a_server_that_has_ended_leaves_one_file() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let [file, copy] = ["monitor.db", "copy.db"].map(|name| folder.path().join(name).to_string_lossy().into_owned());
    let mut server = Server::on_sqlite(&file, &[]);
    fill(&server);
    let before = listings(&server, "default");
    server.signal("TERM");
    assert!(server.wait().success());
    std::fs::copy(&file, &copy).expect("a file can be copied");
    assert_eq!(listings(&Server::on_sqlite(&copy, &[]), "default"), before);
}

/// The schema as version 4 had it.
const VERSION_4: [&str; 4] = [
    include_str!("../../src/store/sqlite/migrations/0001_initial.sql"),
    include_str!("../../src/store/sqlite/migrations/0002_blocks.sql"),
    include_str!("../../src/store/sqlite/migrations/0003_views.sql"),
    include_str!("../../src/store/sqlite/migrations/0004_findings.sql"),
];

#[test]
fn a_database_of_an_earlier_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("monitor.db");
    let before = rusqlite::Connection::open(&file).expect("a database");
    before.execute_batch(&VERSION_4.concat()).expect("the schema");
    before
        .execute_batch(
            "PRAGMA user_version = 4;
             INSERT INTO projects VALUES (1, 'default');
             INSERT INTO labels VALUES (1, 1, 's1'), (2, 1, 'c1');
             INSERT INTO sessions (project, label, run_date, tags, received_at)
                 VALUES (1, 1, '2026-11-23T00:34:04', '[]', '2026-11-23T00:34:05');
             INSERT INTO tests VALUES (1, x'01', 1, 7, 'p', 'a', 'a', 'p.py', 'function', 'c', '', '');
             INSERT INTO test_blocks VALUES (7, 0);
             INSERT INTO runs (project, session, context, test, key, start, nth, total_time)
                 VALUES (1, 1, 2, 1, 7, '2026-11-23T00:34:05', 0, 0.5), (1, 1, 2, 1, 7, '2026-11-23T00:34:06', 0, NULL);",
        )
        .expect("rows");
    drop(before);
    let server = Server::on_sqlite(&file.to_string_lossy(), &[]);
    let count = |path: &str| server.get(path).json()["count"].clone();
    assert_eq!([count("metrics/count"), count("sessions/s1/metrics/count"), count("items/a/metrics/count")], [1, 1, 1]);
    assert_eq!(server.list("metrics/", "metrics").len(), 1, "what did not end is no metric");
    assert_eq!(server.list("components/c/metrics", "metrics").len(), 1);
    let again = metric(serde_json::json!({"session_h": "s1", "item": "a", "item_variant": "a", "component": "c"}));
    assert_eq!(server.post("metrics/", &again).status, 201);
    assert_eq!(
        [count("metrics/count"), count("sessions/s1/metrics/count"), count("contexts/c1/metrics/count")],
        [2; 3]
    );
}

/// What the program says that has to refuse.
fn refused(folder: &Path, args: &[&str]) -> String {
    let mut command = program();
    command.current_dir(folder).args(args);
    let refused = run(command);
    assert!(refused.code.is_some_and(|code| code == 1 || code == 2), "{args:?}: {refused:?}");
    refused.stderr
}

#[test]
fn a_file_has_one_server_and_any_number_of_commands() {
    let mut server = Server::sqlite(&[]);
    fill(&server);
    let folder = Path::new(&server.database).parent().expect("a folder");
    std::os::unix::fs::symlink(&server.database, folder.join("link.db")).expect("a link");
    for name in ["monitor.db", "./monitor.db", "link.db"] {
        let said = refused(folder, &["--database", name, "--listen", "127.0.0.1:0"]);
        assert!(said.contains(&format!("{name}: another monitor-server serves it")), "{said}");
        assert!(said.contains("PostgreSQL"), "{said}");
    }
    for args in
        [["token", "list"].as_slice(), &["export", "out.pymon"], &["backup", "copy.db"], &["prune", "--keep", "9"]]
    {
        let mut command = program();
        command.current_dir(folder).args(args);
        let done = run(command);
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.stderr);
    }
    drop(Server::on_sqlite(&folder.join("copy.db").to_string_lossy(), &[]));
    server.kill_and_restart();
    assert_eq!(server.count("metrics/count"), 2);
}

#[test]
fn mistakes_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("text.db"), "no database, but a text that is longer than its head".repeat(9))
        .expect("a file");
    std::fs::write(here.join("text.db-empty"), "").expect("a file");
    let mut token = program();
    token.current_dir(here).args(["token", "create", "ours"]);
    assert_eq!(run(token).code, Some(0));
    let serve = |database: &'static str| vec!["--database", database, "--listen", "127.0.0.1:0"];
    let cases = [
        (serve("nowhere/monitor.db"), "nowhere/monitor.db: its folder is not there: make it"),
        (serve("."), ".: that is a folder: name a file in it"),
        (serve(""), "the database \"\" is no file"),
        (serve(":memory:"), "the database \":memory:\" is no file"),
        (serve("text.db"), "text.db: file is not a database"),
        (serve("mysql://user:secret@results"), "a database mysql:// is neither a file nor a postgres:// URL"),
        (vec!["--database", "montior.db", "export", "x.pymon"], "montior.db: there is no such database"),
        (vec!["--database", "montior.db", "backup", "x.db"], "montior.db: there is no such database"),
        (vec!["--database", "montior.db", "prune", "--keep", "1"], "montior.db: there is no such database"),
        (vec!["--database", "montior.db", "token", "list"], "montior.db: there is no such database"),
        (vec!["--database", "montior.db", "token", "revoke", "a"], "montior.db: there is no such database"),
        (vec!["backup", "monitor.db"], "monitor.db is there already"),
        (vec!["backup", "nowhere/x.db"], "nowhere/x.db: its folder is not there"),
        (vec!["export", "x.pymon", "--project", "ousr"], "there is no project ousr; there are: none yet"),
        (vec!["prune", "--keep", "1", "--project", "ousr"], "there is no project ousr; there are: none yet"),
        (vec!["import", "text.db"], "text.db is no .pymon file, or a damaged one"),
        (vec!["import", "text.db-empty"], "text.db-empty has no sessions: nothing to import"),
        (vec!["import", "monitor.db"], "monitor.db is a database, but no .pymon file"),
        (vec!["import", "/dev/null"], "/dev/null is no file, but a device or the like: give the path of a .pymon file"),
        (vec!["--database", "postgres:///results", "token", "list"], "the database's address names no host"),
        (vec!["--database", "postgres://u:secret@h:port/x", "token", "list"], "invalid value for option `port`: write"),
        (
            vec!["--database", "postgres://u:secret@127.0.0.1:1,127.0.0.2:2/x", "token", "list"],
            "PostgreSQL at 127.0.0.1:1, 127.0.0.2:2: error connecting to server: Connection refused",
        ),
        (vec!["import", "x.pymon", "--project", "a b"], "a project's name has letters"),
        (vec!["token", "create", "b", "--project", "a/b"], "a project's name has letters"),
        (vec!["token", "create", "b", "--days", "0"], "0 is not in 1..=36500"),
        (vec!["token", "create", "b", "--days", "4294967295"], "is not in 1..=36500"),
        (vec!["token", "create", " "], "a token needs a name"),
        (vec!["token", "create", "ours"], "there is a token \"ours\" already"),
        (vec!["token", "revoke", "nobody"], "there is no token \"nobody\""),
        (vec!["--listen", "localhost"], "such as 127.0.0.1:8050"),
        (vec!["--listen", "127.0.0.1:0", "--webhook", "ftp://x", "--webhook-secret", "x"], "it begins with http://"),
    ];
    for (args, expected) in cases {
        let said = refused(here, &args);
        assert!(said.contains(expected) && !said.contains("secret@"), "{args:?}: {said}");
    }
    let left: Vec<_> = std::fs::read_dir(here).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(
        left.iter().all(|name| ["text.db", "monitor.db"].iter().any(|known| name.to_string_lossy().starts_with(known))),
        "{left:?}"
    );
}
