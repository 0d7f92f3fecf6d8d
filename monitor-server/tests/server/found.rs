//! Metrics and sessions are found as clients of the reference ask for them.

use serde_json::json;

use super::contract::{each, names, stored};
use super::samples::{context, metric, session};

#[test]
fn metrics_are_found_by_what_they_are() {
    for server in each() {
        stored(&server, "contexts/", &context("aa1_"));
        stored(&server, "contexts/", &context("aa1x"));
        stored(&server, "sessions/", &session("s1", json!({})));
        let rows = [
            ("s1", "aa1_", "test_a", "test_a[1]", "function", "c1"),
            ("s1", "aa1x", "test_A", "test_A", "function", "c1.sub"),
            ("s2", "aa1_", "test%b", "test%b", "module", ""),
            ("s2", "gone", "test_a", "test_a[2]", "Odd Kind", "my_c"),
            ("s2", "gone", "100%", "x y+z", "function", "myXc"),
        ];
        for (session_h, context_h, item, variant, kind, component) in rows {
            stored(
                &server,
                "metrics/",
                &metric(json!({
                    "session_h": session_h, "context_h": context_h, "item": item, "item_variant": variant, "kind": kind,
                    "component": component,
                })),
            );
        }
        let variants = |path: &str| names(&server, path, "metrics", "item_variant");
        for (path, expected) in [
            ("items/test_a/metrics", &["test_a[1]", "test_a[2]"][..]),
            ("items/like/TEST_a/metrics", &["test_a[1]", "test_A", "test_a[2]"]),
            ("items/like/%25/metrics", &["test%b", "x y+z"]),
            ("items/like/_/metrics", &["test_a[1]", "test_A", "test_a[2]"]),
            ("variants/test_a[1]/metrics", &["test_a[1]"]),
            ("variants/x%20y+z/metrics", &["x y+z"]),
            ("variants/like/[/metrics", &["test_a[1]", "test_a[2]"]),
            ("filters/scope/function/metrics", &["test_a[1]", "test_A", "x y+z"]),
            ("filters/scope/Odd%20Kind/metrics", &["test_a[2]"]),
            ("filters/scope/FUNCTION/metrics", &[]),
            ("filters/scm/CAFE/metrics", &["test_a[1]", "test_A"]),
            ("filters/scm/caf_/metrics", &[]),
            ("sessions/s1/metrics", &["test_a[1]", "test_A"]),
            ("sessions/s/metrics", &[]),
            ("contexts/aa1_/metrics", &["test_a[1]", "test%b"]),
            ("components/c1/metrics", &["test_a[1]"]),
            ("components/C1%25/metrics", &["test_a[1]", "test_A"]),
            ("components/my_c/metrics", &["test_a[2]"]),
            ("components/metrics", &["test%b"]),
            ("components/c1/items/test_a/metrics", &["test_a[1]"]),
            ("components/items/test%25b/metrics", &["test%b"]),
            ("components/c1.sub/variants/test_A/metrics", &["test_A"]),
            ("components/variants/test%25b/metrics", &["test%b"]),
        ] {
            assert_eq!(variants(path), expected, "{}: {path}", server.kind);
        }
        for (path, expected) in [
            ("items/test_a/metrics/count", 2),
            ("variants/test_a[1]/metrics/count", 1),
            ("filters/scope/function/metrics/count", 3),
            ("filters/scm/cafe/metrics/count", 2),
            ("sessions/s2/metrics/count", 3),
            ("contexts/gone/metrics/count", 2),
            ("metrics/count", 5),
            ("components/count", 4),
            ("contexts/count", 2),
            ("sessions/count", 1),
        ] {
            assert_eq!(server.count(path), expected, "{}: {path}", server.kind);
        }
        assert_eq!(server.list("components/", "components"), ["c1", "c1.sub", "", "my_c", "myXc"]);
        assert_eq!(server.list("components/C1", "components"), ["c1", "c1.sub"]);
        assert_eq!(server.list("components/my_", "components"), ["my_c"]);
        assert_eq!(names(&server, "contexts/aa1_", "contexts", "h"), ["aa1_"]);
        assert_eq!(names(&server, "contexts/AA1", "contexts", "h"), ["aa1_", "aa1x"]);
        assert_eq!(names(&server, "filters/scm/cafe12/sessions", "sessions", "session_h"), ["s1"]);
    }
}

