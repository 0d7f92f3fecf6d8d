//! Charts, to the byte: a change of the output shows in review. `UPDATE_SNAPSHOTS=1 cargo test` writes them anew.

use std::path::Path;

use monitor_analysis::chart::{Axis, Chart, Line, Mark, Point, Style};
use monitor_analysis::quantity::Unit;

fn assert_snapshot(name: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, content).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(content == expected, "{} differs; see it with UPDATE_SNAPSHOTS=1 and git diff", path.display());
}

fn line(name: &str, values: impl IntoIterator<Item = f64>) -> Line {
    Line { name: name.to_owned(), values: values.into_iter().map(Some).collect() }
}

fn points(labels: &[&str]) -> Vec<Point> {
    let note = "2026-11-23 10:00, main".to_owned();
    labels.iter().map(|label| Point { label: (*label).to_owned(), note: note.clone() }).collect()
}

/// The figure of the talk.
fn talk() -> Chart {
    const GIB: f64 = 1_073_741_824.0;
    Chart {
        title: "Memory / Wall Time evolution of test_prime[982451653] by commit".to_owned(),
        points: points(&["1f3a9c0", "7b2d4e1", "c90f5a2", "e4417d3", "0a8b6f4"]),
        left: Axis { unit: Unit::Seconds, lines: vec![line("wall time", [61.0, 364.0, 240.0, 0.4, 0.002])] },
        right: Some(Axis { unit: Unit::Bytes, lines: vec![line("memory", [2e6, 3.7 * GIB, GIB, 4e6, 1e4])] }),
        style: Style::Talk,
        marks: vec![Mark { index: 1, text: "x5.97; rand 0.9.0 -> 0.10.1".to_owned() }],
        ..Chart::default()
    }
}

#[test]
fn the_figure_of_the_talk() {
    assert_snapshot("talk.svg", &talk().svg());
}

/// Each axis has a panel with its own scale on the left, and no area of one covers the other.
#[test]
fn two_axes_are_two_panels() {
    let svg = Chart { style: Style::Panels, ..talk() }.svg();
    let bottoms: Vec<f64> = svg
        .split("fill-opacity=\"0.2\" d=\"M")
        .skip(1)
        .filter_map(|area| area.split([' ', 'L']).nth(1)?.parse().ok())
        .collect();
    let highest = |area: &str| {
        let points = area.split('"').next().unwrap_or_default().trim_end_matches('Z').split('L');
        points.filter_map(|point| point.split(' ').nth(1)?.parse::<f64>().ok()).fold(f64::INFINITY, f64::min)
    };
    let second = svg.split("fill-opacity=\"0.2\" d=\"M").nth(2).map(highest).expect("two areas");
    assert!(bottoms.len() == 2 && bottoms[0] < second, "{bottoms:?}, the second from {second}");
    assert_eq!(svg.matches("text-anchor=\"start\"").count(), 2, "the legend's names only, no ticks on the right");
}

#[test]
fn many_runs_with_gaps() {
    let commits: Vec<String> = (0..60).map(|run| format!("{:07x}", run * 4_441_111)).collect();
    let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
    let mut first = line("test_a", (0..60).map(|run| 0.012 + 0.001 * f64::from(run % 5)));
    first.values[20] = None;
    first.values[22] = None;
    let second = line("test_b", (0..60).map(|run| if run < 30 { 0.02 } else { 0.03 }));
    let left = Axis { unit: Unit::Seconds, lines: vec![first, second] };
    let chart = Chart { title: "wall time".to_owned(), points: points(&commits), left, ..Chart::default() };
    assert_snapshot("gaps.svg", &chart.svg());
}

#[test]
fn hostile_names_stay_text() {
    let nasty = "</title><script>alert(1)</script>\"'&\u{202e}\u{1b}[31m";
    let mut chart = talk();
    chart.title = nasty.to_owned();
    chart.left.lines[0].name = nasty.to_owned();
    chart.points[0] = Point { label: nasty.to_owned(), note: nasty.to_owned() };
    chart.marks[0].text = nasty.to_owned();
    let svg = chart.svg();
    assert!(!svg.contains("<script") && !svg.contains(['\u{202e}', '\u{1b}']));
    assert_eq!(svg.matches("<title>").count(), svg.matches("</title>").count());
}

#[test]
fn nothing_to_draw_is_a_chart_too() {
    let empty = Chart { width: 0, height: 0, ..Chart::default() };
    assert!(empty.svg().contains("viewBox=\"0 0 320 200\""));
    let mut odd = talk();
    odd.left.lines[0].values = vec![Some(f64::NAN), Some(f64::INFINITY), None];
    odd.marks[0].index = 99;
    let svg = odd.svg();
    assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("class=\"mark\" d"));
}

#[test]
fn dots_stand_where_they_do_not_touch() {
    let dots = |runs: u32| {
        let left = Axis { unit: Unit::Seconds, lines: vec![line("wall time", (0..runs).map(f64::from))] };
        let chart = Chart { points: vec![Point::default(); runs as usize], left, ..Chart::default() };
        chart.svg().matches("<circle").count()
    };
    assert_eq!((dots(50), dots(150)), (50, 0));
}

#[test]
fn every_run_tells_its_values() {
    let svg = talk().svg();
    assert_eq!(svg.matches("class=\"run\"").count(), 5);
    assert!(svg.contains(
        "<title>7b2d4e1\n2026-11-23 10:00, main\nwall time: 364 s\nmemory: 3.70 GiB\nx5.97; rand 0.9.0 -&gt; 0.10.1</title>"
    ));
}
