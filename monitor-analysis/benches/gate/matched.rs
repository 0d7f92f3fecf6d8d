//! One new value of public histories: what each rule finds at the same rate of false alarms.

use crate::families::Random;
use crate::histories;
use crate::rules::RULES;
use crate::suite::Suite;

/// False alarms at which rules are compared.
const FALSE: f64 = 0.003;
pub const FACTORS: [f64; 4] = [1.05, 1.1, 1.2, 1.5];
/// Of the tests of a run, one in so many is made slower at once.
const ONE_IN: usize = 7;
const RESAMPLES: usize = 400;

/// Scores of one series: of unchanged values, and by factor of raised ones.
#[derive(Clone, Default)]
struct Scores {
    unchanged: Vec<f64>,
    raised: [Vec<f64>; FACTORS.len()],
}

/// A rule's line: its name, the share found by factor, and the ends of its interval over series.
pub struct Line {
    pub name: String,
    pub found: [(f64, f64, f64); FACTORS.len()],
    /// Ours less this one's, least of the middle 95 %, by factor.
    pub lead: [f64; FACTORS.len()],
}

/// Which half of each series is looked at.
#[derive(Clone, Copy)]
pub enum Half {
    /// On which constants were chosen.
    First,
    /// The figure.
    Second,
}

/// Every rule, ours first, on one half of each series; every `step`th run is looked at.
pub fn lines(half: Half, step: u32) -> Vec<Line> {
    let mut rules: Vec<(String, Vec<Scores>)> = vec![("cargo monitor".to_owned(), Vec::new())];
    rules.extend(RULES.iter().map(|(name, _)| ((*name).to_owned(), Vec::new())));
    for (_, suite) in histories::public() {
        for (rule, of_suite) in rules.iter_mut().zip(scores(&suite, half, step)) {
            rule.1.extend(of_suite);
        }
    }
    let mut random = Random::seeded(77);
    let series = rules[0].1.len();
    let whole: Vec<usize> = (0..series).collect();
    let samples: Vec<Vec<usize>> =
        (0..RESAMPLES).map(|_| (0..series).map(|_| random.below(series)).collect()).collect();
    let resampled: Vec<Vec<[f64; FACTORS.len()]>> =
        rules.iter().map(|(_, scores)| samples.iter().map(|sample| found(scores, sample)).collect()).collect();
    let line = |(number, (name, scores)): (usize, &(String, Vec<Scores>))| {
        let figure = found(scores, &whole);
        let ends = |of: &dyn Fn(usize) -> f64| {
            let mut values: Vec<f64> = (0..RESAMPLES).map(of).collect();
            values.sort_by(f64::total_cmp);
            (values[RESAMPLES / 40], values[RESAMPLES - 1 - RESAMPLES / 40])
        };
        let of = |factor: usize| {
            let (low, high) = ends(&|sample| resampled[number][sample][factor]);
            (figure[factor], low, high)
        };
        let lead = |factor: usize| ends(&|sample| resampled[0][sample][factor] - resampled[number][sample][factor]).0;
        Line { name: name.clone(), found: [0, 1, 2, 3].map(of), lead: [0, 1, 2, 3].map(lead) }
    };
    rules.iter().enumerate().map(line).collect()
}

/// The shares found in a sample of series, at the threshold that gives this sample its false alarms.
fn found(scores: &[Scores], sample: &[usize]) -> [f64; FACTORS.len()] {
    let mut unchanged: Vec<f64> = sample.iter().flat_map(|series| &scores[*series].unchanged).copied().collect();
    unchanged.sort_by(|a, b| b.total_cmp(a));
    let allowed = (FALSE * unchanged.len() as f64) as usize;
    let needed = unchanged.get(allowed).copied().unwrap_or(f64::INFINITY);
    [0, 1, 2, 3].map(|factor| {
        let raised = || sample.iter().flat_map(|series| &scores[*series].raised[factor]);
        100.0 * raised().filter(|score| **score > needed).count() as f64 / raised().count().max(1) as f64
    })
}

/// The scores of each rule for every series of a suite.
fn scores(suite: &Suite, half: Half, step: u32) -> Vec<Vec<Scores>> {
    let mut all = vec![vec![Scores::default(); suite.tests.len()]; 1 + RULES.len()];
    let mut runs: Vec<u32> = suite.tests.iter().flatten().map(|(run, _)| *run).collect();
    runs.sort_unstable();
    runs.dedup();
    for &run in runs.iter().step_by(step as usize) {
        let wanted = |test: usize| {
            let values = &suite.tests[test];
            let at = values.binary_search_by_key(&run, |(run, _)| *run).ok()?;
            let in_half = match half {
                Half::First => at < values.len() / 2,
                Half::Second => at >= values.len() / 2,
            };
            (at >= 10 && in_half && !begins_a_level(values, at)).then_some(at)
        };
        let tests: Vec<(usize, usize)> =
            (0..suite.tests.len()).filter_map(|test| Some((test, wanted(test)?))).collect();
        if tests.is_empty() {
            continue;
        }
        for (test, score) in suite.judge(run, &|_| 1.0).scores() {
            if tests.iter().any(|(wanted, _)| *wanted == test) {
                all[0][test].unchanged.push(score);
            }
        }
        for (number, factor) in FACTORS.into_iter().enumerate() {
            let is_raised = |test: usize| test % ONE_IN == run as usize % ONE_IN.min(suite.tests.len());
            let judged = suite.judge(run, &|test| if is_raised(test) { factor } else { 1.0 });
            for (test, score) in judged.scores() {
                if is_raised(test) && tests.iter().any(|(wanted, _)| *wanted == test) {
                    all[0][test].raised[number].push(score);
                }
            }
        }
        for (number, (_, rule)) in RULES.iter().enumerate() {
            for &(test, at) in &tests {
                let values: Vec<f64> = suite.tests[test][..=at].iter().map(|(_, value)| *value).collect();
                let scores = &mut all[1 + number][test];
                scores.unchanged.push(rule(&values[..at], values[at]));
                for (place, factor) in FACTORS.into_iter().enumerate() {
                    scores.raised[place].push(rule(&values[..at], values[at] * factor));
                }
            }
        }
    }
    all
}

/// Whether the values from here on are another level than those before: no false alarm.
fn begins_a_level(values: &[(u32, f64)], at: usize) -> bool {
    let middle = |values: &[(u32, f64)]| {
        let mut values: Vec<f64> = values.iter().map(|(_, value)| value.ln()).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let (before, after) = (&values[at.saturating_sub(5)..at], &values[at + 1..values.len().min(at + 6)]);
    let (Some(before), Some(after)) = (middle(before), middle(after)) else { return false };
    let step = values[at].1.ln() - before;
    step > 0.01 && (after - before) / step > 0.5
}
