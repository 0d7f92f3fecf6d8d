//! Who may do what.

use std::net::TcpListener;
use std::time::Duration;

use monitor_tests::{python, run};
use serde_json::json;

use super::process::{Server, program};
use super::samples::metric;

/// A new token.
fn token(server: &Server, args: &[&str]) -> String {
    let made = server.command(&[&["token", "create"], args].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).expect("text").trim().to_owned()
}

/// Statuses of a read and of a write with a token.
fn statuses(server: &Server, project: &str, token: &str) -> [u16; 2] {
    let target = format!("/p/{project}/api/v1/metrics/");
    let bearer = format!("Bearer {token}");
    let read = server.ask("GET", &target).header("Authorization", &bearer).send().status;
    let write = server.ask("POST", &target).header("Authorization", &bearer);
    [read, write.body("application/json", metric(json!({})).to_string()).send().status]
}

/// Waits until the server knows of what a command did to the tokens.
fn wait_for_tokens() {
    std::thread::sleep(Duration::from_millis(1100));
}

#[test]
fn tokens_allow_what_they_say() {
    for server in Server::each(&[]) {
        assert_eq!(
            statuses(&server, "ours", "whatever"),
            [204, 201],
            "without any token everybody of this machine may"
        );
        let read = token(&server, &["reader", "--access", "read"]);
        let write = token(&server, &["writer", "--project", "ours"]);
        let admin = token(&server, &["admin", "--access", "admin"]);
        let expired = token(&server, &["old", "--days", "1"]);
        let yesterday = "UPDATE tokens SET expires_at = expires_at - 86400 WHERE name = 'old'";
        if server.kind == "PostgreSQL" {
            let client = postgres::Client::connect(&server.database, postgres::NoTls);
            client.and_then(|mut client| client.batch_execute(yesterday)).expect("it is carried out");
        } else {
            let connection = rusqlite::Connection::open(&server.database);
            connection.and_then(|connection| connection.execute_batch(yesterday)).expect("it is carried out");
        }
        assert_eq!(read.len(), "monitor_".len() + 64);
        wait_for_tokens();
        assert_eq!(statuses(&server, "ours", &read), [200, 403], "{}", server.kind);
        assert_eq!(statuses(&server, "ours", &write), [200, 201]);
        assert_eq!(statuses(&server, "theirs", &write), [403, 403]);
        assert_eq!(statuses(&server, "ours", &admin), [200, 201]);
        let said =
            server.ask("GET", "/p/a/api/v1/metrics/").header("Authorization", &format!("Bearer {expired}")).send();
        assert!(said.json()["message"].as_str().is_some_and(|text| text.starts_with("the token \"old\" ended at 20")));
        for wrong in [expired.as_str(), "wrong", "", &read[..read.len() - 1]] {
            assert_eq!(statuses(&server, "ours", wrong), [401, 401], "{wrong}");
        }
        let none = server.get("metrics/");
        assert_eq!((none.status, none.header("www-authenticate").is_some()), (401, true));
        for path in ["/", "/metrics", "/api/v1/openapi.json"] {
            assert_eq!(server.get(path).status, 401, "{path}");
        }
        assert_eq!(server.get("/healthz").status, 200);
        // What a list shows are no secrets, and what is revoked is worth nothing.
        let list = server.command(&["token", "list"]);
        let list = String::from_utf8(list.stdout).expect("text");
        assert_eq!(list.lines().count(), 4, "{list}");
        assert!(list.contains("writer  write  ours  ends: never") && !list.contains(&write[8..]), "{list}");
        assert!(server.command(&["token", "revoke", "writer"]).status.success());
        assert!(!server.command(&["token", "revoke", "writer"]).status.success());
        assert!(!server.command(&["token", "create", "reader"]).status.success());
        wait_for_tokens();
        assert_eq!(statuses(&server, "ours", &write), [401, 401]);
    }
}

#[test]
fn a_body_is_not_read_before_its_sender_is_known() {
    let server = Server::sqlite(&[]);
    token(&server, &["writer"]);
    wait_for_tokens();
    let bomb = server.ask("POST", "/api/v2/sessions").header("Content-Encoding", "gzip");
    let answer = bomb.header("Expect", "100-continue").body("application/json", vec![0; 1000]).send();
    assert_eq!(answer.status, 401);
    let malformed = server.ask("POST", "/api/v1/metrics/").body("application/json", "{").send();
    assert_eq!(malformed.status, 401);
}

#[test]
fn refusals_are_limited_and_writers_are_not() {
    let server = Server::sqlite(&[]);
    let write = token(&server, &["writer"]);
    wait_for_tokens();
    let refused: Vec<_> = (0..400).map(|_| server.get("metrics/").status).collect();
    assert!(refused.contains(&401) && refused.iter().all(|status| [401, 429].contains(status)), "{refused:?}");
    assert!(
        (0..200)
            .all(|_| statuses(&server, "ours", &write) == [200, 201] || statuses(&server, "ours", &write)[1] == 201)
    );
}

