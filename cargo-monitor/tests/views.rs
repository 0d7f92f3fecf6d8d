//! `history`, `plot` and `report` on files whose every figure is known.
#![forbid(unsafe_code)]

mod common;

use std::fs;

use common::Fixture;
use common::evolution::{HOSTILE, evolution, hostile};
use monitor_store::Outcome;

fn printed(fixture: &Fixture, args: &[&str]) -> String {
    let stdout = fixture.run(args).succeeded().stdout;
    stdout.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// What a command wrote to the file that its last argument names.
fn written(fixture: &Fixture, args: &[&str]) -> String {
    let _ = fixture.run(args).succeeded();
    let file = fixture.folder().join(args[args.len() - 1]);
    fs::read_to_string(file).expect("the command has written the file")
}

/// A page without its style and its script.
fn bare(page: &str) -> String {
    let (before, style) = page.split_once("<style>").expect("a page has styles");
    let (_, after) = style.split_once("</style>").expect("they end");
    let (content, script) = after.split_once("<script>").expect("a page has a script");
    let (_, end) = script.split_once("</script>").expect("it ends");
    format!("{before}{content}{end}")
}

#[test]
fn history_marks_changes_with_commits_and_dependencies() {
    let fixture = evolution();
    insta::assert_snapshot!(printed(&fixture, &["history", "grows", "-n", "14"]));
    let memory = printed(&fixture, &["history", "demo::tests::grows[2, 3]", "-m", "memory", "--format", "markdown"]);
    assert!(
        memory.contains("| 1.00 MiB | 4.00 MiB | x4.00 | rand 0\\.9\\.0") || memory.contains("| rand 0.9.0 "),
        "{memory}"
    );
}

#[test]
fn history_is_data_for_programs() {
    let fixture = evolution();
    let csv = printed(&fixture, &["history", "grows", "--all", "--format", "csv"]);
    assert_eq!(csv.lines().count(), 25, "{csv}");
    assert!(csv.starts_with("session,run_date,commit,branch,outcome,wall_seconds,ratio,"), "{csv}");
    let json: serde_json::Value =
        serde_json::from_str(&printed(&fixture, &["history", "grows", "--format", "json"])).expect("valid JSON");
    assert_eq!(json["changes"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["changes"][0]["dependencies"], "rand 0.9.0 -> 0.10.1");
}

#[test]
fn runs_that_did_not_pass_are_shown_and_change_nothing() {
    let fixture = evolution();
    let wrong = printed(&fixture, &["history", "wrong", "--all"]);
    assert_eq!(wrong.matches("failed").count(), 4, "{wrong}");
    assert!(wrong.contains("Changes\n none"), "{wrong}");
}

#[test]
fn names_that_are_unknown_or_ambiguous_are_explained() {
    let fixture = evolution();
    let ambiguous = fixture.run(&["history", "demo::tests"]);
    assert_eq!(ambiguous.code, Some(3));
    assert!(ambiguous.stderr.contains("matches 3 tests") && ambiguous.stderr.contains("demo::tests::steady"));
    let unknown = fixture.run(&["history", "stedy"]);
    assert_eq!(unknown.code, Some(3));
    assert!(unknown.stderr.contains("did you mean `steady`?"), "{}", unknown.stderr);
    let kind = fixture.run(&["plot", "grows", "-o", "chart.jpeg"]);
    assert_eq!(kind.code, Some(1));
    assert!(kind.stderr.contains(".svg, .png or .html"), "{}", kind.stderr);
    let units = fixture.run(&["plot", "grows", "-m", "wall-time", "-m", "memory", "-m", "allocations"]);
    assert!(units.stderr.contains("two panels"), "{}", units.stderr);
}

#[test]
fn plot_draws_a_line_for_each_test_in_the_terminal() {
    let fixture = evolution();
    insta::assert_snapshot!(printed(&fixture, &["plot", "*::tests::*"]));
}

#[test]
fn plot_draws_svg() {
    let fixture = evolution();
    insta::assert_snapshot!(written(&fixture, &["plot", "grows", "--output", "evolution.svg"]));
    let _ = fixture.run(&["plot", "grows", "-o"]).succeeded();
    assert_eq!(
        fs::read(fixture.folder().join("plot.svg")).expect("the name by default"),
        fs::read(fixture.folder().join("evolution.svg")).expect("it is there")
    );
}

#[test]
fn runs_of_one_commit_are_one_point() {
    let fixture = Fixture::empty();
    for (day, seconds) in [(1, 1.0), (2, 3.0), (3, 2.0), (4, 9.0)] {
        let commit = if day < 4 { "beef01aaaa" } else { "beef02aaaa" };
        fixture.session(day, commit, &[], &[("demo::repeated", seconds, 64, monitor_store::Outcome::Passed)]);
    }
    let points = |by| written(&fixture, &["plot", "repeated", "--by", by, "-o", "by.svg"]);
    assert_eq!(points("commit").matches("class=\"run\"").count(), 2);
    assert!(
        points("commit").contains("median of 3 sessions\nwall time: 2.00 s (1.00 s to 3.00 s)"),
        "{}",
        points("commit")
    );
    assert_eq!(points("session").matches("class=\"run\"").count(), 4);
}

/// Too many for one picture: a page has a chart for each, and the terminal a line.
#[test]
fn two_hundred_tests_have_a_chart_each() {
    let fixture = Fixture::empty();
    let names: Vec<String> = (0..200).map(|number| format!("demo::of_many[{number}]")).collect();
    for (day, commit) in [(1, "beef01aaaa"), (2, "beef02aaaa"), (3, "beef03aaaa")] {
        let rows = names.iter().map(|name| (name.as_str(), 0.001 * f64::from(day), 64, Outcome::Passed));
        fixture.session(day, commit, &[], &rows.collect::<Vec<_>>());
    }
    let page = written(&fixture, &["plot", "*", "-o", "all.html"]);
    let charts = page.matches("aria-label=\"Wall Time evolution of of_many[").count();
    assert_eq!((page.matches("<h3>").count(), charts), (200, 400), "each for wide and for narrow screens");
    assert_eq!(printed(&fixture, &["plot", "*"]).matches("▁").count(), 200);
    let picture = fixture.run(&["plot", "*", "-o", "all.svg"]);
    assert_eq!(picture.code, Some(1));
    assert!(picture.stderr.contains("write .html, where each test has a chart"), "{}", picture.stderr);
}

/// A page stays quick to load, and says what it leaves out.
#[test]
fn a_page_of_very_many_tests_is_cut() {
    let fixture = Fixture::empty();
    let names: Vec<String> = (0..6_000).map(|number| format!("demo::of_very_many[{number}]")).collect();
    let rows = names.iter().zip(1..).map(|(name, at)| (name.as_str(), 0.001 * f64::from(at), 64, Outcome::Passed));
    fixture.session(1, "beef01aaaa", &[], &rows.collect::<Vec<_>>());
    let report = written(&fixture, &["report", "-o", "report.html"]);
    assert!(report.contains("6000 tests, the slowest first"), "the rows that are left are those that matter");
    assert!(report.contains("the first 5000 of 6000 rows"));
    assert!(report.contains("of_very_many[5999]") && !report.contains("of_very_many[500]"));
    assert!(report.len() < 5 << 20, "{} bytes", report.len());
    let plot = fixture.run(&["plot", "*y[1*", "*y[2*", "*y[3*", "-o", "plot.html"]).succeeded();
    assert!(plot.stderr.contains(" of 3333 tests: name fewer tests"), "{}", plot.stderr);
    let page = fs::read_to_string(fixture.folder().join("plot.html")).expect("the command has written the file");
    assert!(page.len() < 5 << 20, "{} bytes", page.len());
    assert!(page.contains(" of 3333 tests: name fewer tests"));
}

#[test]
fn without_commits_the_dates_stand_below() {
    let fixture = Fixture::empty();
    for day in [1, 2] {
        fixture.session(day, "", &[], &[("demo::plain", 0.5, 64, monitor_store::Outcome::Passed)]);
    }
    let chart = written(&fixture, &["plot", "plain", "-o", "dates.svg"]);
    assert!(chart.contains(">11-01 10:00</text>") && chart.contains(">11-02 10:00</text>"), "{chart}");
    assert!(chart.contains("2026-11-02 10:00\nwall time"), "{chart}");
}

#[test]
fn report_tells_all_on_one_page() {
    let fixture = evolution();
    let page = written(&fixture, &["report", "-o", "report.html"]);
    insta::assert_snapshot!(bare(&page));
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("src="), "it asks for nothing");
}

#[test]
fn a_range_is_compared_and_drawn_from_end_to_end() {
    let fixture = evolution();
    let page = written(&fixture, &["report", "date:2026-11-10..date:2026-11-15", "-o", "range.html"]);
    let charts = page.matches("class=\"cost-chart\"").count();
    assert!(charts > 0 && page.matches("class=\"run\"").count() == charts * 6, "six sessions in each chart");
    assert!(
        page.contains("<code>rand</code></th>") && page.contains("<span>0.9.0 -&gt; 0.10.1</span>"),
        "{}",
        bare(&page)
    );
    assert!(page.contains("regressed"), "{}", bare(&page));
}

#[test]
fn a_first_session_has_a_report_too() {
    let fixture = Fixture::three_sessions();
    let page = written(&fixture, &["report", "cab003", "-o", "crashed.html"]);
    assert!(page.contains("<h2>Incomplete</h2>") && page.contains("died"), "{}", bare(&page));
    let first = written(&fixture, &["report", "beef01", "-o", "first.html"]);
    assert!(first.contains("Nothing is compared"), "{}", bare(&first));
}

#[test]
fn hostile_names_stay_text() {
    let fixture = hostile();
    let harmless = |text: &str, place: &str| {
        let acts = ["<script>alert", "<img", "</title></style>", "\u{202e}", "\u{1b}"];
        for bad in acts {
            assert!(!text.contains(bad), "{place} has {bad:?}:\n{text}");
        }
    };
    harmless(&written(&fixture, &["report", "-o", "hostile.html"]), "the report");
    harmless(&written(&fixture, &["plot", "evil", "-o", "hostile.svg"]), "the SVG");
    harmless(&written(&fixture, &["plot", "evil", "-o", "chart.html"]), "the chart's page");
    for format in ["table", "json", "csv", "markdown"] {
        let text = printed(&fixture, &["history", HOSTILE, "--format", format]);
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{format}:\n{text}");
    }
    let _ = fixture.run(&["plot", "evil", "-o", "hostile.png"]).succeeded();
}

#[test]
fn what_cannot_be_written_is_told() {
    let fixture = evolution();
    for args in [["report", "-o", "no/such/folder.html"].as_slice(), &["plot", "grows", "-o", "no/such/folder.svg"]] {
        let run = fixture.run(args);
        assert_eq!(run.code, Some(1));
        assert!(run.stderr.contains("cannot write no/such/folder"), "{}", run.stderr);
    }
}
