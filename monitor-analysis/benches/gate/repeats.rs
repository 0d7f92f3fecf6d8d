//! N runs against N runs: gates that fail on unchanged code, and what is found.

use monitor_analysis::metric::Metric;
use monitor_analysis::samples::{Samples, compare};
use monitor_analysis::verdict::Verdict;

use crate::families::Random;

/// Gates of suites with 2 % noise, so many runs a side: how many fail where nothing changed, and in how many one test that
/// takes 10 % more is found.
pub fn gates(tests: usize, runs: usize, gates: usize) -> (usize, usize) {
    let mut random = Random::seeded(8);
    let (mut failed, mut found) = (0, 0);
    for _ in 0..gates {
        let mut side =
            |factor: f64| -> Vec<f64> { (0..runs).map(|_| factor * (0.02 * random.normal()).exp()).collect() };
        let mut values: Vec<(Vec<f64>, Vec<f64>)> = (0..tests).map(|_| (side(1.0), side(1.0))).collect();
        failed += usize::from(regressed(&values).iter().any(|regressed| *regressed));
        values[0].1.iter_mut().for_each(|value| *value *= 1.1);
        found += usize::from(regressed(&values)[0]);
    }
    (failed, found)
}

fn regressed(values: &[(Vec<f64>, Vec<f64>)]) -> Vec<bool> {
    let metric = Metric::WallTime;
    let samples: Vec<Samples<'_>> =
        values.iter().map(|(base, head)| Samples { metric, single_threaded: false, base, head }).collect();
    compare(&samples).iter().map(|(finding, _)| finding.judgement.verdict == Verdict::Regressed).collect()
}
