//! What people see: over HTTP, and in a real browser.

use serde_json::json;

use monitor_tests::axe::{Axe, look};
use monitor_tests::browser::Browser;

use super::history::{evolution, send, send_ended, send_failed, send_with};
use super::process::Server;

/// A name that breaks out of whatever it is put into without care.
const HOSTILE: &str = "evil[</title></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u{202e}-->]";

/// Every page of a project, of a session, and of a test.
fn addresses(project: &str, session: &str, test: &str) -> Vec<String> {
    let [session, test] = [format!("/session?id={session}"), format!("/test?name={test}")];
    let pages = [
        "/",
        "/sessions",
        &session,
        "/tests",
        &test,
        "/compare",
        "/top",
        "/capacity",
        "/pipelines",
        "/findings",
        "/flaky",
        "/machines",
    ];
    pages.iter().map(|page| format!("/p/{project}{page}")).collect()
}

#[test]
fn a_server_without_results_says_how_to_send_some() {
    let server = Server::sqlite(&[]);
    let answer = server.get("/");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(answer.text().contains("cargo monitor push http://"), "{}", answer.text());
}

#[test]
fn a_project_without_results_says_how_to_send_some_there() {
    let server = Server::sqlite(&[]);
    let text = server.get("/p/ours/").text();
    assert_eq!(server.get("/p/ours").text(), text, "as people type it");
    let here = format!("http://{}/p/ours", server.address);
    for line in [format!("cargo monitor push {here}"), format!("pytest --remote-server {here}/api/v1")] {
        assert!(text.contains(&line), "{text}");
    }
    assert!(text.contains("<a href=\"/\">other projects</a>"), "{text}");
}

#[test]
fn pages_say_what_to_do_next() {
    for server in Server::each(&[]) {
        evolution(&server, "ours");
        // A form stays where there is no answer, and programs get none.
        for page in
            ["compare?base=nowhere&head=worse", "top?session=nowhere", "capacity?session=nowhere", "capacity?cores=x"]
        {
            let answer = server.get(&format!("/p/ours/{page}"));
            let text = answer.text();
            assert!((400..500).contains(&answer.status), "{page}: {}", answer.status);
            assert!(text.contains("<p class=\"bad\" role=\"alert\">") && text.contains("<form>"), "{page}: {text}");
            let answer = server.get(&format!("/p/ours/{}", page.replace('?', ".json?")));
            assert!((400..500).contains(&answer.status) && answer.json()["message"].is_string(), "{page}");
        }
        let history = server.get("/p/ours/test?name=demo::tests::grows").text();
        assert!(history.contains("<a href=\"/p/ours/sessions/worse\">2026-"), "{}: runs lead to sessions", server.kind);
        let branches = server.get("/p/ours/index.json").json()["branches"].clone();
        let of =
            |name: &str| branches.as_array().and_then(|rows| rows.iter().find(|row| row["branch"] == name)).cloned();
        let feature = of("feature").expect("a branch");
        assert!(feature["evolution"].as_str().is_some_and(|line| line.chars().count() == 1), "{feature}");
    }
}

