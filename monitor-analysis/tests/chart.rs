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
    Line { name: name.to_owned(), values: values.into_iter().map(|value| vec![value]).collect() }
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

/// The heights in a path of absolute places.
fn heights(path: &str) -> Vec<f64> {
    let places = path.split(['M', 'L']).filter(|place| !place.is_empty());
    places.filter_map(|place| place.trim_end_matches("h0").split(' ').nth(1)?.parse().ok()).collect()
}

/// The paths of a class.
fn paths<'a>(svg: &'a str, class: &str) -> Vec<&'a str> {
    let class = format!("<path class=\"{class}\"");
    let elements = svg.split(class.as_str()).skip(1).filter_map(|rest| rest.split("/>").next());
    elements.filter_map(|element| element.split(" d=\"").nth(1)?.split('"').next()).collect()
}

/// The texts that stand to the left of an axis.
fn ticks(svg: &str) -> Vec<&str> {
    let ends = svg.split("text-anchor=\"end\">").skip(1);
    ends.filter_map(|text| text.split('<').next()).collect()
}

/// Each axis has a panel with its own scale on the left, and nothing of one is in the other.
#[test]
fn two_axes_are_two_panels() {
    let svg = Chart { style: Style::Panels, ..talk() }.svg();
    let lines: Vec<Vec<f64>> = paths(&svg, "line").into_iter().map(heights).collect();
    let lowest = lines[0].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert!(lines.len() == 2 && lines[1].iter().all(|y| *y > lowest), "{lines:?}");
    assert!(svg.contains(">wall time, log scale<") && svg.contains(">memory, log scale<"));
    assert!(!svg.contains("stroke-width=\"2\" d=\"M"), "no legend: each axis has its name above it");
}

/// Values from milliseconds to minutes: on a linear axis all but the two largest would lie on its end.
#[test]
fn values_over_decades_have_a_logarithmic_axis() {
    let svg = |values: &[f64], style| {
        let left = Axis { unit: Unit::Seconds, lines: vec![line("wall time", values.iter().copied())] };
        Chart { points: points(&vec!["1f3a9c0"; values.len()]), left, style, ..Chart::default() }.svg()
    };
    let decades = svg(&[0.001, 0.01, 0.1, 1.0], Style::Panels);
    assert_eq!(ticks(&decades), ["1 ms", "3 ms", "10 ms", "30 ms", "100 ms", "300 ms", "1 s"]);
    let of_line = heights(paths(&decades, "line")[0]);
    let steps: Vec<f64> = of_line.windows(2).map(|pair| pair[0] - pair[1]).collect();
    assert!(steps.iter().all(|step| (step - steps[0]).abs() < 0.2 && *step > 50.0), "{of_line:?}");
    assert!(paths(&decades, "area").is_empty(), "there is no zero to fill down to");
    let zeros = svg(&[0.0, 0.001, 1.0, 0.0], Style::Panels);
    assert_eq!(ticks(&zeros)[..3], ["0 s", "1 ms", "3 ms"]);
    let close = svg(&[0.1, 1.0], Style::Panels);
    assert!(close.contains("0.0 s") && !close.contains("log scale") && paths(&close, "area").len() == 1);
}

/// Three sessions of a commit are three dots, and the line goes through the middle one.
#[test]
fn runs_are_dots_and_the_line_their_median() {
    let values = vec![vec![1.0, 9.0, 2.0], vec![4.0], vec![2.0, 2.0, 2.0]];
    let left = Axis { unit: Unit::Seconds, lines: vec![Line { name: "wall time".to_owned(), values }] };
    let svg = Chart { points: points(&["a", "b", "c"]), left, ..Chart::default() }.svg();
    let (dots, line) = (heights(paths(&svg, "dots")[0]), heights(paths(&svg, "line")[0]));
    assert_eq!((dots.len(), line.len()), (4, 3), "equal runs cover each other: {dots:?}");
    assert!(dots[..3].contains(&line[0]) && line[2] == dots[3], "{dots:?} {line:?}");
    assert!(
        svg.contains("wall time: 2.00 s (1.00 s to 9.00 s)")
            && svg.contains("wall time: 4.00 s\n") | svg.contains("wall time: 4.00 s<")
    );
}

