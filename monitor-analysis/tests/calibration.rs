//! The gate tried on histories whose truth is known.

use monitor_analysis::calibration::{Calibration, KnownSeries};
use monitor_analysis::metric::{Metric, Thresholds};
use monitor_analysis::run::Past;

/// About 1 % of noise that never repeats itself.
fn wobble(test: u32, run: u32) -> f64 {
    1.0 + 0.02 * ((f64::from(test * 7919 + run * run * 31 + run) * 0.618_033_988_75).fract() - 0.5)
}

fn history(value: impl Fn(u32) -> f64) -> Vec<Past> {
    (0..60).map(|run| Past { run, value: value(run) }).collect()
}

fn known(metric: Metric, values: &[Past]) -> KnownSeries<'_> {
    KnownSeries { metric, single_threaded: true, thresholds: Thresholds::fine(metric), values }
}

#[test]
fn a_calm_history_has_no_false_alarm_and_finds_a_doubling() {
    let histories: Vec<Vec<Past>> = (0..10).map(|test| history(|run| wobble(test, run))).collect();
    let series: Vec<_> = histories.iter().map(|values| known(Metric::WallTime, values)).collect();
    let calibration = Calibration::of(&series, 30, &[1.01, 2.0]);
    assert_eq!((calibration.runs, calibration.verdicts), (30, 300));
    assert_eq!((calibration.lasting, calibration.false_alarms, calibration.runs_with_false_alarm), (0, 0, 0));
    let found: Vec<_> = calibration.detection.iter().map(|detection| (detection.tried, detection.found)).collect();
    assert_eq!(found, [(30, 0), (30, 30)]);
}

#[test]
fn a_change_that_lasts_is_no_false_alarm_and_a_spike_is() {
    let step = history(|run| if run < 40 { 1.0 } else { 1.6 } * wobble(1, run));
    let spike = history(|run| if run == 45 { 1.6 } else { 1.0 } * wobble(2, run));
    let series = [known(Metric::WallTime, &step), known(Metric::WallTime, &spike)];
    let calibration = Calibration::of(&series, 30, &[]);
    assert!((1..=5).contains(&calibration.lasting), "{calibration:?}");
    assert_eq!((calibration.false_alarms, calibration.runs_with_false_alarm), (1, 1));
}

#[test]
fn exact_metrics_are_tried_too() {
    let stays = history(|run| if run < 40 { 1000.0 } else { 1001.0 });
    let flickers = history(|run| if run == 30 { 1001.0 } else { 1000.0 });
    let series = [known(Metric::Allocations, &stays), known(Metric::Allocations, &flickers)];
    let calibration = Calibration::of(&series, 60, &[1.1]);
    assert_eq!((calibration.lasting, calibration.false_alarms), (1, 1));
    assert!(calibration.detection[0].found > 30);
}

#[test]
fn short_histories_are_not_judged() {
    let short = history(|_| 1.0);
    let calibration = Calibration::of(&[known(Metric::WallTime, &short[..5])], 60, &[2.0]);
    assert_eq!((calibration.runs, calibration.verdicts, calibration.detection[0].tried), (0, 0, 0));
    assert_eq!(Calibration::of(&[], 60, &[]), Calibration::default());
}
