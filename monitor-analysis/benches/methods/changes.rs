//! Change points: false changes in stationary series, and steps found.

use monitor_analysis::change_points::change_points;
use monitor_analysis::metric::Metric;

use crate::families::{Family, Random};

/// Runs in a long history.
const LENGTH: usize = 300;

/// How far a change may be from where it was made, in runs.
const TOLERANCE: usize = 5;

/// Share of stationary series in which a change is reported.
pub fn false_changes(family: Family, series: usize, seed: u64) -> f64 {
    let mut random = Random::seeded(seed);
    let shown = (0..series)
        .filter(|_| !change_points(Metric::WallTime, &family.stationary(&mut random, LENGTH, 1.0)).is_empty())
        .count();
    shown as f64 / series as f64
}

/// F1 of the changes found in series with three steps of this size up or down, at least 20 runs apart.
pub fn f1_of_steps(family: Family, size: f64, series: usize, seed: u64) -> f64 {
    let mut random = Random::seeded(seed);
    let (mut hits, mut reported, mut made) = (0, 0, 0);
    for _ in 0..series {
        let steps = [0, 1, 2].map(|third| 20 + third * 95 + random.below(70));
        let mut level = 1.0;
        let mut levels = Vec::with_capacity(LENGTH);
        for run in 0..LENGTH {
            if steps.contains(&run) {
                level *= if random.uniform() < 0.5 { 1.0 + size } else { 1.0 / (1.0 + size) };
            }
            levels.push(level);
        }
        let found = change_points(Metric::WallTime, &family.series(&mut random, &levels));
        let near = |step: &&usize| found.iter().any(|change| change.index.abs_diff(**step) <= TOLERANCE);
        hits += steps.iter().filter(near).count();
        reported += found.len();
        made += steps.len();
    }
    2.0 * hits as f64 / (reported + made) as f64
}