#[test]
fn what_was_found_comes_with_how_to_decide() {
    let server = Server::sqlite(&[]);
    evolution(&server, "ours");
    send_ended(&server, "ours", "slow", 27, "dev", &[("demo::tests::grows", 1.5, 4 << 20)]);
    let page = || server.get("/p/ours/findings").text();
    while !page().contains("demo::tests::grows") {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let text = page();
    assert!(text.contains("--data state=accepted") && text.contains("findings?state=all"), "{text}");
    assert!(text.contains(">wall time<"), "people read names of metrics: {text}");
    assert!(
        server.get("/p/ours/findings?state=all").text().contains("<a href=\"/p/ours/findings\">Open findings only")
    );
}

#[test]
fn tests_that_did_not_pass_are_not_behind_those_that_took_longer() {
    let server = Server::sqlite(&[]);
    let names: Vec<String> = (0..201).map(|number| format!("t::slow{number:03}")).collect();
    let mut runs: Vec<(&str, f64, u64)> = names.iter().map(|name| (name.as_str(), 2.0, 1024)).collect();
    runs.push(("t::moody", 0.1, 1024));
    send_failed(&server, "ours", "s1", &runs, "t::moody");
    let page = server.get("/p/ours/sessions/s1").text();
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing in {page}"));
    assert!(place("those that did not pass, then the slowest") < place(">t::moody<"));
    assert!(place(">t::moody<") < place(">t::slow"));
}

#[test]
fn a_session_is_judged_against_the_baseline_branch() {
    for server in Server::each(&[]) {
        evolution(&server, "ours");
        let verdict = |session: &str| server.get(&format!("/p/ours/sessions/{session}.json")).json();
        let worse = verdict("worse");
        assert_eq!(worse["gate"]["gate"], "regressed", "{}: {worse:#}", server.kind);
        let tests: Vec<_> = worse["regressed"].as_array().expect("rows").iter().map(|row| &row["test"]).collect();
        assert!(!tests.is_empty() && tests.iter().all(|test| *test == "demo::tests::grows"), "{tests:?}");
        assert_eq!(verdict("fine")["gate"]["gate"], "passed");
        // The verdict comes first, then what changed; names lead to their pages.
        let page = server.get("/p/ours/sessions/worse").text();
        let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing in {page}"));
        assert!(place("<dd class=\"bad\">regressed</dd>") < place("Regressed</h2>"));
        assert!(place("Regressed</h2>") < place("All tests</h2>"));
        let link = "/p/ours/test?name=demo%3A%3Atests%3A%3Agrows&amp;package=demo&amp;binary=demo";
        place(link);
        assert_eq!(server.get(&link.replace("&amp;", "&")).status, 200);
    }
}

#[test]
fn pages_are_documents_for_programs_too() {
    for server in Server::each(&[]) {
        evolution(&server, "ours");
        let tests = server.get("/p/ours/tests.json?q=GROWS").json();
        assert_eq!(tests.as_array().map(Vec::len), Some(1), "{tests}");
        assert_eq!(tests[0]["wall_seconds"], json!(0.5), "{}: of the newest session", server.kind);
        let order = |sort: &str| server.get(&format!("/p/ours/tests.json?sort={sort}")).json()[0]["test"].clone();
        assert_eq!((order("memory"), order("name")), (json!("demo::tests::grows"), json!("demo::tests::grows")));
        let csv = server.get("/p/ours/sessions.csv?branch=main").text();
        assert_eq!(csv.lines().count(), 21, "{csv}");
        let history = server.get("/p/ours/test.json?name=demo::tests::steady&metric=heap-peak").json();
        assert_eq!(history["runs"].as_array().map(Vec::len), Some(22), "{history:#}");
        let zoomed = server.get("/p/ours/test.json?name=demo::tests::steady&from=2026-10-19&until=2026-10-26").json();
        assert_eq!(zoomed["runs"].as_array().map(Vec::len), Some(3), "{zoomed:#}");
        let compared = server.get("/p/ours/compare.json?base=m20&head=worse").json();
        assert!(compared["comparison"]["regressed"].as_u64() > Some(0), "{compared:#}");
        let top = server.get("/p/ours/top.json?metric=heap-peak&session=worse").json();
        assert_eq!(
            (&top[0]["name"], &top[0]["heap_peak_bytes"]),
            (&json!("demo::tests::grows"), &json!(4 << 20)),
            "{top:#}"
        );
        assert!(server.get("/p/ours/top").text().contains("/p/ours/test?name=demo%3A%3Atests%3A%3Agrows\""));
        let least = server.get("/p/ours/top.csv?by=component&end=least").text();
        assert!(least.lines().nth(1).is_some_and(|line| line.starts_with("demo,")), "{least}");
        let capacity = server.get("/p/ours/capacity.json?cores=4&memory=1GiB&within=10s&session=worse").json();
        assert_eq!(capacity["capacity"]["cheapest_cores"], 1, "{}: {capacity:#}", server.kind);
        assert!(capacity["forecasts"].as_array().is_some_and(|rows| rows.len() == 4), "{capacity:#}");
        let overview = server.get("/p/ours/index.json").json();
        assert_eq!(overview["project"]["sessions"], 22);
        assert!(overview["branches"].as_array().is_some_and(|branches| branches.len() == 3), "{overview:#}");
    }
}

#[test]
fn pipelines_lead_to_their_builds() {
    for server in Server::each(&[]) {
        for build in 1..=3 {
            let tags = json!({"pipeline_branch": "a/b", "pipeline_build_no": format!("{}", build / 2)});
            send_with(&server, "ours", tags, &format!("b{build}"), build, "aaaa", &[("t::a", 0.5, 1 << 20)]);
        }
        let all = server.get("/p/ours/pipelines.json").json();
        assert_eq!(
            (&all[0]["pipeline"], &all[0]["builds"], &all[0]["sessions"]),
            (&json!("a/b"), &json!(2), &json!(3))
        );
        assert!(server.get("/p/ours/pipelines").text().contains("/p/ours/pipelines?pipeline=a%2Fb"));
        let builds = server.get("/p/ours/pipelines.json?pipeline=a%2Fb").json();
        let told: Vec<_> = builds.as_array().expect("builds").iter().map(|it| (&it["build"], &it["session"])).collect();
        assert_eq!(told, [(&json!("1"), &json!("b3")), (&json!("0"), &json!("b1"))], "{}: {builds:#}", server.kind);
    }
}

#[test]
fn whatever_a_page_leads_to_is_there() {
    let server = Server::sqlite(&[]);
    evolution(&server, "ours");
    for path in addresses("ours", "worse", "demo::tests::grows") {
        let page = server.get(&path).text();
        let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let targets: std::collections::BTreeSet<String> =
            links.filter(|link| link.starts_with('/')).map(|link| link.replace("&amp;", "&")).collect();
        assert!(targets.len() > 8, "{path} leads to other pages: {targets:?}");
        for target in targets {
            assert_eq!(server.get(&target).status, 200, "{path} leads to {target}");
        }
    }
}

#[test]
fn what_is_not_there_is_said_on_a_page() {
    let server = Server::sqlite(&[]);
    evolution(&server, "ours");
    for (path, status) in [
        ("/p/ours/sessions/nowhere", 404),
        ("/p/ours/test?name=nowhere", 404),
        ("/p/ours/test", 400),
        ("/p/ours/test?name=demo::tests::grows&metric=beauty", 400),
        ("/p/ours/test?name=demo::tests::grows&from=yesterday", 400),
        ("/p/ours/compare?base=nowhere&head=worse", 404),
        ("/p/ours/top?metric=beauty", 400),
        ("/p/ours/top?by=colour", 400),
        ("/p/ours/top?session=nowhere", 404),
        ("/p/ours/capacity?cores=0", 400),
        ("/p/ours/capacity?memory=much", 400),
        ("/p/nobody/sessions/x", 404),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.text().contains("<nav") && answer.text().contains("</html>"), "{path}");
    }
    assert!(server.get("/p/ours/sessions/nowhere.json").json()["message"].is_string());
}

