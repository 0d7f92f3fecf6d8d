//! One new value of public histories: what each rule finds at the same rate of false alarms.
//!
//! Every value of a series from its twenty-first on is a head, judged by those before it (100 at most) in a gate of its
//! repository's whole run. A head counts once as it is, and its share of false alarms is that of all such values of all
//! series, whichever day they are of; a value with which a rise begins that stays is none of them: the code may well have
//! changed. In every run one test in seven, in turn, counts as a change: it takes so much longer in this run alone. The limit
//! of each rule is the score that .3 % of the unchanged heads are beyond; found is what is beyond it of the changes.

use crate::families::Random;
use crate::histories;
use crate::recorded::Recorded;
use crate::rules::RULES;
use crate::suite::Suite;

/// False alarms at which rules are compared.
const FALSE: f64 = 0.003;
pub const FACTORS: [f64; 4] = [1.05, 1.1, 1.2, 1.5];
/// Values that a head has before it.
const BEFORE: usize = 20;
/// Of the tests of a run, one in so many is made slower at once.
const ONE_IN: usize = 7;
const RESAMPLES: usize = 400;

/// Scores of one series: of unchanged values, and by factor of raised ones.
#[derive(Clone, Default)]
struct Scores {
    unchanged: Vec<f64>,
    raised: [Vec<f64>; FACTORS.len()],
}

/// A rule, and its scores of each series.
type Scored = (String, Vec<Scores>);

/// A rule's line: its name, the share found by factor, and the ends of its interval over series.
pub struct Line {
    pub name: String,
    pub found: [(f64, f64, f64); FACTORS.len()],
    /// Ours less this one's, least of the middle 95 %, by factor.
    pub lead: [f64; FACTORS.len()],
}

/// Every rule, ours first, on the first half of each series, on which constants were chosen, and on the second.
pub fn lines() -> [Vec<Line>; 2] {
    let mut rules: Vec<(String, [Vec<Scores>; 2])> = vec![("cargo monitor".to_owned(), [Vec::new(), Vec::new()])];
    rules.extend(RULES.iter().map(|(name, _)| ((*name).to_owned(), [Vec::new(), Vec::new()])));
    for suite in histories::public().values() {
        for (rule, halves) in rules.iter_mut().zip(scores(suite)) {
            for (all, of_suite) in rule.1.iter_mut().zip(halves) {
                all.extend(of_suite);
            }
        }
    }
    [0, 1].map(|half| {
        let of_half: Vec<Scored> = rules.iter().map(|(name, halves)| (name.clone(), halves[half].clone())).collect();
        lines_of(&of_half)
    })
}

fn lines_of(rules: &[Scored]) -> Vec<Line> {
    let mut random = Random::seeded(77);
    let series = rules[0].1.len();
    let whole: Vec<usize> = (0..series).collect();
    let samples: Vec<Vec<usize>> =
        (0..RESAMPLES).map(|_| (0..series).map(|_| random.below(series)).collect()).collect();
    let resampled: Vec<Vec<[f64; FACTORS.len()]>> =
        rules.iter().map(|(_, scores)| samples.iter().map(|sample| found(scores, sample)).collect()).collect();
    let line = |(number, (name, scores)): (usize, &Scored)| {
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

/// The scores of each rule for every series of a suite, in the two halves of it.
fn scores(suite: &Suite) -> Vec<[Vec<Scores>; 2]> {
    let none = || vec![Scores::default(); suite.tests.len()];
    let mut all: Vec<[Vec<Scores>; 2]> = (0..=RULES.len()).map(|_| [none(), none()]).collect();
    let recorded = Recorded::of(suite);
    for (turn, run) in suite.runs().into_iter().enumerate() {
        let place = |test: usize| {
            let values = &suite.tests[test].wall;
            let at = values.binary_search_by_key(&run, |(run, _)| *run).ok()?;
            (at >= BEFORE && !begins_a_level(values, at)).then_some(at)
        };
        let heads: Vec<Option<usize>> = (0..suite.tests.len()).map(place).collect();
        if heads.iter().all(Option::is_none) {
            continue;
        }
        let half = |test: usize| heads[test].map(|at| usize::from(at >= suite.tests[test].wall.len() / 2));
        for (test, score) in recorded.gate(run, &|_| 1.0).scores() {
            if let Some(half) = half(test) {
                all[0][half][test].unchanged.push(score);
            }
        }
        let one_in = ONE_IN.min(suite.tests.len());
        let is_raised = |test: usize| test % one_in == turn % one_in;
        for (number, factor) in FACTORS.into_iter().enumerate() {
            for (test, score) in recorded.gate(run, &|test| if is_raised(test) { factor } else { 1.0 }).scores() {
                if let Some(half) = half(test).filter(|_| is_raised(test)) {
                    all[0][half][test].raised[number].push(score);
                }
            }
        }
        for (test, at) in heads.iter().enumerate().filter_map(|(test, at)| Some((test, (*at)?))) {
            let half = usize::from(at >= suite.tests[test].wall.len() / 2);
            let values: Vec<f64> = suite.tests[test].wall[..=at].iter().map(|(_, value)| *value).collect();
            for (number, (_, rule)) in RULES.iter().enumerate() {
                let scores = &mut all[1 + number][half][test];
                scores.unchanged.push(rule(&values[..at], values[at]));
                for (place, factor) in FACTORS.into_iter().enumerate().filter(|_| is_raised(test)) {
                    scores.raised[place].push(rule(&values[..at], values[at] * factor));
                }
            }
        }
    }
    all
}

/// Whether the values rise here, further than the ten before scatter, and those after it stay: no false alarm.
fn begins_a_level(values: &[(u32, f64)], at: usize) -> bool {
    let logs = |values: &[(u32, f64)]| values.iter().map(|(_, value)| value.ln()).collect::<Vec<f64>>();
    let (before, after) = (logs(&values[at.saturating_sub(10)..at]), logs(&values[at + 1..values.len().min(at + 6)]));
    let (Some(level), Some(then)) = (middle(&before), middle(&after)) else { return false };
    let spread = middle(&before.iter().map(|value| (value - level).abs()).collect::<Vec<f64>>()).unwrap_or(0.0);
    let step = values[at].1.ln() - level;
    step > 0.01_f64.max(3.0 * (1.4826 * spread + 0.003)) && (then - level) / step > 0.5
}

fn middle(values: &[f64]) -> Option<f64> {
    monitor_analysis::summary::median(values)
}
