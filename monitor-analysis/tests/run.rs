//! A whole run against its history, through the public functions.

use monitor_analysis::metric::{Metric, Thresholds};
use monitor_analysis::quantity::Unit;
use monitor_analysis::run::{Finding, Past, Series, judge_run};
use monitor_analysis::verdict::{Reason, Verdict};

fn past(values: impl IntoIterator<Item = f64>) -> Vec<Past> {
    (0..).zip(values).map(|(run, value)| Past { run, value }).collect()
}

fn series(metric: Metric, past: &[Past], value: f64) -> Series<'_> {
    Series { metric, single_threaded: false, thresholds: Thresholds::fine(metric), past, value }
}

fn alone(metric: Metric, past: &[Past], value: f64) -> Finding {
    judge_run(&[series(metric, past, value)]).findings[0]
}

/// About 1 % of noise that never repeats itself.
fn wobble(test: u32, run: u32) -> f64 {
    1.0 + 0.02 * ((f64::from(test * 7919 + run * run * 31 + run) * 0.618_033_988_75).fract() - 0.5)
}

#[test]
fn no_history_is_no_pass() {
    let finding = alone(Metric::WallTime, &[], 1.0);
    assert_eq!(finding.judgement.verdict, Verdict::NoBaseline);
    assert_eq!(finding.judgement.reason, Reason::NoComparableValue);
    assert!(judge_run(&[]).findings.is_empty());
}

#[test]
fn short_histories_know_the_coarse_rule_only() {
    let time = |before: f64, after| alone(Metric::WallTime, &past([before; 3]), after).judgement;
    assert!(time(0.1, 0.1).coarse);
    let cases = [(1.0, 1.9, Verdict::Unchanged), (1.0, 2.1, Verdict::Regressed), (0.04, 0.085, Verdict::Unchanged)];
    for (before, after, verdict) in cases {
        assert_eq!(time(before, after).verdict, verdict, "{before} {after}");
    }
    assert_eq!(time(2.1, 1.0).verdict, Verdict::Improved);

    let mib = 1_048_576.0;
    let memory = |before: f64, after| alone(Metric::Memory, &past([before; 9]), after).judgement.verdict;
    assert_eq!(memory(100.0 * mib, 119.0 * mib), Verdict::Unchanged);
    assert_eq!(memory(100.0 * mib, 121.0 * mib), Verdict::Regressed);
    assert_eq!(memory(2.0 * mib, 2.9 * mib), Verdict::Unchanged, "less than 1 MiB");

    let faults =
        alone(Metric::new("minor-faults", "minor faults", Unit::Count, false), &past([10.0; 3]), 10_000.0).judgement;
    assert_eq!((faults.verdict, faults.reason), (Verdict::Unchanged, Reason::NoCoarseRule { values: 3 }));
}

#[test]
fn ten_values_are_enough_for_the_full_rule() {
    let history = past((0..10).map(|run| wobble(1, run)));
    let finding = alone(Metric::WallTime, &history, 1.5).judgement;
    assert_eq!((finding.verdict, finding.coarse), (Verdict::Regressed, false));
    assert!(matches!(finding.reason, Reason::OutsideNoise { z, .. } if z > 20.0));
    assert!(alone(Metric::WallTime, &history[1..], 1.5).judgement.coarse);
}

#[test]
fn what_does_not_matter_is_not_reported() {
    let seconds = past((0..30).map(|run| 1.0 + 0.001 * (wobble(1, run) - 1.0)));
    let reason = alone(Metric::WallTime, &seconds, 1.045).judgement.reason;
    assert_eq!(reason, Reason::BelowRatio { ratio: 1.05 });
    let microseconds = past((0..30).map(|run| 1e-4 * wobble(1, run)));
    let reason = alone(Metric::WallTime, &microseconds, 9e-4).judgement.reason;
    assert_eq!(reason, Reason::BelowFloor { floor: 0.001 });
}