#[test]
fn the_overview_adds_up_again_what_came_to_a_session_that_it_showed() {
    for server in Server::each(&[]) {
        let line = || server.get("/p/ours/index.json").json()["branches"][0]["evolution"].clone();
        let run = |h: &str, day: u32, name: &str, seconds: f64| {
            send(&server, "ours", h, day, "aaaa", "main", &[(name, seconds, 1024)]);
        };
        run("first", 1, "demo::a", 0.1);
        run("second", 2, "demo::a", 0.1);
        let before = line();
        assert_eq!(before.as_str().map(|line| line.chars().count()), Some(2), "{}: {before}", server.kind);
        run("second", 2, "demo::late", 5.0);
        assert_ne!(line(), before, "{}", server.kind);
    }
}

#[test]
fn a_page_that_is_known_is_not_sent_again() {
    let server = Server::sqlite(&[]);
    evolution(&server, "ours");
    for path in ["/p/ours/tests", "/p/ours/tests.json", "/assets/page.css"] {
        let first = server.get(path);
        let tag = first.header("etag").expect("a tag").to_owned();
        assert_eq!(first.status, 200);
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\",\t{tag} , W/\"another\""), "*".to_owned()] {
            let again = server.ask("GET", path).header("If-None-Match", &known).send();
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}: {known}");
        }
        for other in ["\"other\"", "", ",", &tag[1..]] {
            assert_eq!(server.ask("GET", path).header("If-None-Match", other).send().status, 200, "{path}: {other}");
        }
    }
    let path = "/p/ours/tests";
    let tag = server.get(path).header("etag").expect("a tag").to_owned();
    send(&server, "ours", "later", 28, "dddddddd", "main", &[("demo::tests::grows", 0.5, 1 << 20)]);
    assert_eq!(server.ask("GET", path).header("If-None-Match", &tag).send().status, 200, "what changed is sent");
}