#[test]
fn sessions_are_found_by_tags_pipelines_and_builds() {
    for server in each() {
        for (h, tags) in [
            ("s1", json!({"pipeline_branch": "main", "pipeline_build_no": 9, "a": "1", "b": ""})),
            ("s2", json!({"pipeline_branch": "main", "pipeline_build_no": "10", "a": "2", "b": "x"})),
            ("s3", json!({"pipeline_branch": "dev", "pipeline_build_no": "9", "c": "1"})),
            ("s4", json!({"pipeline_branch": "", "a": null})),
        ] {
            stored(&server, "sessions/", &session(h, tags));
            stored(
                &server,
                "metrics/",
                &metric(json!({"session_h": h, "component": if h == "s3" { "c3" } else { "c1" }})),
            );
        }
        let sessions = |query: &str| names(&server, &format!("sessions/?{query}"), "sessions", "session_h");
        for name in ["with_flags", "with_tags"] {
            for (query, expected) in [
                ("=a", &["s1", "s2"][..]),
                ("=a,b", &["s1", "s2"]),
                ("=a,b&method=match_all", &["s2"]),
                ("=a,b&restrict_flags=1,&method=match_all", &[]),
                ("=a,c&restrict_flags=2", &["s2", "s3"]),
                ("=a&restrict_flags=1&method=match_any", &["s1"]),
                ("=[", &[]),
            ] {
                assert_eq!(sessions(&format!("{name}{query}")), expected, "{}: {name}{query}", server.kind);
            }
        }
        assert_eq!(sessions("restrict_flags=1"), ["s1", "s2", "s3", "s4"]);
        assert_eq!(names(&server, "sessions/s?with_flags=c", "sessions", "session_h"), ["s3"]);
        assert_eq!(server.get("pipelines/").text(), "{\"pipelines\":[\"main\",\"dev\"]}\n");
        assert_eq!(server.list("pipelines/main/builds", "builds"), ["9", "10"]);
        assert_eq!(server.list("pipelines/main/builds/9/sessions", "sessions"), ["s1"]);
        assert_eq!(server.list("components/c1/pipelines", "pipelines"), ["main"]);
        assert_eq!(server.list("components/c3/pipelines/dev/builds", "builds"), ["9"]);
        assert_eq!(server.list("components/c1/pipelines/main/builds/10/sessions", "sessions"), ["s2"]);
        assert_eq!(server.list("components/c3/pipelines/main/builds", "builds"), [] as [&str; 0]);
        assert_eq!(server.count("sessions/count"), 4);
    }
}

#[test]
fn the_most_expensive_come_first() {
    for server in each() {
        stored(&server, "sessions/", &session("s1", json!({"pipeline_branch": "main", "pipeline_build_no": "1"})));
        for (index, memory) in [5.0, 1.0, 9.0, 5.0, 1.0, 3.0, 2.0, 8.0, 7.0, 6.0, 4.0].into_iter().enumerate() {
            let of_session = if index % 2 == 0 { "s1" } else { "s2" };
            stored(
                &server,
                "metrics/",
                &metric(json!({
                    "item_variant": format!("v{index}"), "mem_usage": memory, "session_h": of_session,
                    "component": if index < 3 { "c" } else { "d" },
                })),
            );
        }
        let variants = |path: &str| names(&server, path, "metrics", "item_variant");
        for (path, expected) in [
            ("resources/memory/head/3/metrics", &["v2", "v7", "v8"][..]),
            ("resources/memory/tail/3/metrics", &["v1", "v4", "v6"]),
            ("resources/memory/head/0/metrics", &[]),
            ("resources/memory/components/c/head/2/metrics", &["v2", "v0"]),
            ("resources/memory/pipelines/main/head/2/metrics", &["v2", "v8"]),
            ("resources/memory/pipelines/main/builds/1/tail/1/metrics", &["v4"]),
            ("resources/memory/pipelines/main/builds/2/tail/metrics", &[]),
        ] {
            assert_eq!(variants(path), expected, "{}: {path}", server.kind);
        }
        assert_eq!(variants("resources/memory/head/metrics").len(), 10);
        assert_eq!(variants("resources/total_time/tail/4/metrics"), ["v0", "v1", "v2", "v3"], "ties: as they came");
        assert_eq!(variants("resources/user_time/head/4/metrics"), ["v0", "v1", "v2", "v3"]);
        assert_eq!(server.get("resources/cpu/head/600/metrics").json()["total_page"], 1);
    }
}
