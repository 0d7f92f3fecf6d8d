//! A whole run against the history of its tests.
//!
//! Counts of one thread are compared exactly. Of all else the run's common factor is taken out, each new value is set
//! against the centre of its series, its distance is turned into a probability by the series' own past errors, and the
//! whole run is asked how small the smallest of them must be.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::constants::{
    FACTOR_P, FACTOR_REGRESSED, GROSS_BEYOND, GROSS_RATIO, HISTORY_MIN_VALUES, LEAST_RATIO, SCATTER, SPIKE_OWN_ERRORS,
    SPIKE_OWN_ERRORS_ALONE, SUSPECT_P, SUSPECT_RATIO, SUSPECT_SCALES,
};
use crate::counted::counted;
use crate::exact::{self, Exactness, exactness};
use crate::gate::threshold;
use crate::look::{Look, Looked, common_scale};
use crate::metric::Metric;
use crate::noise;
use crate::pair::Pair;
use crate::parallel::{self, parallel};
use crate::scores;
use crate::series::{Past, Series};
use crate::spikes::Spikes;
use crate::summary::median;
use crate::tail::Kernel;
use crate::verdict::{Change, Figures, Judgement, Reason};

/// The result for the new value of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// The verdict.
    pub judgement: Judgement,
    /// The numbers behind it; `None` for exact metrics.
    pub figures: Option<Figures>,
}

/// The common slowdown of a run in one metric: what all of its tests have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunFactor {
    /// The factor: 1.1 if the tests took 10 % more than usual.
    pub ratio: f64,
    /// The verdict on it, by the factors of the runs before.
    pub judgement: Judgement,
    /// The numbers behind it.
    pub figures: Figures,
}

/// A run's verdicts.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFindings {
    /// One for each series, in their order.
    pub findings: Vec<Finding>,
    /// For each metric that depends on the machine's speed, where at least three tests have it.
    pub factors: BTreeMap<Metric, RunFactor>,
    /// Metrics that scatter too much to fail a gate, with their median scale; they only warn.
    pub warn_only: BTreeMap<Metric, f64>,
}

/// From so many series on, more threads than one judge them.
const MUCH: usize = 500;

/// Judges every series of a run, and again with other new values: what their past tells is found out once.
///
/// ```
/// use monitor_analysis::judge::Judge;
/// use monitor_analysis::metric::Metric;
/// use monitor_analysis::series::{Past, Series};
/// use monitor_analysis::verdict::Verdict;
///
/// let past: Vec<Past> = (0..6).map(|run| Past { run, code: run, value: 1000.0 }).collect();
/// let series = [Series {
///     metric: Metric::Allocations, single_threaded: true, test: 0, binary: 0,
///     past: &past, code: None, witnesses: &[], new: &[1000.0],
/// }];
/// let mut judge = Judge::of(&series);
/// assert_eq!(judge.findings().findings[0].judgement.verdict, Verdict::Unchanged);
/// assert_eq!(judge.raised(&[0], 1.001).findings[0].judgement.verdict, Verdict::Regressed);
/// ```
#[derive(Debug)]
pub struct Judge<'a> {
    series: &'a [Series<'a>],
    /// The last runs that the series have values of, ascending.
    runs: Vec<u32>,
    looked: BTreeMap<Metric, Looked>,
    needed: Option<Needed>,
}