#[test]
fn names_do_no_harm() {
    let server = Server::sqlite(&[]);
    let tags = json!({"git_branch": HOSTILE, "description": HOSTILE, HOSTILE: HOSTILE});
    for day in 1..=3 {
        let runs = [(HOSTILE, f64::from(day * day), 512 << 20 >> day)];
        send_with(&server, "ours", tags.clone(), &format!("s{day}{HOSTILE}"), day, HOSTILE, &runs);
    }
    let escaped = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let (session, test) = (escaped(&format!("s3{HOSTILE}")), escaped(HOSTILE));
    let mut browser = Browser::start(1200, 900);
    for path in addresses("ours", &session, &test) {
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(!answer.text().contains("<script>alert") && !answer.text().contains("<img src"), "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(!policy.contains("unsafe"), "{policy}");
        let Some(browser) = &mut browser else { continue };
        browser.visit(&format!("http://{}{path}", server.address));
        assert_eq!(browser.complaints(), [""; 0], "{path}");
        let elements = browser.evaluate("document.querySelectorAll('img, script:not([src]), [onerror]').length");
        assert_eq!(elements, 0, "{path}: no name became an element");
    }
}

#[test]
fn long_names_fit_into_the_window() {
    let Some(mut browser) = Browser::start(1200, 900) else { return };
    let server = Server::sqlite(&[]);
    let [session, word, test] = ["s".repeat(400), "w".repeat(3_000), "t".repeat(10_000)];
    let tags = json!({
        "git_branch": word, "description": word, "tag": word, "pipeline_branch": word, "pipeline_build_no": word,
    });
    for day in 1..=3 {
        let name = if day == 3 { session.clone() } else { format!("s{day}") };
        send_with(&server, "ours", tags.clone(), &name, day, &word, &[(&test, f64::from(day * day), 4096)]);
    }
    for width in [360, 1200] {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        let _ = browser.call("Emulation.setDeviceMetricsOverride", &size);
        for path in addresses("ours", &session, &test) {
            browser.visit(&format!("http://{}{path}", server.address));
            let fits = browser.evaluate("document.documentElement.scrollWidth <= innerWidth");
            assert_eq!(fits, true, "{} is not wider than {width} pixels", &path[..path.len().min(40)]);
        }
    }
}

#[test]
fn pages_work_in_a_browser() {
    let Some(mut browser) = Browser::start(1200, 900) else { return };
    let server = Server::sqlite(&[]);
    evolution(&server, "ours");
    let origin = format!("http://{}", server.address);
    let places = addresses("ours", "worse", "demo::tests::grows");
    for (path, scheme) in places.iter().flat_map(|path| [(path, "light"), (path, "dark")]) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        let _ = browser.call("Emulation.setEmulatedMedia", &features);
        browser.visit(&format!("{origin}{path}"));
        let fits = browser.evaluate("document.documentElement.scrollWidth <= innerWidth");
        assert_eq!(fits, true, "{path} is not wider than the window");
        assert_eq!(browser.complaints(), [""; 0], "{path}");
        // Chromium draws the calendar of a date's field from a picture in its own style.
        let is_ours = |url: &&str| url.starts_with(&origin) || url.starts_with("data:");
        assert!(browser.requests().iter().all(is_ours), "{path}: {:?}", browser.requests());
    }
    // A chart tells its values, and two sessions are compared by what a person does.
    browser.visit(&format!("{origin}/p/ours/test?name=demo::tests::grows"));
    browser.hover("#charts .run:nth-of-type(3)");
    let tooltip = browser.evaluate("tooltip.innerText");
    assert!(tooltip.as_str().is_some_and(|text| text.contains("wall time: ")), "{tooltip}");
    browser.visit(&format!("{origin}/p/ours/compare"));
    browser.leave_by(
        "document.querySelector('[name=base]').value = 'm20'; document.querySelector('[name=head]').value = 'worse'; \
         document.querySelector('form button').click()",
    );
    let shown = browser.evaluate("document.querySelector('main').innerText");
    assert!(shown.as_str().is_some_and(|text| text.contains("demo::tests::grows")), "{shown}");
}

