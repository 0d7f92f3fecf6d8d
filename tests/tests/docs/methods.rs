//! What the book says of the methods is what the code does: constants, verdicts, reasons.

use std::fs;

use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::{Reason, Verdict};
use monitor_tests::markdown::Document;
use monitor_tests::repository;

const STATISTICS: &str = "docs/src/statistics.md";
const VERDICTS: &str = "docs/src/verdicts.md";

#[test]
fn every_constant_is_quoted_with_its_value() {
    let source =
        fs::read_to_string(repository().join("monitor-analysis/src/constants.rs")).expect("there are constants");
    let coded: Vec<_> = source.lines().filter_map(constant).collect();
    assert!(coded.len() > 30, "{coded:?}");
    let chapter = Document::read(STATISTICS);
    let quoted: Vec<_> = chapter
        .rows()
        .into_iter()
        .filter_map(|row| <[String; 3]>::try_from(row).ok())
        .filter(|[_, _, name]| name.starts_with('`'))
        .map(|[_, value, name]| (name.trim_matches('`').to_owned(), quantity(&value)))
        .collect();
    for (name, value) in &coded {
        let found: Vec<_> = quoted.iter().filter(|(quoted, _)| quoted == name).map(|(_, value)| *value).collect();
        assert_eq!(found, [*value], "{name}");
    }
    assert_eq!(quoted.len(), coded.len(), "{STATISTICS} quotes constants that are not there");
}

/// The name and the value of a line `pub const NAME: TYPE = VALUE;`, where the value may be a product.
fn constant(line: &str) -> Option<(String, f64)> {
    let (name, rest) = line.strip_prefix("pub const ")?.split_once(": ")?;
    let (_, value) = rest.trim_end_matches(';').split_once(" = ")?;
    let factors = value.split('*').map(|factor| factor.trim().replace('_', "").parse::<f64>());
    let value = factors.product::<Result<f64, _>>().unwrap_or_else(|error| panic!("{line}: {error}"));
    Some((name.to_owned(), value))
}

/// A value as the book writes it, in the base unit.
fn quantity(text: &str) -> f64 {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let number: f64 = number.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    match unit {
        "" => number,
        "%" => number / 100.0,
        "ms" => number / 1_000.0,
        "KiB" => number * 1024.0,
        "MiB" => number * 1024.0 * 1024.0,
        _ => panic!("{text}: no unit that this test knows"),
    }
}

#[test]
fn every_verdict_is_explained() {
    let verdicts = [
        Verdict::Regressed,
        Verdict::Improved,
        Verdict::Unchanged,
        Verdict::Suspect,
        Verdict::Undecided,
        Verdict::New,
        Verdict::Gone,
        Verdict::NotComparable,
        Verdict::NoBaseline,
    ];
    assert_eq!(Document::read(VERDICTS).column("Verdicts"), verdicts.map(Verdict::as_str));
    assert_eq!(variants("Verdict"), verdicts.len(), "a verdict is missing above");
}

#[test]
fn every_reason_is_explained_in_the_words_that_are_printed() {
    let reasons = [
        Reason::ExactlyEqual { values: 9 },
        Reason::ExactlyDifferent { values: 9 },
        Reason::Counted { limit: 900.0 },
        Reason::FirstUse { pays: true },
        Reason::SameCode,
        Reason::WithinNoise { z: 1.2 },
        Reason::OutsideNoise { z: 8.0, p: 1e-5, values: 30 },
        Reason::BothTimes { z: 5.0, p: 0.001, values: 30 },
        Reason::BeyondAll { values: 30 },
        Reason::Doubtful { z: 5.0, p: 0.01, p_needed: 0.0001 },
        Reason::Spike { z: 9.0, p: 0.02 },
        Reason::Lasting { p: 0.01 },
        Reason::Scatters { z: 5.0, scatter: 0.4 },
        Reason::TooShort { values: 4 },
        Reason::BelowRatio { ratio: 1.05 },
        Reason::BelowFloor { floor: 0.001 },
        Reason::Interval { low: 1.1, high: 1.2 },
        Reason::OnlyInHead,
        Reason::OnlyInBase,
        Reason::OtherMachineClass,
        Reason::DidNotPass,
        Reason::NotMeasured,
        Reason::OtherSource,
        Reason::NoComparableValue,
    ];
    let printed: Vec<_> = reasons.iter().map(|reason| reason.text(Metric::WallTime)).collect();
    assert_eq!(Document::read(VERDICTS).column("Reasons"), printed);
    assert_eq!(variants("Reason"), reasons.len(), "a reason is missing above");
}

/// How many variants an enum of `verdict.rs` has.
fn variants(name: &str) -> usize {
    let source = fs::read_to_string(repository().join("monitor-analysis/src/verdict.rs")).expect("there are verdicts");
    let start = format!("pub enum {name} {{\n");
    let body = source.split(&start).nth(1).and_then(|rest| rest.split("\n}\n").next()).expect("the enum is there");
    let is_variant = |line: &&str| {
        line.strip_prefix("    ").is_some_and(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
    };
    body.lines().filter(is_variant).count()
}
