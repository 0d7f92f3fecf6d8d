//! The contract of monitor-server-api, as its clients rely on it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use monitor_tests::{run, schemathesis};
use serde_json::{Value, json};

use super::process::Server;
use super::samples::{context, metric, session};

pub fn each() -> Vec<Server> {
    Server::each(&["--page-size", "5"])
}

pub fn stored(server: &Server, path: &str, body: &Value) {
    let answer = server.post(path, body);
    assert_eq!(answer.status, 201, "{}: {path}: {}", server.kind, answer.text());
}

/// What names the rows of a listing, for short.
pub fn names(server: &Server, path: &str, key: &str, field: &str) -> Vec<String> {
    server.list(path, key).iter().map(|row| row[field].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn nothing_is_204_and_some_listings_are_empty() {
    for server in each() {
        for path in [
            "contexts/",
            "contexts/x",
            "contexts/x/metrics",
            "sessions/",
            "sessions/x",
            "sessions/x/metrics",
            "metrics/",
            "items/x/metrics",
            "items/like/x/metrics",
            "variants/x/metrics",
            "variants/like/x/metrics",
            "filters/scope/function/metrics",
            "filters/scm/x/metrics",
            "filters/scm/x/sessions",
            "components/",
            "components/x",
            "components/x/metrics",
            "components/metrics",
            "components/x/items/y/metrics",
            "components/items/y/metrics",
            "components/x/variants/y/metrics",
            "components/variants/y/metrics",
            "pipelines/",
        ] {
            let answer = server.get(path);
            assert_eq!((answer.status, answer.text().as_str()), (204, ""), "{}: {path}", server.kind);
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
        for path in ["contexts/", "metrics/", "sessions/", "components/"] {
            assert_eq!(server.get(&format!("{path}?page=1")).status, 204);
            for page in ["2", "0", "-1"] {
                assert_eq!(server.get(&format!("{path}?page={page}")).status, 404, "{path} {page}");
            }
            assert_eq!(server.count(&format!("{path}count")), 0);
        }
        for (path, expected) in [
            (
                "components/x/pipelines",
                r#"{"component":"x","pipelines":[],"total_page":0,"prev_url":null,"next_url":null}"#,
            ),
            (
                "components/x/pipelines/y/builds",
                r#"{"component":"x","pipeline":"y","builds":[],"total_page":0,"prev_url":null,"next_url":null}"#,
            ),
            ("pipelines/y/builds", r#"{"pipeline":"y","builds":[],"total_page":0,"prev_url":null,"next_url":null}"#),
            (
                "pipelines/y/builds/1/sessions",
                r#"{"pipeline":"y","build":"1","sessions":[],"total_page":0,"prev_url":null,"next_url":null}"#,
            ),
            ("resources/cpu/head/metrics", r#"{"metrics":[],"prev_url":null,"next_url":null,"total_page":1}"#),
        ] {
            let answer = server.get(path);
            assert_eq!((answer.status, answer.text()), (200, format!("{expected}\n")), "{}: {path}", server.kind);
        }
    }
}

#[test]
fn what_was_sent_comes_back() {
    for server in each() {
        let sent = context("c1");
        let mut expected = sent.clone();
        expected["cpu_frequency"] = json!(2600);
        expected["context_h"] = json!("c1");
        assert_eq!(server.post("contexts/", &sent).json(), expected);
        assert_eq!(server.list("contexts/", "contexts"), [expected.clone()]);
        // Two runs that begin at once on a new machine: both go on, with what was there first.
        let mut other = sent.clone();
        other["machine_node"] = json!("elsewhere");
        let again = server.post("contexts/any", &other);
        assert_eq!((again.status, again.json()), (201, expected));
        assert_eq!(server.count("contexts/count"), 1);

        let tags =
            json!({"z": "1", "a": 1, "f": 1.0, "b": true, "n": null, "l": [1, "x"], "o": {"k": null}, "ü": "é😀"});
        let answer = server.post("sessions/", &session("s1", tags));
        let tag = |name: &str, value: Value| json!({"name": name, "value": value});
        let expected = json!({
            "session_h": "s1", "run_date": "2026-11-23T00:34:04.856111", "scm_ref": "cafe1234",
            "tags": [
                tag("z", json!("1")), tag("a", json!("1")), tag("f", json!("1.0")), tag("b", json!("True")),
                tag("n", Value::Null), tag("l", json!("[1, 'x']")), tag("o", json!("{'k': None}")), tag("ü", json!("é😀")),
            ],
        });
        assert_eq!((answer.status, answer.json()), (201, expected.clone()));
        assert!(answer.text().contains(r"\u00e9\ud83d\ude00") && answer.text().ends_with("}\n"), "{}", answer.text());
        assert_eq!(server.list("sessions/", "sessions"), [expected]);

        let sent = metric(json!({"total_time": 1, "user_time": 0.1 + 0.2, "cpu_usage": 1e-300, "mem_usage": -5.5e17}));
        let answer = server.post("metrics/", &sent);
        assert_eq!(answer.status, 201);
        assert!(answer.text().contains("\"total_time\":1.0,"), "{}", answer.text());
        let listed = server.list("metrics/", "metrics");
        for (name, value) in sent.as_object().expect("an object") {
            let same = match value.as_f64() {
                Some(number) => listed[0][name].as_f64() == Some(number),
                None => listed[0][name] == *value,
            };
            assert!(same, "{}: {name}: {} is not {value}", server.kind, listed[0][name]);
        }
        assert!(server.get("metrics/").text().contains("\"total_time\":1.0,"));
        // The same once more is another row.
        stored(&server, "metrics/", &sent);
        assert_eq!(server.count("metrics/count"), 2);
    }
}

#[test]
fn dates_are_printed_as_the_reference_does() {
    for server in each() {
        for (index, (sent, printed)) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
            ("2026-01-02T03:04:05.123456789", "2026-01-02T03:04:05.123456"),
            ("2026-01-02T03:04:05.5", "2026-01-02T03:04:05.500000"),
            ("2026-01-02", "2026-01-02T00:00:00"),
            ("20260102T0304Z", "2026-01-02T03:04:00+00:00"),
            ("2026-W01-5T24:00", "2026-01-03T00:00:00"),
        ]
        .into_iter()
        .enumerate()
        {
            let mut body = session("unused", json!({}));
            body.as_object_mut().expect("an object").remove("session_h");
            body["run_date"] = json!(sent);
            let path = format!("sessions/d{index}");
            assert_eq!(server.post(&path, &body).json()["run_date"], printed);
            assert_eq!(server.list(&path, "sessions")[0]["run_date"], printed);
        }
    }
}

#[test]
fn the_same_session_again_is_welcome_and_another_is_not() {
    for server in each() {
        let sent = session("s1", json!({"a": "1"}));
        stored(&server, "sessions/", &sent);
        stored(&server, "sessions/", &sent);
        for (field, value) in
            [("scm_ref", json!("other")), ("run_date", json!("2026-01-01")), ("description", json!({}))]
        {
            let mut other = sent.clone();
            other[field] = value;
            assert_eq!(server.post("sessions/", &other).status, 409, "{field}");
        }
        assert_eq!(server.list("sessions/", "sessions").len(), 1);
    }
}

#[test]
fn faults_are_named_and_nothing_is_stored() {
    for server in each() {
        let without = |mut body: Value, field: &str| {
            body.as_object_mut().expect("an object").remove(field);
            body
        };
        let with = |mut body: Value, field: &str, value: Value| {
            body[field] = value;
            body
        };
        let session = || session("s1", json!({}));
        let mut faults = vec![
            ("sessions/", without(session(), "session_h"), "session_h"),
            ("sessions/", with(session(), "session_h", Value::Null), "session_h"),
            ("sessions/", with(session(), "run_date", json!("garbage")), "run_date"),
            ("sessions/", with(session(), "run_date", json!("2026-01-02 03:04:05")), "run_date"),
            ("sessions/", with(session(), "run_date", Value::Null), "run_date"),
            ("sessions/", without(session(), "scm_ref"), "scm_ref"),
            ("sessions/", without(session(), "description"), "description"),
            ("contexts/", with(context("c1"), "cpu_count", json!("two")), "cpu_count"),
            ("contexts/", with(context("c1"), "ram_total", json!(1e300)), "ram_total"),
            ("contexts/", with(context("c1"), "h", json!("h".repeat(600))), "h"),
            ("metrics/", metric(json!({"item_start_time": "t".repeat(600)})), "item_start_time"),
        ];
        for wrong in [json!([]), json!("text"), json!(1), Value::Null] {
            faults.push(("sessions/", with(session(), "description", wrong), "description"));
        }
        for field in context("c1").as_object().expect("an object").keys().filter(|field| *field != "cpu_vendor") {
            faults.push(("contexts/", without(context("c1"), field), field.to_owned().leak()));
            faults.push(("contexts/", with(context("c1"), field, Value::Null), field.to_owned().leak()));
        }
        for (field, value) in metric(json!({})).as_object().expect("an object") {
            let other = if value.is_number() { json!("1") } else { json!(1) };
            for body in [without(metric(json!({})), field), metric(json!({field: null})), metric(json!({field: other}))]
            {
                faults.push(("metrics/", body, field.to_owned().leak()));
            }
        }
        for (path, body, field) in &faults {
            let answer = server.post(path, body);
            assert_eq!(answer.status, 400, "{}: {path} {body}", server.kind);
            assert!(answer.json()["errors"][field].is_string(), "{path} {body}: {}", answer.text());
        }
        let all = server.post("metrics/", &json!({})).json();
        assert_eq!(all["message"], "Input payload validation failed");
        assert_eq!(all["errors"].as_object().expect("an object").len(), 14);
        assert_eq!(all["errors"]["item"], "'item' is a required property");
        for path in ["contexts/", "sessions/", "metrics/"] {
            for body in ["[]", "\"text\"", "1", "null", "", "{", "{\"a\":}", "[[[[", "\u{1}"] {
                assert_eq!(server.post_text(path, body).status, 400, "{path} {body}");
            }
            let text = server.ask("POST", &format!("/api/v1/{path}")).body("text/plain", "{}").send();
            assert_eq!(text.status, 400);
            assert_eq!(server.count(&format!("{path}count")), 0, "{}: {path}", server.kind);
            assert_eq!(server.get(path).status, 204);
        }
        // What the reference takes is taken.
        let numeral = with(with(context("c1"), "cpu_count", json!("2")), "h", json!(77));
        assert_eq!(server.post("contexts/", &without(numeral, "cpu_vendor")).json()["cpu_vendor"], "");
        assert_eq!(server.list("contexts/77", "contexts")[0]["cpu_count"], 2);
        let plus = server
            .ask("POST", "/api/v1/metrics/")
            .body("application/x+json; charset=utf-8", metric(json!({})).to_string());
        assert_eq!(plus.send().status, 201);
    }
}

#[test]
fn pages_lead_from_one_to_the_next() {
    for server in each() {
        for number in 0..12 {
            stored(&server, "metrics/", &metric(json!({"item_variant": format!("v{number}")})));
        }
        let variants = |path: &str| names(&server, path, "metrics", "item_variant");
        let page = server.get("metrics/").json();
        assert_eq!((page["total_page"].clone(), page.get("prev_url")), (json!(3), None));
        assert_eq!(page["next_url"], "/api/v1/metrics/?page=2");
        let page = server.get("metrics/?x=a:b&page=2&y=%25").json();
        assert_eq!(page["prev_url"], "/api/v1/metrics/?x=a:b&y=%25&page=1");
        assert_eq!(page["next_url"], "/api/v1/metrics/?x=a:b&y=%25&page=3");
        assert_eq!(server.get("metrics/?page=3").json().get("next_url"), None);
        assert_eq!(variants("metrics/?page=3"), ["v10", "v11"]);
        assert_eq!(variants("metrics/?page=-1"), ["v10", "v11"]);
        assert_eq!(variants("metrics/?page=-3"), variants("metrics/?page=abc"));
        // As `monitor_api` asks: it puts the link behind its own base.
        assert_eq!(variants("/api/v1/api/v1/metrics/?page=3"), ["v10", "v11"]);
        for page in ["0", "4", "-4", "99999999999999999999999"] {
            let answer = server.get(&format!("metrics/?page={page}"));
            assert_eq!(answer.status, 404);
            assert!(answer.json()["message"].is_string());
        }
        let by_body = |body: &str| server.ask("GET", "/api/v1/metrics/").body("application/json", body).send();
        assert_eq!(by_body("{\"page\": 3}").json()["metrics"].as_array().map(Vec::len), Some(2));
        assert_eq!([by_body("{").status, by_body("").status], [400, 400]);
        let masked = server.ask("GET", "/api/v1/metrics/?page=3").header("X-Fields", "metrics{item_variant}").send();
        assert_eq!(masked.text(), "{\"metrics\":[{\"item_variant\":\"v10\"},{\"item_variant\":\"v11\"}]}\n");
        let masked = |mask: &str| server.ask("GET", "/api/v1/metrics/count").header("X-Fields", mask).send().text();
        assert_eq!([masked("nosuch"), masked("")], ["{}\n", "{\"count\":12}\n"]);
        assert_eq!(variants("metrics/?page=3&page=1"), ["v10", "v11"], "of two the first");
        let post = |path: &str, body: Value, mask: &str| {
            let ask = server.ask("POST", &format!("/api/v1/{path}/")).header("X-Fields", mask);
            let answer = ask.body("application/json", body.to_string()).send();
            (answer.status, answer.text())
        };
        let (new, h) = (session("masked", json!({})), context("masked"));
        assert_eq!(post("sessions", new, "session_h"), (201, "{\"session_h\":\"masked\"}\n".to_owned()));
        assert_eq!(post("contexts", h, "{h}"), (201, "{\"h\":\"masked\"}\n".to_owned()));
        assert_eq!(post("metrics", metric(json!({"item": "m"})), "item"), (201, "{\"item\":\"m\"}\n".to_owned()));
        assert_eq!(post("metrics", metric(json!({})), "item{").0, 400);
        assert_eq!(server.count("metrics/count"), 13, "what was refused is not stored");
    }
}

#[test]
fn addresses_are_forgiven_as_the_reference_forgives_them() {
    for server in each() {
        let location = |path: &str| {
            let answer = server.get(path);
            (answer.status, answer.header("location").unwrap_or("").to_owned())
        };
        for path in ["metrics", "contexts", "sessions", "components", "pipelines"] {
            assert_eq!(location(&format!("{path}?page=2")), (308, format!("{}/{path}/?page=2", server.base())));
        }
        assert_eq!(location("components//metrics"), (308, format!("{}/components/metrics", server.base())));
        assert_eq!(location("/api/v1"), (308, format!("{}/", server.base())));
        assert_eq!(server.get("/api/v1/").status, 404);
        let other = server.post("/api/v1/", &json!({}));
        assert_eq!((other.status, other.header("allow")), (405, Some("GET,HEAD")));
        assert!(other.json()["message"].is_string());
        for path in [
            "metrics/count/",
            "sessions/x/",
            "items//metrics",
            "items/",
            "variants/",
            "filters/",
            "resources/",
            "items/a%2Fb/metrics",
            "items/a%2fb/metrics",
            "pipelines/count",
            "/api/v1/",
            "/nothing",
            "/p/bad name/api/v1/metrics/",
            "resources/cpu/head/-1/metrics",
            "resources/cpu/head/x/metrics",
            "resources/cpu/head/+3/metrics",
            "resources/cpu/middle/metrics",
            "items/like/x/metrics/count",
            "/api/v1/../../etc/passwd",
            "/p/../etc/passwd",
            "/%2e%2e/etc/passwd",
        ] {
            let answer = server
                .ask("GET", &if path.starts_with('/') { path.replace(' ', "%20") } else { format!("/api/v1/{path}") })
                .send();
            assert_eq!(answer.status, 404, "{}: {path}", server.kind);
            assert!(answer.text().contains("<h1>Not Found</h1>"), "{path}: {}", answer.text());
        }
        assert_eq!(server.get("resources/nonsense/head/metrics").status, 400);
        for method in ["PUT", "PATCH", "DELETE"] {
            let answer = server.ask(method, "/api/v1/metrics/").send();
            assert_eq!((answer.status, answer.header("allow")), (405, Some("GET,HEAD,POST")), "{method}");
            assert!(answer.json()["message"].is_string());
        }
        let options = server.ask("OPTIONS", "/api/v1/metrics/count").send();
        assert_eq!((options.status, options.header("allow")), (200, Some("GET,HEAD")));
        let head = server.ask("HEAD", "/api/v1/metrics/count").send();
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
}

#[test]
fn who_has_said_all_may_close_that_half_of_the_connection() {
    for server in each() {
        for _ in 0..20 {
            let mut stream = TcpStream::connect(server.address).expect("a connection");
            stream.write_all(b"GET /api/v1/metrics/count HTTP/1.0\r\n\r\n").expect("it is sent");
            stream.shutdown(Shutdown::Write).expect("a half is closed");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("an answer");
            assert!(answer.starts_with("HTTP/1.0 200"), "{}: {answer}", server.kind);
        }
    }
}

#[test]
fn projects_are_apart() {
    for server in each() {
        stored(&server, "/p/ours/api/v1/contexts/", &context("c1"));
        for number in 0..6 {
            stored(&server, "/p/ours/api/v1/metrics/", &metric(json!({"item_variant": format!("v{number}")})));
        }
        stored(&server, "metrics/", &metric(json!({"item_variant": "of default"})));
        assert_eq!(server.get("contexts/").status, 204);
        assert_eq!(names(&server, "/p/default/api/v1/metrics/", "metrics", "item_variant"), ["of default"]);
        let next = server.get("/p/ours/api/v1/metrics/").json()["next_url"].clone();
        assert_eq!(next, "/p/ours/api/v1/metrics/?page=2");
        let doubled = format!("/p/ours/api/v1{}", next.as_str().expect("a link"));
        assert_eq!(names(&server, &doubled, "metrics", "item_variant"), ["v5"]);
        let page = server.get("/").text();
        let row = page.split(">ours</a>").nth(1).and_then(|rest| rest.split("</tr>").next()).unwrap_or_default();
        let cells = row.split("data-value=\"").skip(1).filter_map(|cell| cell.split('"').next());
        assert_eq!(cells.collect::<Vec<_>>(), ["0", "6"], "{page}");
    }
}

#[test]
fn it_tells_how_it_is() {
    for server in each() {
        stored(&server, "metrics/", &metric(json!({})));
        assert_eq!([server.get("/healthz").status, server.get("/readyz").status], [200, 200]);
        let numbers = server.get("/metrics").text();
        for line in [
            "monitor_server_rows_total 1",
            "monitor_server_requests_total{kind=\"write\",status=\"2xx\"} 1",
            "# TYPE monitor_server_request_seconds histogram",
        ] {
            assert!(numbers.contains(line), "{line}\n{numbers}");
        }
    }
}

#[test]
fn the_document_says_what_the_server_does() {
    let Some(python) = schemathesis() else { return };
    for server in Server::each(&[]) {
        let mut trial = python.command();
        trial.args(["-m", "schemathesis.cli", "run", &format!("{}/openapi.json", server.base()), "--checks", "all"]);
        trial.args(["--phases", "coverage,fuzzing", "--max-examples", "5", "--generation-deterministic", "--no-color"]);
        // That a busy machine is slow to make examples is nothing against the server.
        trial.args(["--suppress-health-check", "too_slow"]);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let tried = run({
            trial.args(["--request-timeout", "60"]).current_dir(folder.path());
            trial
        });
        assert_eq!(tried.code, Some(0), "{}: {}\n{}", server.kind, tried.stdout, tried.stderr);
    }
}

#[test]
fn the_document_of_the_api_is_complete() {
    let server = Server::sqlite(&[]);
    let document = server.get("openapi.json").json();
    insta::assert_json_snapshot!("openapi", document);
    let page = server.get("docs");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    for path in document["paths"].as_object().expect("paths").keys() {
        assert!(page.text().contains(&format!("<code>{path}</code>")), "{path}");
    }
}
