//! What the server says of sessions, where `cargo monitor gate` on a file could not: by their fork points, on badges, of
//! flaky tests.

use serde_json::json;

use super::history::{evolution, send, send_branch, send_ended, send_outcome};
use super::process::Server;

#[test]
fn a_branch_is_judged_by_where_it_left_the_baseline() {
    for server in Server::each(&[]) {
        let run = |seconds: f64, heap: u64| [("t::grows", seconds, heap)];
        let noise = |day: u32| 1.0 + f64::from(day * 7 % 5) / 100.0;
        for day in 1..=24 {
            // On the 13th the baseline itself became slower; the branch had left it before.
            let (seconds, heap) = if day < 13 { (0.5, 1 << 20) } else { (1.5, 4 << 20) };
            send(
                &server,
                "ours",
                &format!("m{day:02}"),
                day,
                &format!("{day:08x}"),
                "main",
                &run(seconds * noise(day), heap),
            );
        }
        let verdict = |session: &str, base: u32| {
            send_branch(&server, "ours", session, 26, &format!("{base:08x}"), &run(1.5, 4 << 20));
            server.get(&format!("/p/ours/sessions/{session}.json")).json()["gate"]["gate"].clone()
        };
        assert_eq!(verdict("old", 12), "regressed", "{}: slower than what it left", server.kind);
        assert_eq!(verdict("new", 24), "passed", "{}: no slower than what it left", server.kind);
    }
}

#[test]
fn a_comment_and_a_badge_say_the_verdict() {
    let server = Server::sqlite(&[]);
    evolution(&server, "ours");
    let comment = server.get("/p/ours/sessions/worse/comment.md");
    assert_eq!(comment.header("content-type"), Some("text/markdown; charset=utf-8"));
    let text = comment.text();
    assert!(text.contains("- gate: regressed") && text.contains("demo::tests::grows"), "{text}");
    assert!(!text.contains("demo::tests::steady"), "only what changed: {text}");
    assert!(text.contains(&format!("(http://{}/p/ours/sessions/worse)", server.address)), "{text}");
    let badge = |query: &str| {
        let answer = server.get(&format!("/p/ours/badge.svg{query}"));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/svg+xml")));
        answer.text()
    };
    assert!(badge("").contains(">passed<") && badge("?branch=feature").contains(">regressed<"));
    assert!(badge("?branch=nowhere").contains(">no session<"));
}

#[test]
fn a_test_that_disagrees_with_itself_is_flaky_until_it_is_mended() {
    for server in Server::each(&[]) {
        let send =
            |day: u32, commit: &str, h: &str, outcome: &str| send_outcome(&server, "ours", h, day, commit, outcome);
        send(1, "aaaa", "a1", "passed");
        send(1, "aaaa", "a2", "failed");
        send(2, "bbbb", "b1", "failed");
        let flaky = || server.get("/p/ours/flaky.json").json();
        let found = flaky();
        let (test, rate) = (&found[0]["test"], &found[0]["rate"]);
        assert_eq!(
            (test, rate, &found[0]["session"]),
            (&json!("t::moody"), &json!(0.5), &json!("a2")),
            "{}",
            server.kind
        );
        for day in 3..13 {
            assert_eq!(flaky().as_array().map(Vec::len), Some(1), "before day {day}");
            send(day, &format!("c{day:03}"), &format!("c{day}"), "passed");
        }
        assert_eq!(flaky(), json!([]), "ten commits at which it only passed");
    }
}

#[test]
fn a_finding_is_kept_until_it_is_muted_accepted_or_fixed() {
    for server in Server::each(&[]) {
        evolution(&server, "ours");
        let run = |seconds: f64, heap: u64| [("demo::tests::grows", seconds, heap)];
        let findings = |query: &str| server.get(&format!("/p/ours/findings.json{query}")).json();
        let states = |query: &str| {
            let found = findings(query);
            let of = |finding: &serde_json::Value| finding["state"].as_str().expect("a word").to_owned();
            found.as_array().expect("findings").iter().map(of).collect::<Vec<_>>()
        };
        let wait = |what: &dyn Fn() -> bool| {
            (0..600).any(|_| {
                std::thread::sleep(std::time::Duration::from_millis(50));
                what()
            })
        };
        assert_eq!(states(""), [""; 0], "{}: no session was said to be over", server.kind);
        send_ended(&server, "ours", "slow", 27, "dev", &run(1.5, 4 << 20));
        assert!(wait(&|| !states("").is_empty()), "{}: the session is judged", server.kind);
        let found = findings("");
        assert!(found.as_array().expect("findings").iter().all(|it| it["test"] == "demo::tests::grows"), "{found:#}");
        assert!(server.get("/p/ours/findings").text().contains("demo::tests::grows"));
        // The same again is no other finding, neither of this session nor of the next.
        let count = states("").len();
        send_ended(&server, "ours", "slow", 27, "dev", &run(1.5, 4 << 20));
        send_ended(&server, "ours", "slow2", 28, "dev", &run(1.5, 4 << 20));

        let id = found[0]["id"].as_str().expect("an identifier").to_owned();
        let decide = |form: &str| {
            let ask = server.ask("POST", &format!("/p/ours/findings/{id}"));
            ask.body("application/x-www-form-urlencoded", form).send().status
        };
        assert_eq!((decide("state=muted"), decide("state=fixed"), decide("state=muted&until=soon")), (400, 400, 400));
        assert_eq!(decide("state=muted&until=2020-12-31"), 204);
        assert_eq!(states("").len(), count, "{}: its time is over", server.kind);
        assert_eq!(decide("state=muted&until=2999-12-31"), 204);
        assert_eq!(states("").len(), count - 1, "{}", server.kind);
        assert_eq!(decide("state=accepted"), 204);
        assert!(states("?state=all").contains(&"accepted".to_owned()));
        assert_eq!(decide("state=open"), 204);
        assert_eq!(server.ask("POST", "/p/ours/findings/none").body("text/plain", "state=open").send().status, 404);

        send_ended(&server, "ours", "mended", 29, "dev", &run(0.5, 1 << 20));
        assert!(wait(&|| states("").is_empty()), "{}: {:#}", server.kind, findings("?state=all"));
        let all = findings("?state=all");
        assert!(all.as_array().expect("findings").iter().all(|it| it["fixed_in"] == "mended"), "{all:#}");
        assert_eq!(all.as_array().map(Vec::len), Some(count), "{}", server.kind);
    }
}
