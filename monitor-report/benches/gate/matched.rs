//! One new value of public histories: what each rule finds at the same rate of false alarms.
//!
//! Every value of a series from its twenty-first on is a head, judged by those before it (100 at most) in a gate of its
//! repository's whole run. A head counts once as it is, and its share of false alarms is that of all such values of all
//! series, whichever day they are of; a value with which a rise begins that stays is none of them: the code may well have
//! changed. In every run one test in seven, in turn, counts as a change: it takes so much longer in this run alone. The limit
//! of each rule is the score that .3 % of the unchanged heads are beyond; found is what is beyond it of the changes.
//!
//! Which heads there are decides as much as the rule. The figures that a rule is asked for are of heads of which not all is
//! known; conbench's are, within four points, those of [`PARTS`]' last, and so are those of the algorithm that ours began as.

use monitor_analysis::summary::median;

use crate::families::Random;
use crate::histories;
use crate::recorded::Recorded;
use crate::rules::RULES;
use crate::suite::Suite;

/// False alarms at which rules are compared.
const FALSE: f64 = 0.003;
pub const FACTORS: [f64; 4] = [1.05, 1.1, 1.2, 1.5];
/// The values of a series, each with its run, and the place of one of them.
type At<'a> = (&'a [(u32, f64)], usize);