#[test]
fn thresholds_are_the_users() {
    let history = past((0..30).map(|run| wobble(1, run)));
    let strict = Thresholds { ratio: 1.5, floor: 0.0 };
    let verdict = |value| {
        judge_run(&[Series { thresholds: strict, ..series(Metric::WallTime, &history, value) }]).findings[0]
            .judgement
            .verdict
    };
    assert_eq!((verdict(1.4), verdict(1.6)), (Verdict::Unchanged, Verdict::Regressed));
}

#[test]
fn the_history_begins_at_the_last_change() {
    let changed = past((0..60).map(|run| if run < 40 { 1.0 } else { 2.0 } * wobble(1, run)));
    assert_eq!(alone(Metric::WallTime, &changed, 2.0).judgement.verdict, Verdict::Unchanged);
    assert_eq!(alone(Metric::WallTime, &changed, 1.0).judgement.verdict, Verdict::Improved);
    let just_changed = alone(Metric::WallTime, &changed[..46], 2.0).judgement;
    assert!(just_changed.coarse, "six values of the new level are a short history");
}

#[test]
fn a_series_that_flickers_is_demoted() {
    let judged = |history: &[Past], value| {
        let metric = Metric::Allocations;
        judge_run(&[Series { single_threaded: true, ..series(metric, history, value) }]).findings[0].judgement
    };
    let flickering = past((0..40).map(|run| if run % 9 == 8 { 1001.0 } else { 1000.0 }));
    let judgement = judged(&flickering, 1001.0);
    assert_eq!((judgement.verdict, judgement.demoted), (Verdict::Unchanged, true));
    let constant = past([1000.0; 5]);
    assert_eq!(judged(&constant, 1001.0).verdict, Verdict::Regressed);
    assert_eq!(alone(Metric::Allocations, &constant, 1001.0).judgement.verdict, Verdict::Unchanged, "several threads");
}

/// A suite of 40 tests whose runs share the machine's mood: up to a third slower.
fn moody_suite(new: impl Fn(u32) -> f64) -> Vec<(Vec<Past>, f64)> {
    let mood = |run: u32| 1.0 + 0.3 * (f64::from(run * 17) * 0.324_717_957).fract();
    let test = |test: u32| {
        let history = past((0..30).map(|run| f64::from(test + 1) * mood(run) * wobble(test, run)));
        (history, f64::from(test + 1) * new(test))
    };
    (0..40).map(test).collect()
}

#[test]
fn a_slow_day_is_no_regression_and_hides_none() {
    let suite = moody_suite(|test| if test == 7 { 1.8 } else { 1.5 } * wobble(test, 99));
    let series: Vec<Series<'_>> = suite.iter().map(|(past, value)| series(Metric::WallTime, past, *value)).collect();
    let run = judge_run(&series);
    for (test, finding) in run.findings.iter().enumerate() {
        let expected = if test == 7 { Verdict::Regressed } else { Verdict::Unchanged };
        assert_eq!(finding.judgement.verdict, expected, "{test}: {:?}", finding.judgement);
        assert!(finding.common_factor.is_some_and(|factor| (1.2..1.5).contains(&factor)));
    }
    let shown = run.common_factors[&Metric::WallTime];
    assert!((1.2..1.5).contains(&shown), "{shown}");
    let change = run.findings[7].judgement.change.unwrap();
    assert_eq!(change.after, suite[7].1, "the value shown is the value measured");
}

#[test]
fn few_tests_have_no_common_factor() {
    let suite = moody_suite(|_| 1.5);
    let series: Vec<Series<'_>> =
        suite.iter().take(20).map(|(past, value)| series(Metric::WallTime, past, *value)).collect();
    let run = judge_run(&series);
    assert!(run.common_factors.is_empty());
    assert!(run.findings.iter().all(|finding| finding.common_factor.is_none()));
}

#[test]
fn sizes_have_no_common_factor() {
    let suite = moody_suite(|_| 1.5);
    let series: Vec<Series<'_>> = suite
        .iter()
        .map(|(past, value)| series(Metric::new("rss-peak", "resident peak", Unit::Bytes, false), past, *value * 1e6))
        .collect();
    assert!(judge_run(&series).common_factors.is_empty());
}
