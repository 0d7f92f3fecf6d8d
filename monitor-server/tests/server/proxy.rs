//! A server behind a proxy, below a path.

use std::process::Command;

use monitor_tests::{cargo_monitor, python, repository, run};
use serde_json::json;
use tempfile::TempDir;

use super::http::{Answer, Ask};
use super::process::{Server, program};
use super::samples::{context, metric, session};

const BASE: &str = "/tools/monitor";
const PUBLIC: &str = "https://monitor.example.org/tools/monitor";

/// A server, and a token for all of it.
struct Behind {
    server: Server,
    token: String,
    folder: TempDir,
}

impl Behind {
    fn start(url: &str, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("monitor.db").to_string_lossy().into_owned();
        let made = program().args(["--database", &file, "token", "create", "all"]).output().expect("the program runs");
        let token = String::from_utf8(made.stdout).expect("text").trim().to_owned();
        let server = Server::on_sqlite(&file, &[&["--public-url", url], args].concat());
        Self { server, token, folder }
    }

    fn ask(&self, method: &str, target: &str) -> Ask {
        self.server.ask(method, target).header("Authorization", &format!("Bearer {}", self.token))
    }

    fn get(&self, target: &str) -> Answer {
        self.ask("GET", target).send()
    }

    fn post(&self, target: &str, body: &serde_json::Value) {
        let answer = self.ask("POST", target).body("application/json", body.to_string()).send();
        assert_eq!(answer.status, 201, "{target}: {}", answer.text());
    }
}

/// Where the links, forms, styles and scripts of a page lead.
fn places(html: &str) -> Vec<&str> {
    let of = |attribute: &'static str| html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
    [" href=\"", " src=\"", " action=\""].into_iter().flat_map(of).collect()
}

#[test]
fn every_link_leads_below_the_path() {
    let behind = Behind::start(PUBLIC, &[]);
    let shop = repository().join("tests/fixtures/pictures/shop.pymon").to_string_lossy().into_owned();
    for project in ["default", "ours"] {
        assert!(behind.server.command(&["import", &shop, "--project", project]).status.success());
    }
    let pages = ["", "sessions", "tests", "compare", "top", "capacity", "findings", "flaky", "pipelines", "machines"];
    for page in pages.iter().flat_map(|page| [format!("/{page}"), format!("/p/ours/{page}")]) {
        // Whether the proxy takes the path off or not.
        let [whole, rest] = [format!("{BASE}{page}"), page].map(|target| behind.get(&target));
        assert_eq!((whole.status, rest.status), (200, 200));
        assert_eq!(whole.text(), rest.text());
        let html = whole.text();
        let (own, elsewhere): (Vec<_>, Vec<_>) = places(&html).into_iter().partition(|it| it.starts_with(BASE));
        assert!(elsewhere.iter().all(|place| place.starts_with('#')), "{elsewhere:?}");
        for place in own.into_iter().filter(|place| !place.ends_with("/logout")) {
            let followed = behind.get(&place.replace("&amp;", "&").replace("&#38;", "&"));
            assert!(followed.status == 200, "{place}: {}", followed.status);
        }
    }
    let session = behind.get("/p/ours/index.json").json()["sessions"][0]["session"].clone();
    let session = session.as_str().expect("a session");
    let comment = behind.get(&format!("/p/ours/sessions/{session}/comment.md")).text();
    assert!(comment.contains(&format!("({PUBLIC}/p/ours/sessions/{session})")), "{comment}");
    assert_eq!(behind.get(BASE).text(), behind.get(&format!("{BASE}/")).text());
}