impl<'a> Judge<'a> {
    /// Of a run with these series.
    pub fn of(series: &'a [Series<'a>]) -> Self {
        Self { series, runs: run_numbers(series), looked: BTreeMap::new(), needed: None }
    }

    /// The verdicts.
    pub fn findings(&mut self) -> RunFindings {
        self.judge(self.series)
    }

    /// The verdicts as if the new values of some series, which are given by their places, were so many times as large.
    pub fn raised(&mut self, places: &[usize], factor: f64) -> RunFindings {
        let raised = |place: &usize| self.series[*place].new.iter().map(|value| value * factor).collect();
        let new: Vec<Vec<f64>> = places.iter().map(raised).collect();
        let mut series = self.series.to_vec();
        places.iter().zip(&new).for_each(|(place, new)| series[*place].new = new);
        self.judge(&series)
    }

    fn judge(&mut self, series: &[Series<'_>]) -> RunFindings {
        let mut findings = exactly(series);
        self.look(series, |index| findings[index].is_none());
        let (runs, is_much) = (self.runs.len(), series.len() >= MUCH);
        let warn_only = warn_only(&self.looked);
        let deciding = self.looked.iter().filter(|(metric, _)| !warn_only.contains_key(metric));
        let deciding: Vec<&Look> = deciding.flat_map(|(_, looked)| &looked.looks).collect();
        let pairs = Pair::all(series, &deciding);
        let needed = self.needed.get_or_insert_with(|| Needed::of(&deciding, &pairs, runs, is_much));
        let other: HashMap<usize, &Pair<'_>> =
            pairs.iter().flat_map(|pair| pair.indices().map(|index| (index, pair))).collect();
        let mut factors = BTreeMap::new();
        for (metric, looked) in &self.looked {
            let scatter = warn_only.get(metric).copied();
            let judge = |look: &Look| {
                (look.index, by_history(&series[look.index], look, other.get(&look.index).copied(), needed, scatter))
            };
            let parts: Vec<&[Look]> = looked.looks.chunks(MUCH).collect();
            let found = parallel(&parts, is_much, |looks| looks.iter().map(judge).collect::<Vec<_>>());
            for (index, finding) in found.into_iter().flatten() {
                findings[index] = Some(finding);
            }
            if let Some(factor) = run_factor(looked, warn_only.contains_key(metric)) {
                factors.insert(*metric, factor);
            }
        }
        let nothing = Finding { judgement: Judgement::without_comparison(Reason::NoComparableValue), figures: None };
        let findings = findings.into_iter().map(|finding| finding.unwrap_or(nothing)).collect();
        RunFindings { findings, factors, warn_only }
    }

    /// Looks at the series that are open, at those of before only at their new values.
    fn look(&mut self, series: &[Series<'_>], is_open: impl Fn(usize) -> bool) {
        let mut open: BTreeMap<Metric, Vec<usize>> = BTreeMap::new();
        for index in (0..series.len()).filter(|index| is_open(*index)) {
            open.entry(series[index].metric).or_default().push(index);
        }
        let known = self.looked.len();
        self.looked.retain(|metric, looked| open.get(metric) == Some(&looked.indices));
        let mut is_new = self.looked.len() < known;
        self.looked.values_mut().for_each(|looked| is_new |= looked.renew(series));
        open.retain(|metric, _| !self.looked.contains_key(metric));
        let open: Vec<(Metric, Vec<usize>)> = open.into_iter().collect();
        let of = |(metric, indices): &(Metric, Vec<usize>)| (*metric, Looked::of(series, indices.clone(), &self.runs));
        let looked = parallel(&open, series.len() >= MUCH, of);
        self.looked.extend(looked);
        if is_new || !open.is_empty() {
            self.needed = None;
        }
    }
}

fn run_numbers(series: &[Series<'_>]) -> Vec<u32> {
    let mut runs: HashSet<u32> = HashSet::new();
    fn of(past: &[Past]) -> impl Iterator<Item = u32> {
        past.iter().map(|past| past.run)
    }
    let mut last: &[Past] = &[];
    // Most series are of the same runs as the one before.
    for series in series.iter().filter(|series| !series.past.is_empty()) {
        if !of(series.past).eq(of(last)) {
            runs.extend(of(series.past));
            last = series.past;
        }
    }
    let mut runs: Vec<u32> = runs.into_iter().collect();
    runs.sort_unstable();
    runs
}

/// The verdicts on exact metrics; `None` for all else.
fn exactly(series: &[Series<'_>]) -> Vec<Option<Finding>> {
    let mut findings: Vec<Option<Finding>> = vec![None; series.len()];
    let mut differing: Vec<usize> = Vec::new();
    let mut differences: Vec<exact::Difference> = Vec::new();
    for (index, series) in series.iter().enumerate() {
        if series.metric == Metric::Instructions {
            findings[index] = counted(series).map(|judgement| Finding { judgement, figures: None });
            continue;
        }
        if !series.may_be_exact() || series.past.is_empty() {
            continue;
        }
        let Some(after) = median(series.new) else { continue };
        let before = series.past[series.past.len() - 1].value;
        let change = Change { before, after };
        let judgement = match exactness(series) {
            _ if series.is_same_code() && before != after => Judgement::on(change, false, Reason::SameCode),
            _ if series.is_same_code() => Judgement::on(change, false, Reason::ExactlyEqual { values: 1 }),
            Exactness::Proven { value, .. } if value == after => {
                let values = series.past.iter().rev().take_while(|past| past.value == after).count();
                Judgement::on(change, false, Reason::ExactlyEqual { values })
            }
            Exactness::Proven { values, .. } => {
                differing.push(index);
                let (test, binary, metric) = (series.test, series.binary, series.metric);
                differences.push(exact::Difference { test, binary, metric, amount: change.difference() });
                Judgement::on(change, true, Reason::ExactlyDifferent { values })
            }
            Exactness::Unproven | Exactness::Demoted => continue,
        };
        findings[index] = Some(Finding { judgement, figures: None });
    }
    for (index, moved) in differing.into_iter().zip(exact::moved(&differences)) {
        if let Some(Finding { judgement, .. }) = findings[index].as_mut().filter(|_| moved) {
            let first_use = |change: Change| Reason::FirstUse { pays: change.difference() > 0.0 };
            *judgement = judgement.change.map_or(*judgement, |change| Judgement::on(change, false, first_use(change)));
        }
    }
    findings
}

/// The time that scatters too much to decide anything, where another time is there that does not.
fn warn_only(looks: &BTreeMap<Metric, Looked>) -> BTreeMap<Metric, f64> {
    let scatter = |metric: Metric| looks.get(&metric).and_then(|looked| looked.scatter);
    match (scatter(Metric::WallTime), scatter(Metric::CpuTime)) {
        (Some(wall), Some(cpu)) if wall > SCATTER && cpu < wall => BTreeMap::from([(Metric::WallTime, wall)]),
        _ => BTreeMap::new(),
    }
}

/// What a finding of this run must be beyond.
#[derive(Debug)]
struct Needed {
    /// The score of one time, memory or what else.
    score: f64,
    spikes: Spikes,
    /// The score that both times of a test must reach; `None` if no test has both.
    both: Option<(f64, Spikes)>,
}

fn by_history(
    series: &Series<'_>,
    look: &Look,
    pair: Option<&Pair<'_>>,
    needed: &Needed,
    scatter: Option<f64>,
) -> Finding {
    let demoted = series.may_be_exact() && exactness(series) == Exactness::Demoted;
    let change = Change { before: look.before, after: look.after };
    let up = look.rise >= 0.0;
    let deviation = if up { look.excused_rise } else { look.excused_fall };
    let scale = look.kernel.scale;
    let p = if up { look.kernel.p(deviation) } else { look.kernel.mirrored().p(deviation) };
    let z = deviation.max(0.0) / scale * if up { 1.0 } else { -1.0 };
    let p_needed = (-needed.score).exp();
    let values = look.values;
    let figures = Figures { z, p, p_needed, values, scale, factor: look.factor.exp() };
    // Between the centre and the nearest value that there was, nothing is new.
    let is_new = if up { look.after > look.before } else { look.after < look.before };
    let matters = is_new && deviation > LEAST_RATIO.ln();
    let gross = values >= HISTORY_MIN_VALUES
        && !(up && look.explained)
        && deviation >= GROSS_RATIO.ln()
        && deviation >= GROSS_BEYOND * look.kernel.errors.iter().fold(0.0, |most: f64, error| most.max(error.abs()));
    let is_far = p <= p_needed;
    let spike = if is_far && up { needed.p_of_spike(look, pair, z) } else { None };
    let outside = is_far && spike.is_none();
    let both = || up && pair.is_some_and(|pair| needed.finds(pair, p));
    let found = matters && (outside || gross || both());
    let suspect =
        p <= SUSPECT_P || look.room * deviation >= SUSPECT_RATIO.ln() && deviation >= SUSPECT_SCALES * look.noise;
    let judgement = match scatter {
        Some(scatter) if up && found => Judgement::suspect(change, Reason::Scatters { z, scatter }),
        _ if found && outside => Judgement::on(change, true, Reason::OutsideNoise { z, p, values }),
        _ if found && gross => Judgement::on(change, true, Reason::BeyondAll { values }),
        _ if found => Judgement::on(change, true, Reason::BothTimes { z, p, values }),
        _ if up && matters && (is_far || suspect) => {
            let doubtful = Reason::Doubtful { z, p, p_needed };
            Judgement::suspect(change, spike.map_or(doubtful, |p| Reason::Spike { z, p }))
        }
        _ if values < HISTORY_MIN_VALUES => Judgement::undecided(change, Reason::TooShort { values }),
        _ => match look.lasting() {
            Some(p) if up => Judgement::suspect(change, Reason::Lasting { p }),
            _ => Judgement::on(change, false, Reason::WithinNoise { z }),
        },
    };
    Finding { judgement: Judgement { demoted, ..judgement }, figures: Some(figures) }
}

impl Needed {
    fn of(looks: &[&Look], pairs: &[Pair<'_>], runs: usize, is_much: bool) -> Self {
        let of_pairs = || {
            let past = scores::of_pairs(pairs, runs, is_much);
            (threshold(&past, pairs.len()), Spikes::of_pairs(pairs, runs))
        };
        let of_looks = || (scores::of_looks(looks, runs, is_much), Spikes::of(looks, runs));
        let (both, (past, spikes)) = parallel::both(is_much, || (!pairs.is_empty()).then(of_pairs), of_looks);
        Self { score: threshold(&past, looks.len()), spikes, both }
    }

    /// How likely a rise is but a spike, if that is likely enough. Where the test's other time rose as well, it can only be one
    /// of both; where that did not, it is likelier to be one.
    fn p_of_spike(&self, look: &Look, pair: Option<&Pair<'_>>, z: f64) -> Option<f64> {
        let (spikes, errors) = match (&self.both, pair) {
            (Some((_, both)), Some(pair)) if pair.rose_with(look) => (both, SPIKE_OWN_ERRORS),
            (_, Some(_)) => (&self.spikes, SPIKE_OWN_ERRORS_ALONE),
            (_, None) => (&self.spikes, SPIKE_OWN_ERRORS),
        };
        let p = look.may_be_spike(errors).then(|| spikes.p(z))?;
        Some(p).filter(|p| *p > spikes.limit)
    }

    /// Whether both times of a test are so far out together that it is no chance.
    fn finds(&self, pair: &Pair<'_>, p_of_one: f64) -> bool {
        let Some((score, spikes)) = &self.both else { return false };
        let p_needed = (-score).exp();
        p_of_one <= p_needed
            && pair.p() <= p_needed
            && (!pair.may_be_spike() || spikes.p(pair.distance()) <= spikes.limit)
    }
}

/// The run's factor as a series of its own.
fn run_factor(looked: &Looked, warns_only: bool) -> Option<RunFactor> {
    let (past, new) = looked.whole.as_ref()?;
    let nothing = Figures { z: 0.0, p: 1.0, p_needed: FACTOR_P, values: past.len(), scale: 0.0, factor: 1.0 };
    if past.len() < HISTORY_MIN_VALUES {
        let ratio = new.exp();
        let change = Change { before: 1.0, after: ratio };
        let judgement = Judgement::undecided(change, Reason::TooShort { values: past.len() });
        return Some(RunFactor { ratio, judgement, figures: nothing });
    }
    let errors = noise::errors(past);
    let own = noise::scale(&errors.values);
    let scale = noise::settled_scale(own, errors.values.len(), common_scale(&[], &[]), 0.0);
    let deviation = new - noise::centre(&past[errors.level_from..]);
    // Against the runs just before: after slow days a day that is less slow is no slow one.
    let ratio = deviation.exp();
    let change = Change { before: 1.0, after: ratio };
    let up = deviation >= 0.0;
    let kernel = Kernel::of(errors.values, scale);
    let p = if up { kernel.p(deviation) } else { kernel.mirrored().p(-deviation) };
    let z = deviation / scale;
    let figures = Figures { z, p, values: past.len(), scale, ..nothing };
    let found = p <= FACTOR_P && deviation.abs() > LEAST_RATIO.ln();
    let reason = Reason::OutsideNoise { z, p, values: past.len() };
    let judgement = match found {
        false => Judgement::on(change, false, Reason::WithinNoise { z }),
        true if up && (warns_only || deviation < FACTOR_REGRESSED.ln()) => Judgement::suspect(change, reason),
        true => Judgement::on(change, true, reason),
    };
    Some(RunFactor { ratio, judgement, figures })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn past(values: &[f64]) -> Vec<Past> {
        (0..).zip(values).map(|(run, value)| Past { run, code: run, value: *value }).collect()
    }

    fn series<'a>(metric: Metric, test: u32, past: &'a [Past], new: &'a [f64]) -> Series<'a> {
        Series { metric, single_threaded: true, test, binary: 0, past, code: None, witnesses: new, new }
    }

    #[test]
    fn a_value_at_its_usual_level_after_slow_runs_is_no_regression() {
        let usual = (0..20).map(|run| 0.5 * (1.0 + f64::from(run * 7 % 5) / 100.0));
        let steady: Vec<f64> = usual.clone().chain([0.51, 0.52, 0.505]).collect();
        let moody: Vec<f64> = usual.chain([1.53, 0.52, 1.515]).collect();
        let pasts = [&moody, &steady, &steady].map(|values| past(values));
        let of_test = (0..).zip(&pasts).map(|(test, past)| series(Metric::WallTime, test, past, &[0.515]));
        let judgement = Judge::of(&of_test.collect::<Vec<_>>()).findings().findings[0].judgement;
        assert_eq!(judgement.verdict, Verdict::Unchanged, "{judgement:?}");
    }

    #[test]
    fn raised_values_are_judged_as_if_they_had_been_measured() {
        // Of few runs the scale is that of the new values, and a clock that always showed the same may have large ticks.
        for runs in [2, 4, 7, 40] {
            let wave = |test: u32, run: u32| 0.5 * (1.0 + f64::from(run * (7 + test) % 5) / 100.0);
            let values =
                |test| (0..runs).map(|run| if test == 5 { 0.25 } else { wave(test, run) }).collect::<Vec<f64>>();
            let pasts: Vec<Vec<Past>> = (0..10).map(|test| past(&values(test))).collect();
            let bytes = past(&vec![4096.0; runs as usize]);
            let times = (0..).zip(&pasts).flat_map(|(test, past)| {
                [Metric::WallTime, Metric::CpuTime].map(|metric| series(metric, test, past, &[0.26]))
            });
            let mut all: Vec<Series<'_>> = times.collect();
            all.push(series(Metric::HeapPeak, 3, &bytes, &[4096.0]));
            let mut judge = Judge::of(&all);
            assert_eq!(judge.findings(), Judge::of(&all).findings());
            for (places, factor) in [(vec![20], 1.5), (vec![3, 10], 1.3), (vec![5, 20], 100.0)] {
                let raised: Vec<Vec<f64>> = places.iter().map(|place| vec![all[*place].new[0] * factor]).collect();
                let mut measured = all.clone();
                places.iter().zip(&raised).for_each(|(place, new)| measured[*place].new = new);
                assert_eq!(
                    judge.raised(&places, factor),
                    Judge::of(&measured).findings(),
                    "{runs} runs, {places:?} x {factor}"
                );
            }
            assert_eq!(judge.findings(), Judge::of(&all).findings());
        }
    }
}
