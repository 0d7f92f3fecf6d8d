//! Change points: false changes in stretches without one, and steps found.

use monitor_analysis::change_points::change_points;
use monitor_analysis::constants::MAD_SCALE;
use monitor_analysis::metric::Metric;
use monitor_analysis::summary::mad;

use crate::families::{Family, Random};
use crate::histories;

/// How far a change may be from where it was made, in runs. In noise of 4.5, 5.5, 6.5 and 7.5 % the least squares are within 5 runs
/// in 99, 97, 94 and 90 of 100 series of 60 runs with one step of 10 %, and within 10 in 100, 99.6, 98 and 96: they could have an
/// F1 of .950 and .986 on average. A place that is chosen to be near the true one, and not to be the likeliest, is little better.
pub const TOLERANCES: [usize; 2] = [5, 10];

/// Share of series with a change, among the public histories with their values in random order.
pub fn false_when_shuffled(seed: u64) -> (usize, usize) {
    let mut random = Random::seeded(seed);
    let (mut series, mut found) = (0, 0);
    for suite in histories::public().values() {
        for test in suite.tests.iter().map(|test| &test.wall).filter(|test| test.len() >= 20) {
            let mut values: Vec<f64> = test.iter().take(150).map(|(_, value)| *value).collect();
            shuffle(&mut values, &mut random);
            series += 1;
            found += usize::from(!change_points(Metric::WallTime, &values).is_empty());
        }
    }
    (series, found)
}

/// Share of stationary series of this family in which a change is reported.
pub fn false_in_family(family: Family, series: usize, runs: usize) -> usize {
    let mut random = Random::seeded(5);
    let suite = family.suite(&mut random, series, runs);
    suite.iter().filter(|values| !change_points(Metric::WallTime, values).is_empty()).count()
}

/// Bins of noise, in percent, and noises over each.
pub const BINS: [(&str, [f64; 4]); 4] = [
    ("0-1", [0.002, 0.004, 0.006, 0.009]),
    ("1-2", [0.011, 0.014, 0.016, 0.019]),
    ("2-4", [0.022, 0.027, 0.033, 0.038]),
    ("4-8", [0.045, 0.055, 0.065, 0.075]),
];

/// F1 of one step of 10 % in the middle third of 60 runs, in so many series, each with one of these noises.
pub fn f1(noises: &[f64], series: usize, tolerance: usize) -> f64 {
    let mut random = Random::seeded(6);
    let (mut hits, mut reported) = (0, 0);
    for number in 0..series {
        let noise = noises[number % noises.len()];
        let at = 20 + random.below(20);
        let level = |run: usize| if run < at { 1.0 } else { 1.1 };
        let values: Vec<f64> = (0..60).map(|run| level(run) * (noise * random.normal()).exp()).collect();
        let found = change_points(Metric::WallTime, &values);
        hits += usize::from(found.iter().any(|change| change.index.abs_diff(at) <= tolerance));
        reported += found.len();
    }
    2.0 * hits as f64 / (reported + series) as f64
}

/// How much a stretch scatters.
pub type Noise = fn(&[f64]) -> f64;

/// By name: of all its values, and of the middle half of them, which outliers do not make larger, so that its bins have more.
pub const NOISES: [(&str, Noise); 2] = [
    ("standard deviation", standard_deviation),
    ("median absolute deviation", |logs| MAD_SCALE * mad(logs).unwrap_or_default()),
];

/// The same on stretches of public histories, from one change to the next, with their values in random order: of those whose
/// noise is in a bin, in percent, each six times. How many series, and F1 by tolerance.
pub fn f1_of_public(noise: Noise, low: f64, high: f64) -> (usize, [f64; TOLERANCES.len()]) {
    let mut random = Random::seeded(9);
    let (mut series, mut hits, mut reported) = (0, [0; TOLERANCES.len()], 0);
    for stretch in stretches() {
        let logs: Vec<f64> = stretch.iter().map(|value| value.ln()).collect();
        if !(low..high).contains(&(100.0 * noise(&logs))) {
            continue;
        }
        for _ in 0..6 {
            let mut values = stretch.clone();
            shuffle(&mut values, &mut random);
            let at = values.len() / 3 + random.below(values.len() / 3);
            values[at..].iter_mut().for_each(|value| *value *= 1.1);
            let found = change_points(Metric::WallTime, &values);
            series += 1;
            for (hits, tolerance) in hits.iter_mut().zip(TOLERANCES) {
                *hits += usize::from(found.iter().any(|change| change.index.abs_diff(at) <= tolerance));
            }
            reported += found.len();
        }
    }
    (series, hits.map(|hits| 2.0 * hits as f64 / (reported + series) as f64))
}

fn standard_deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt()
}

/// The stretches of public histories without a change, of at least thirty values and at most a hundred and fifty.
fn stretches() -> Vec<Vec<f64>> {
    let mut stretches = Vec::new();
    for test in histories::public().values().flat_map(|suite| &suite.tests) {
        let values: Vec<f64> = test.wall.iter().map(|(_, value)| *value).collect();
        let changes = change_points(Metric::WallTime, &values);
        let bounds: Vec<usize> =
            [0].into_iter().chain(changes.iter().map(|change| change.index)).chain([values.len()]).collect();
        let parts = bounds.windows(2).map(|bound| &values[bound[0]..bound[1]]).filter(|part| part.len() >= 30);
        stretches.extend(parts.map(|part| part[..part.len().min(150)].to_vec()));
    }
    stretches
}

fn shuffle(values: &mut [f64], random: &mut Random) {
    for last in (1..values.len()).rev() {
        values.swap(last, random.below(last + 1));
    }
}

/// Share of steps of so many sigmas found in the middle of so many runs.
pub fn masked(runs: usize, sigmas: f64, series: usize) -> usize {
    let mut random = Random::seeded(7);
    let one = |random: &mut Random| {
        let step = |run: usize| if run < runs / 2 { 0.0 } else { 0.01 * sigmas };
        let values: Vec<f64> = (0..runs).map(|run| (step(run) + 0.01 * random.normal()).exp()).collect();
        change_points(Metric::WallTime, &values).iter().any(|change| change.index.abs_diff(runs / 2) <= TOLERANCES[0])
    };
    (0..series).filter(|_| one(&mut random)).count()
}