#[test]
fn neighbours_of_one_label_share_it() {
    let svg = |labels: &[&str]| {
        let left = Axis { unit: Unit::Seconds, lines: vec![line("wall time", labels.iter().map(|_| 1.0))] };
        Chart { points: points(labels), left, ..Chart::default() }.svg()
    };
    let shared = svg(&["1f3a9c0", "1f3a9c0", "1f3a9c0", "7b2d4e1", "1f3a9c0"]);
    let shown = |commit: &str| shared.matches(&format!(">{commit}</text>")).count();
    assert_eq!((shown("1f3a9c0"), shown("7b2d4e1")), (2, 1));
    assert_eq!(shared.matches("<title>1f3a9c0\n").count(), 4, "each session has its tooltip");
}

/// On 340 pixels everything stands inside, and no two labels touch.
#[test]
fn a_narrow_chart_is_drawn_anew() {
    let commits: Vec<String> = (0..40).map(|run| format!("{:07x}", run * 4_441_111)).collect();
    let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
    let one = |unit, name: &str| Axis { unit, lines: vec![line(name, (0..40).map(|run| 1e6 + f64::from(run)))] };
    let chart = Chart {
        points: points(&commits),
        left: one(Unit::Count, "allocations"),
        right: Some(one(Unit::Bytes, "memory")),
        ..Chart::default()
    };
    let svg = chart.narrow().element();
    assert!(svg.contains("viewBox=\"0 0 340 400\"") && svg.contains(">1,000,000<"));
    let of_text: Vec<f64> =
        svg.split("<text x=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok()).collect();
    assert!(of_text.iter().all(|x| (0.0..=340.0).contains(x)), "{of_text:?}");
    let labels = svg.matches("rotate(-45").count();
    assert!((5..=18).contains(&labels), "{labels} labels");
}

/// A dashed line stands between two columns: what is over it tells the change, as wide as a pointer can meet.
#[test]
fn dashed_lines_have_their_tooltip_on_top() {
    let svg = talk().svg();
    let change = svg.find("class=\"change\" data-run=\"1\"").expect("the change point");
    assert!(svg.rfind("class=\"run\"").is_some_and(|run| run < change), "nothing covers it");
    assert!(svg[change..].contains("x5.97; rand 0.9.0 -&gt; 0.10.1</title>"));
}

#[test]
fn many_runs_with_gaps() {
    let commits: Vec<String> = (0..60).map(|run| format!("{:07x}", run * 4_441_111)).collect();
    let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
    let mut first = line("test_a", (0..60).map(|run| 0.012 + 0.001 * f64::from(run % 5)));
    first.values[20].clear();
    first.values[22].clear();
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
    odd.left.lines[0].values = vec![vec![f64::NAN], vec![f64::INFINITY], Vec::new()];
    odd.marks[0].index = 99;
    let svg = odd.svg();
    assert!(
        !svg.contains("NaN")
            && !svg.contains("inf")
            && !svg.contains("class=\"mark\" d")
            && !svg.contains("class=\"change\" ")
    );
}

/// Two lines have two shapes; where runs touch, a few of them.
#[test]
fn lines_differ_in_shape() {
    let shapes = |runs: u32, lines: usize| {
        let lines = (0..lines).map(|_| line("wall time", (0..runs).map(f64::from))).collect();
        let chart = Chart {
            points: vec![Point::default(); runs as usize],
            left: Axis { unit: Unit::Seconds, lines },
            ..Chart::default()
        };
        let svg = chart.svg();
        let counts: Vec<usize> = paths(&svg, "points").iter().map(|path| path.matches('M').count()).collect();
        let first: Vec<String> = paths(&svg, "points")
            .iter()
            .filter_map(|path| Some(path.split('m').nth(1)?.split('M').next()?.to_owned()))
            .collect();
        assert!(first.iter().all(|shape| first.iter().filter(|other| *other == shape).count() == 1), "{first:?}");
        counts
    };
    assert_eq!(shapes(50, 1), [50]);
    assert_eq!(shapes(150, 1), [0; 0]);
    assert_eq!(shapes(150, 3), [22, 22, 22]);
}

#[test]
fn every_run_tells_its_values() {
    let svg = talk().svg();
    assert_eq!(svg.matches("class=\"run\"").count(), 5);
    assert!(svg.contains(
        "<title>7b2d4e1\n2026-11-23 10:00, main\nwall time: 364 s\nmemory: 3.70 GiB\nx5.97; rand 0.9.0 -&gt; 0.10.1</title>"
    ));
}