#[test]
fn people_sign_in_below_the_path() {
    let behind = Behind::start(PUBLIC, &[]);
    let html = |target: &str| behind.server.ask("GET", target).header("Accept", "text/html").send();
    let refused = html(&format!("{BASE}/tests?q=a"));
    let next = "%2Ftools%2Fmonitor%2Ftests%3Fq%3Da";
    assert_eq!(refused.header("location"), Some(format!("{BASE}/login?next={next}").as_str()));
    let page = html(&format!("{BASE}/login?next={next}"));
    let places = page.text();
    assert!(self::places(&places).iter().all(|place| place.starts_with(BASE)), "{places}");
    let form = page.header("set-cookie").expect("a cookie");
    assert!(form.contains("Path=/tools/monitor/;") && form.contains("Secure"), "{form}");
    let cookie = form.split(';').next().expect("its value");
    let (_, secret) = cookie.split_once('=').expect("a value");
    for (next, to) in [(next, "/tools/monitor/tests?q=a"), ("https%3A%2F%2Fevil.example", "/tools/monitor/")] {
        let body = format!("form={secret}&token={}&next={next}", behind.token);
        let ask = behind.server.ask("POST", &format!("{BASE}/login")).header("Cookie", cookie);
        let right = ask.body("application/x-www-form-urlencoded", body).send();
        assert_eq!((right.status, right.header("location")), (303, Some(to)));
        assert!(right.header("set-cookie").is_some_and(|it| it.contains("Path=/tools/monitor/;")), "{}", right.head);
    }
    let out = behind.server.ask("POST", &format!("{BASE}/logout")).send();
    assert_eq!(out.header("location"), Some("/tools/monitor/login"));
}

#[test]
fn clients_read_and_write_below_the_path() {
    let behind = Behind::start(PUBLIC, &["--page-size", "2"]);
    behind.post(&format!("{BASE}/api/v1/contexts/"), &context("c1"));
    behind.post(&format!("{BASE}/api/v1/sessions/"), &session("s1", json!({})));
    for number in 0..5 {
        behind.post(&format!("{BASE}/api/v1/metrics/"), &metric(json!({"total_time": number})));
    }
    let moved = behind.get(&format!("{BASE}/api/v1/metrics?x=1"));
    let to = format!("{PUBLIC}/api/v1/metrics/?x=1");
    assert_eq!((moved.status, moved.header("location")), (308, Some(to.as_str())));
    let first = behind.get(&format!("{BASE}/api/v1/metrics/")).json();
    let next = first["next_url"].as_str().expect("a next page");
    assert_eq!(next, "/tools/monitor/api/v1/metrics/?page=2");
    // `monitor_api` puts its own base before it; a proxy may take off one of them.
    for before in ["", "/tools/monitor/api/v1", "/api/v1"] {
        let second = behind.get(&format!("{before}{next}"));
        assert_eq!(second.json()["metrics"].as_array().map(Vec::len), Some(2), "{before}");
    }
    let document = behind.get(&format!("{BASE}/api/v1/openapi.json")).json();
    assert_eq!(document["servers"], json!([{"url": "/tools/monitor/"}]));
    if let Some(python) = python() {
        let mut script = python.command();
        script.args([
            "-c",
            "import sys; from monitor_api import Monitor; print(len(Monitor(sys.argv[1]).list_metrics()))",
        ]);
        script.arg(format!("http://{}:@{}{BASE}/api/v1", behind.token, behind.server.address));
        assert_eq!(run(script).succeeded().stdout.trim(), "5");
    }
}

#[test]
fn the_command_sends_and_reads_below_the_path() {
    let behind = Behind::start(PUBLIC, &[]);
    let shop = repository().join("tests/fixtures/pictures/shop.pymon");
    let file = behind.folder.path().join("shop.pymon");
    std::fs::copy(shop, &file).expect("a file can be copied");
    let url = format!("http://{}{BASE}/p/ours", behind.server.address);
    let monitor = |args: &[&str]| {
        let mut command = Command::new(cargo_monitor());
        command.arg("monitor").args(args).current_dir(behind.folder.path());
        command.env("XDG_CACHE_HOME", behind.folder.path()).env("MONITOR_REMOTE_TOKEN", &behind.token);
        run(command).succeeded().stdout
    };
    let file = file.to_string_lossy();
    monitor(&["--db", &file, "push", &url]);
    assert_eq!(monitor(&["--db", &url, "sessions"]), monitor(&["--db", &file, "sessions"]));
}

#[test]
fn whoever_the_proxy_lets_in_needs_a_token() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let fails = |url: &str| {
        let output = program().args(["--public-url", url]).current_dir(folder.path()).output();
        let output = output.expect("the program runs");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let message = fails(PUBLIC);
    assert!(message.contains("behind a proxy") && message.contains("token create"), "{message}");
    let message = fails("monitor.example.org");
    assert!(message.contains("https://HOST/PATH"), "{message}");
}