/// Heads that are counted together.
pub struct Part {
    pub name: &'static str,
    is_in: fn(At<'_>) -> bool,
    /// Whether an unchanged head is no false alarm.
    is_change: fn(At<'_>) -> bool,
    /// Whether it may be slower nevertheless.
    is_raised_too: bool,
}

pub const PARTS: [Part; 3] = [
    Part {
        name: "first halves, on which constants were chosen",
        is_in: |(values, at)| at >= BEFORE && at < values.len() / 2,
        is_change: begins_a_level,
        is_raised_too: false,
    },
    Part {
        name: "second halves",
        is_in: |(values, at)| at >= BEFORE && at >= values.len() / 2,
        is_change: begins_a_level,
        is_raised_too: false,
    },
    Part {
        name: "first halves of a hundred runs and more, from the eleventh on, no rise that stays counted, however small",
        is_in: |(values, at)| at >= 10 && values.len() >= 100 && at < values.len() / 2,
        is_change: |at| rise(at).is_some_and(|rise| rise.step > 0.0 && rise.stays),
        is_raised_too: true,
    },
];

/// Values that a head has before it.
const BEFORE: usize = 20;
/// Of the tests of a run, one in so many is made slower at once.
const ONE_IN: usize = 7;
const RESAMPLES: usize = 2000;

/// Scores of one series: of unchanged values, and by factor of raised ones.
#[derive(Clone, Default)]
struct Scores {
    unchanged: Vec<f64>,
    raised: [Vec<f64>; FACTORS.len()],
}

/// Scores of each series, by [`PARTS`].
type OfParts = [Vec<Scores>; PARTS.len()];

/// A rule, and its scores of each series.
type Scored = (String, Vec<Scores>);

/// A rule's line: its name, the share found by factor, and the ends of its interval over series.
pub struct Line {
    pub name: String,
    pub found: [(f64, f64, f64); FACTORS.len()],
    /// In how many of a hundred samples of the series ours finds more, by factor.
    pub ours_above: [f64; FACTORS.len()],
}

/// Every rule, ours first, on each of the [`PARTS`].
pub fn lines() -> [Vec<Line>; PARTS.len()] {
    let names = ["cargo monitor"].into_iter().chain(RULES.iter().map(|(name, _)| *name));
    let mut rules: Vec<(String, OfParts)> = names.map(|name| (name.to_owned(), OfParts::default())).collect();
    for suite in histories::public().values() {
        for (rule, parts) in rules.iter_mut().zip(scores(suite)) {
            for (all, of_suite) in rule.1.iter_mut().zip(parts) {
                all.extend(of_suite);
            }
        }
    }
    [0, 1, 2].map(|part| {
        let of_part: Vec<Scored> = rules.iter().map(|(name, parts)| (name.clone(), parts[part].clone())).collect();
        lines_of(&of_part)
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
        let ours_above = |factor: usize| {
            let pairs = resampled[0].iter().zip(&resampled[number]);
            100.0 * pairs.filter(|(ours, other)| ours[factor] > other[factor]).count() as f64 / RESAMPLES as f64
        };
        Line { name: name.clone(), found: [0, 1, 2, 3].map(of), ours_above: [0, 1, 2, 3].map(ours_above) }
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
fn scores(suite: &Suite) -> Vec<OfParts> {
    let none = || vec![Scores::default(); suite.tests.len()];
    let mut all: Vec<OfParts> = (0..=RULES.len()).map(|_| std::array::from_fn(|_| none())).collect();
    let recorded = Recorded::of(suite);
    for (turn, run) in suite.runs().into_iter().enumerate() {
        let heads: Vec<Head<'_>> = suite.tests.iter().map(|test| Head::of(&test.wall, run)).collect();
        if heads.iter().all(Head::is_nowhere) {
            continue;
        }
        let one_in = ONE_IN.min(suite.tests.len());
        let is_raised = |test: usize| test % one_in == turn % one_in;
        for (test, score) in recorded.gate(run, &|_| 1.0).scores() {
            heads[test].unchanged.iter().for_each(|part| all[0][*part][test].unchanged.push(score));
        }
        for (number, factor) in FACTORS.into_iter().enumerate() {
            let gated = recorded.gate(run, &|test| if is_raised(test) { factor } else { 1.0 });
            for (test, score) in gated.scores().filter(|(test, _)| is_raised(*test)) {
                heads[test].raised.iter().for_each(|part| all[0][*part][test].raised[number].push(score));
            }
        }
        for (test, head) in heads.iter().enumerate().filter(|(_, head)| !head.is_nowhere()) {
            let values: Vec<f64> = head.values.iter().map(|(_, value)| *value).collect();
            let (new, before) = values.split_last().expect("a head is a value");
            for (all, (_, rule)) in all[1..].iter_mut().zip(RULES) {
                head.unchanged.iter().for_each(|part| all[*part][test].unchanged.push(rule(before, *new)));
                for (place, factor) in FACTORS.into_iter().enumerate().filter(|_| is_raised(test)) {
                    let score = rule(before, new * factor);
                    head.raised.iter().for_each(|part| all[*part][test].raised[place].push(score));
                }
            }
        }
    }
    all
}

/// A value of a series, and in which of the [`PARTS`] it counts.
#[derive(Default)]
struct Head<'a> {
    /// It and those before it.
    values: &'a [(u32, f64)],
    unchanged: Vec<usize>,
    raised: Vec<usize>,
}

impl<'a> Head<'a> {
    /// That of this run; nowhere if there is none.
    fn of(values: &'a [(u32, f64)], run: u32) -> Self {
        let Ok(at) = values.binary_search_by_key(&run, |(run, _)| *run) else { return Self::default() };
        let mut head = Self { values: &values[..=at], ..Self::default() };
        for (number, part) in PARTS.iter().enumerate().filter(|(_, part)| (part.is_in)((values, at))) {
            let is_change = (part.is_change)((values, at));
            head.unchanged.extend((!is_change).then_some(number));
            head.raised.extend((!is_change || part.is_raised_too).then_some(number));
        }
        head
    }

    fn is_nowhere(&self) -> bool {
        self.raised.is_empty()
    }
}

/// How a value is above those before it.
struct Rise {
    /// How far above their middle.
    step: f64,
    /// How much the ten before it scatter.
    spread: f64,
    /// The five after it are nearer to it than to those before.
    stays: bool,
}

/// `None` of the first and the last value.
fn rise((values, at): At<'_>) -> Option<Rise> {
    let logs = |values: &[(u32, f64)]| values.iter().map(|(_, value)| value.ln()).collect::<Vec<f64>>();
    let (before, after) = (logs(&values[at.saturating_sub(10)..at]), logs(&values[at + 1..values.len().min(at + 6)]));
    let (level, then) = (median(&before)?, median(&after)?);
    let distances: Vec<f64> = before.iter().map(|value| (value - level).abs()).collect();
    let step = values[at].1.ln() - level;
    Some(Rise { step, spread: 1.4826 * median(&distances)? + 0.003, stays: (then - level) / step > 0.5 })
}

/// Whether the values rise here, further than the ten before scatter, and those after it stay: no false alarm.
fn begins_a_level(at: At<'_>) -> bool {
    rise(at).is_some_and(|rise| rise.step > 0.01_f64.max(3.0 * rise.spread) && rise.stays)
}
