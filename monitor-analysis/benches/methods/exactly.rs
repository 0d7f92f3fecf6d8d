//! Exact metrics: silent while nothing changes, loud about one extra allocation.

use monitor_analysis::metric::{Metric, Thresholds};
use monitor_analysis::run::{Past, Series, judge_run};
use monitor_analysis::verdict::Verdict;

/// Verdict on the next value of a test that made so many allocations in each of the runs before.
fn next(allocations: f64, runs: u32, value: f64) -> Verdict {
    let past: Vec<Past> = (0..runs).map(|run| Past { run, value: allocations }).collect();
    let metric = Metric::Allocations;
    let thresholds = Thresholds::fine(metric);
    let series = Series { metric, single_threaded: true, thresholds, past: &past, value };
    judge_run(&[series]).findings[0].judgement.verdict
}

/// Alarms in so many repeats of one test.
pub fn alarms(repeats: u32) -> usize {
    (1..=repeats).filter(|runs| next(12_345.0, *runs, 12_345.0).is_change()).count()
}

/// Whether one allocation more, and one less, is seen after as few runs as the rule allows and after many.
pub fn one_allocation_is_seen() -> bool {
    [5, 50, 1000].iter().all(|runs| {
        next(12_345.0, *runs, 12_346.0) == Verdict::Regressed && next(12_345.0, *runs, 12_344.0) == Verdict::Improved
    })
}
