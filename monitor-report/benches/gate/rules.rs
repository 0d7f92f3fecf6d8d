//! What other tools do, written from their published description: a score for a new value, the larger the worse.

/// From the values before and the new one to a score.
pub type Rule = fn(&[f64], f64) -> f64;

/// The rules, by name.
pub const RULES: [(&str, Rule); 4] = [
    ("conbench", conbench),
    ("rustc-perf", rustc_perf),
    ("github-action-benchmark", github_action_benchmark),
    ("t of the last ten", welch),
];

/// The z-score against mean and standard deviation of the last hundred values; those that are outliers by five deviations
/// and reverted are left out ("lookback z-score", conbench's documentation).
fn conbench(past: &[f64], new: f64) -> f64 {
    let window = last(past, 100);
    let (mean, deviation) = moments(window);
    let kept: Vec<f64> = window.iter().copied().filter(|value| (value - mean).abs() <= 5.0 * deviation).collect();
    let (mean, deviation) = moments(&kept);
    (new - mean) / deviation.max(1e-12)
}

/// The relative change from the run before, in units of the upper fence Q3 + 3 IQR of the sizes of past changes (rustc-perf's
/// "significance threshold").
fn rustc_perf(past: &[f64], new: f64) -> f64 {
    let Some(before) = past.last() else { return 0.0 };
    let mut changes: Vec<f64> = last(past, 100).windows(2).map(|pair| ((pair[1] - pair[0]) / pair[0]).abs()).collect();
    changes.sort_by(f64::total_cmp);
    if changes.is_empty() {
        return 0.0;
    }
    let quantile = |share: f64| changes[(share * (changes.len() - 1) as f64).round() as usize];
    let fence = quantile(0.75) + 3.0 * (quantile(0.75) - quantile(0.25));
    (new - before) / before / fence.max(1e-12)
}

/// The ratio to the run before (github-action-benchmark's `alert-threshold`).
fn github_action_benchmark(past: &[f64], new: f64) -> f64 {
    past.last().map_or(0.0, |before| new / before)
}

/// Student's t of one value against the last ten.
fn welch(past: &[f64], new: f64) -> f64 {
    let window = last(past, 10);
    let (mean, deviation) = moments(window);
    (new - mean) / (deviation * (1.0 + 1.0 / window.len().max(1) as f64).sqrt()).max(1e-12)
}

fn last(values: &[f64], count: usize) -> &[f64] {
    &values[values.len().saturating_sub(count)..]
}

fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}