#[test]
fn pytest_monitor_has_its_token_in_the_address() {
    let Some(python) = python() else { return };
    let server = Server::sqlite(&[]);
    let write = token(&server, &["writer", "--project", "ours"]);
    wait_for_tokens();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("test_one.py"), "def test_one():\n    pass\n").expect("a file can be written");
    let mut pytest = python.command();
    let url = format!("http://{write}:@{}/p/ours/api/v1", server.address);
    pytest
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-db", "--remote-server", &url])
        .current_dir(folder.path());
    let _ = run(pytest).succeeded();
    let count =
        server.ask("GET", "/p/ours/api/v1/metrics/count").header("Authorization", &format!("Bearer {write}")).send();
    assert_eq!(count.json(), json!({"count": 1}));
}

#[test]
fn without_a_token_nobody_else_is_let_in() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut command = program();
    let refused =
        command.args(["--listen", "0.0.0.0:0"]).current_dir(folder.path()).output().expect("the program runs");
    assert!(!refused.status.success());
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(message.contains("token create"), "{message}");
}

#[test]
fn a_busy_port_and_a_foreign_file_are_named() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("an address").to_string();
    let fails = |args: &[&str]| {
        let output = program().args(args).current_dir(folder.path()).output().expect("the program runs");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let message = fails(&["--listen", &address]);
    assert!(message.contains(&address), "{message}");
    std::fs::write(folder.path().join("text"), "no database, but a text of some length".repeat(100)).expect("a file");
    assert!(fails(&["--database", "text"]).contains("text: file is not a database"));
    let message = fails(&["--database", "/nowhere/monitor.db"]);
    assert!(message.contains("/nowhere/monitor.db"), "{message}");
    let message = fails(&["--tls-cert", "text"]);
    assert!(message.contains("--tls-key"), "{message}");
}

#[test]
fn people_sign_in_with_a_token_and_may_then_read() {
    for server in Server::each(&[]) {
        let made = server.command(&["token", "create", "people", "--access", "write"]);
        let secret = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let html = |target: &str| server.ask("GET", target).header("Accept", "text/html");
        let refused = html("/?a=b").send();
        assert_eq!(
            (refused.status, refused.header("location")),
            (303, Some("/login?next=%2F%3Fa%3Db")),
            "{}",
            server.kind
        );
        assert_eq!(server.get("/").status, 401, "a program is told");
        let page = html("/login?next=%2F%3Fa%3Db").send();
        assert!(page.text().contains("value=\"/?a=b\""), "{}", page.text());
        assert_eq!(html("/assets/page.css").send().status, 200, "the form has its style");
        let form = page.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
        let (_, of_form) = form.split_once('=').expect("a value");
        let sign_in_by = |cookie: &str, of_form: &str, token: &str, next: &str| {
            let body = format!("form={of_form}&token={token}&next={next}");
            let ask = server.ask("POST", "/login").header("Cookie", cookie);
            ask.body("application/x-www-form-urlencoded", body).send()
        };
        let sign_in = |token: &str, next: &str| sign_in_by(&form, of_form, token, next);
        let has_token = |answer: &super::http::Answer| answer.head.contains("monitor_token=");
        let wrong = sign_in("monitor_wrong", "%2F");
        assert!(wrong.status == 401 && !has_token(&wrong) && wrong.text().contains("not valid"), "{}", wrong.head);
        // Another site can't sign a browser in: it knows no secret of a form of ours.
        for (cookie, of_form) in [("", of_form), (form.as_str(), ""), (&form, "x"), ("monitor_form=", "")] {
            let forged = sign_in_by(cookie, of_form, &secret, "%2F");
            assert!(forged.status == 403 && !has_token(&forged), "{cookie}: {}", forged.head);
        }
        assert_eq!(sign_in(&secret, "https%3A%2F%2Fevil.example").header("location"), Some("/"));
        let right = sign_in(&secret, "%2F%3Fa%3Db");
        assert_eq!((right.status, right.header("location")), (303, Some("/?a=b")));
        let cookie = right.header("set-cookie").expect("a cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        let cookie = cookie.split(';').next().expect("its value");
        assert_eq!(html("/").header("Cookie", cookie).send().status, 200, "{}", server.kind);
        // Whatever page makes the browser send it.
        let body = json!({"session_h": "s", "run_date": "2026-01-02", "scm_ref": null, "description": {}}).to_string();
        let written = server.ask("POST", "/api/v1/sessions/").header("Cookie", cookie).body("application/json", body);
        assert_eq!(written.send().status, 401, "a cookie writes nothing");
        // Whose token is for one project is led there, and told so elsewhere.
        let made = server.command(&["token", "create", "guest", "--access", "read", "--project", "ours"]);
        let guest = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        wait_for_tokens();
        for (next, to) in
            [("%2Ftests", "/p/ours/"), ("%2Fp%2Fours%2Ftests", "/p/ours/tests"), ("%2Fp%2Fours2%2F", "/p/ours/")]
        {
            assert_eq!(sign_in(&guest, next).header("location"), Some(to), "{next}");
        }
        let guest = format!("monitor_token={guest}");
        assert_eq!(html("/p/ours/").header("Cookie", &guest).send().status, 200);
        let refused = html("/").header("Cookie", &guest).send();
        assert_eq!((refused.status, refused.header("content-type")), (403, Some("text/html; charset=utf-8")));
        assert!(refused.text().contains("is for the project ours only") && refused.text().contains("Sign out"));
        assert!(refused.header("content-security-policy").is_some(), "{}", refused.head);
        let out = server.ask("POST", "/logout").header("Cookie", cookie).send();
        assert!(out.header("set-cookie").is_some_and(|cookie| cookie.contains("monitor_token=; ")), "{}", out.head);
    }
}