#[test]
fn pages_are_for_everybody() {
    let Some(axe) = Axe::installed() else { return };
    let Some(mut browser) = Browser::start(1400, 900) else { return };
    let server = Server::sqlite(&[]);
    evolution(&server, "ours");
    for path in addresses("ours", "worse", "demo::tests::grows") {
        let name: String = path.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
        let widths = [400, 800, 1400].into_iter();
        for (width, scheme) in widths.flat_map(|width| [(width, "light"), (width, "dark")]) {
            look(&mut browser, "screen", scheme, width);
            browser.visit(&format!("http://{}{path}", server.address));
            browser.keep(env!("CARGO_TARGET_TMPDIR"), &format!("server{name}-{width}-{scheme}.png"));
            // The rules for 800 are those for 1400.
            if width == 800 {
                continue;
            }
            let _ = browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)");
            let found = axe.violations(&mut browser);
            assert!(found.is_empty(), "{path}, {width} px, {scheme}\n{}", found.join("\n"));
        }
        look(&mut browser, "print", "dark", 800);
        browser.visit(&format!("http://{}{path}", server.address));
        let white = browser.evaluate("getComputedStyle(document.body).backgroundColor");
        assert_eq!(white, "rgb(255, 255, 255)", "{path} on paper");
        browser.keep(env!("CARGO_TARGET_TMPDIR"), &format!("server{name}-print.png"));
    }
}

#[test]
fn pages_do_without_javascript_and_without_a_mouse() {
    let Some(mut browser) = Browser::start(1200, 900) else { return };
    let server = Server::sqlite(&[]);
    evolution(&server, "ours");
    let origin = format!("http://{}", server.address);
    browser.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    for path in addresses("ours", "worse", "demo::tests::grows") {
        browser.visit(&format!("{origin}{path}"));
        let hidden = "[...document.querySelectorAll('main section, main tr, main form')].filter(part => \
                      !part.checkVisibility() && !part.closest('details:not([open])'))\
                      .map(part => part.outerHTML.slice(0, 200))";
        assert_eq!(browser.evaluate(hidden), json!([]), "{path}: all is shown");
        let charts = "(all => all.length === 0 || all.some(chart => chart.checkVisibility()))([...document.querySelectorAll('svg.cost-chart')])";
        assert_eq!(browser.evaluate(charts), true, "{path}");
        let shown = browser.evaluate("document.querySelector('main').innerText.trim()");
        assert!(shown.as_str().is_some_and(|text| !text.is_empty()), "{path}");
        assert_eq!(browser.complaints(), [""; 0], "{path}");
    }
    browser.visit(&format!("{origin}/p/ours/compare"));
    let is_at = |browser: &mut Browser, name: &str| {
        let focused = "document.activeElement.getAttribute('name') || ''";
        let found = (0..60).any(|_| {
            browser.press("Tab");
            browser.evaluate(focused) == name
        });
        assert!(found, "the tab key leads to {name}");
    };
    is_at(&mut browser, "base");
    browser.write("m20");
    is_at(&mut browser, "head");
    browser.write("worse");
    browser.leave_by_key("Enter");
    let shown = browser.evaluate("document.querySelector('main').innerText");
    assert!(shown.as_str().is_some_and(|text| text.contains("demo::tests::grows")), "{shown}");
}
