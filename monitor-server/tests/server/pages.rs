//! What people see, as text and in a real browser.

use monitor_tests::browser::Browser;
use serde_json::{Value, json};

use super::process::Server;
use super::samples::context;

/// A name that would be more than a name, if a page let it.
const HOSTILE: &str = "<script>hacked=1</script>\"><img src=x onerror=hacked=1>";

/// Sessions of a suite of two tests, of which the last needs thrice the time and has a test with a hostile name.
fn history(server: &Server, project: &str, sessions: u32) {
    let mut machine = context("c1");
    machine["class"] =
        json!({"class_h": "k", "rustc": "rustc 1.95.0", "profile": "dev", "opt_level": "0", "target": "t"});
    for number in 0..sessions {
        let last = number + 1 == sessions;
        let slow = if last { 2.4 } else { 0.8 + f64::from(number * 7 % 5) / 600.0 };
        let mut rows = vec![row("test_quick", number, 0.25), row("test_slow", number, slow)];
        if last {
            rows.push(row(HOSTILE, number, 0.1));
        }
        let session = json!({
            "session_h": format!("session{number}"), "run_date": format!("2026-11-{:02}T10:00:00", number + 1),
            "scm_ref": format!("{number:04x}cafe"), "ended": true,
            "description": {"git_branch": if last { HOSTILE } else { "main" }, "git_dirty": "false"},
        });
        let batch = json!({"session": session, "contexts": [machine], "rows": rows});
        let sent = server.post(&format!("/p/{project}/api/v2/sessions"), &batch);
        assert_eq!(sent.status, 201, "{}", sent.text());
    }
}

fn row(item: &str, number: u32, wall: f64) -> Value {
    json!({
        "context_h": "c1", "item_start_time": format!("2026-11-{:02}T10:00:01.000001", number + 1), "item_path": "krate::tests",
        "item": item, "item_variant": item, "item_fs_loc": "src/lib.rs", "kind": "function", "component": "krate",
        "package": "krate", "binary": "krate", "total_time": wall, "user_time": wall, "kernel_time": 0.0, "cpu_usage": 1.0,
        "mem_usage": 2.0,
        "profile": {"outcome": "passed", "attribution": "threads", "mem_source": "heap", "heap_peak": 2_097_152},
    })
}

/// Every page of a project with rows.
const PAGES: [&str; 11] = [
    "/",
    "/p/ours/",
    "/p/ours/?branch=main",
    "/p/ours/sessions/session11",
    "/p/ours/sessions/session11/gate",
    "/p/ours/machines",
    "/p/ours/tests",
    "/p/ours/tests?sort=memory_bytes&search=slow",
    "/p/ours/test?path=krate%3A%3Atests&variant=test_slow",
    "/p/ours/compare?base=session10&head=session11",
    "/p/ours/compare?base=main&head=latest&all=1",
];

#[test]
fn pages_show_what_there_is_and_each_leads_on() {
    for server in Server::each(&[]) {
        assert!(server.get("/").text().contains("There are no results yet"), "{}", server.kind);
        history(&server, "ours", 12);
        for path in PAGES {
            let page = server.get(path);
            assert_eq!(page.status, 200, "{}: {path}: {}", server.kind, page.text());
            assert!(page.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'")));
            assert!(!page.text().contains("<script>hacked") && !page.text().contains("<img"), "{path}");
            let tag = page.header("etag").expect("a tag").to_owned();
            let again = server.ask("GET", path).header("If-None-Match", &tag).send();
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
            // Whatever a page leads to is there.
            for link in page.text().split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let target = link.split('#').next().unwrap_or("").replace("&amp;", "&");
                if !target.is_empty() {
                    let status = server.get(&target).status;
                    assert_eq!(status, 200, "{}: {path} leads to {target}", server.kind);
                }
            }
        }
        let session = server.get("/p/ours/sessions/session11").text();
        assert!(session.contains("test_slow") && session.contains("regressed"), "{session}");
        for (path, status) in [
            ("/p/ours/sessions/nothing", 404),
            ("/p/ours/test?path=a&variant=nothing", 404),
            ("/p/ours/test", 400),
            ("/p/ours/compare?base=nothing", 404),
            ("/p/nobody/", 200),
        ] {
            assert_eq!(server.get(path).status, status, "{path}");
        }
    }
}

#[test]
fn programs_get_the_same_as_json_and_csv() {
    let server = Server::sqlite(&[]);
    history(&server, "ours", 12);
    let sessions = server.get("/p/ours/index.json").json();
    assert_eq!((sessions.as_array().map(Vec::len), &sessions[0]["session"]), (Some(12), &json!("session11")));
    let session = server.get("/p/ours/sessions/session11.json").json();
    let slow = session["tests"].as_array().expect("tests").iter().find(|test| test["variant"] == "test_slow");
    assert_eq!(slow.expect("the test")["wall_seconds"], 2.4);
    let compared = server.get("/p/ours/compare.json?base=session10&head=session11").json();
    assert!(compared.to_string().contains("regressed"), "{compared}");
    let gate = server.get("/p/ours/sessions/session11/gate.md");
    assert!(gate.text().contains("regressed") && gate.text().contains("test_slow"), "{}", gate.text());
    assert!(server.get("/p/ours/badge.svg").text().contains("test cost: passed"), "of main");
    let csv = server.get("/p/ours/tests.csv?sort=wall_seconds");
    assert!(csv.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")));
    assert_eq!(csv.text().lines().count(), 4, "{}", csv.text());
    let runs = server.get("/p/ours/test.json?path=krate::tests&variant=test_slow").json();
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(12), "{runs}");
}

#[test]
fn pages_work_in_a_browser_by_clicks_without_script_of_others() {
    let Some(mut browser) = Browser::start(1200, 900) else { return };
    let server = Server::sqlite(&[]);
    history(&server, "ours", 12);
    let origin = format!("http://{}", server.address);
    for path in PAGES {
        for scheme in ["light", "dark"] {
            let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            let _ = browser.call("Emulation.setEmulatedMedia", &features);
            browser.visit(&format!("{origin}{path}"));
            assert_eq!(browser.complaints(), [""; 0], "{path}");
            assert!(browser.requests().iter().all(|url| url.starts_with(&origin)), "{:?}", browser.requests());
            assert_eq!(browser.evaluate("typeof hacked"), "undefined", "{path}");
            assert_eq!(browser.evaluate("document.querySelectorAll('img').length"), 0, "{path}");
            let wide = browser.evaluate("document.documentElement.scrollWidth <= innerWidth");
            assert_eq!(wide, true, "{path} is wider than the window");
        }
    }
    // From the overview to the test that got worse.
    browser.visit(&origin);
    for text in ["ours", "session11", "krate::tests::test_slow"] {
        let found = format!("[...document.querySelectorAll('tbody a')].find((a) => a.textContent === {text:?}).href");
        let link = browser.evaluate(&found);
        browser.visit(link.as_str().expect("a link"));
    }
    let title = browser.evaluate("document.querySelector('h1').textContent");
    assert_eq!(title, "krate::tests::test_slow");
    browser.hover("#charts .run:last-of-type");
    let tooltip = browser.evaluate("tooltip.hidden ? '' : tooltip.innerText");
    assert!(tooltip.as_str().is_some_and(|text| text.contains("2.4 s") || text.contains("2.40 s")), "{tooltip}");
}
