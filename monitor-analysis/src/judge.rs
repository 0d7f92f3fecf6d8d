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
    /// The score -ln p at which a finding fails a gate.
    pub score_needed: f64,
    /// The number of past runs that it was learned from; 0 if there were too few.
    pub past_gates: usize,
}

/// From so many series on, more threads than one judge them.
const MUCH: usize = 500;

/// Judges every series of a run.
///
/// ```
/// use monitor_analysis::judge::judge_run;
/// use monitor_analysis::metric::Metric;
/// use monitor_analysis::series::{Past, Series};
/// use monitor_analysis::verdict::Verdict;
///
/// let past: Vec<Past> = (0..6).map(|run| Past { run, code: run, value: 1000.0 }).collect();
/// let series = Series {
///     metric: Metric::Allocations, single_threaded: true, test: 0, binary: 0,
///     past: &past, code: None, witnesses: &[], new: &[1001.0],
/// };
/// assert_eq!(judge_run(&[series]).findings[0].judgement.verdict, Verdict::Regressed);
/// ```
#[must_use]
pub fn judge_run(series: &[Series<'_>]) -> RunFindings {
    let mut findings: Vec<Option<Finding>> = exactly(series);
    let open: Vec<usize> = (0..series.len()).filter(|&index| findings[index].is_none()).collect();
    let mut by_metric: BTreeMap<Metric, Vec<usize>> = BTreeMap::new();
    for index in open {
        by_metric.entry(series[index].metric).or_default().push(index);
    }
    let runs = run_numbers(series);
    let by_metric: Vec<(Metric, Vec<usize>)> = by_metric.into_iter().collect();
    let is_much = series.len() >= MUCH;
    let looked = parallel(&by_metric, is_much, |(metric, indices)| (*metric, Looked::of(series, indices, &runs)));
    let looks: BTreeMap<Metric, Looked> = looked.into_iter().collect();
    let warn_only = warn_only(&looks);
    let deciding: Vec<&Look> = looks
        .iter()
        .filter(|(metric, _)| !warn_only.contains_key(metric))
        .flat_map(|(_, looked)| looked.looks.iter())
        .collect();
    let of_pairs = || {
        let pairs = Pair::all(series, &deciding);
        let both = (!pairs.is_empty()).then(|| {
            let past = scores::of_pairs(&pairs, runs.len(), is_much);
            (threshold(&past, pairs.len()), Spikes::of_pairs(&pairs, runs.len()))
        });
        (pairs, both)
    };
    let of_looks = || (scores::of_looks(&deciding, runs.len(), is_much), Spikes::of(&deciding, runs.len()));
    let ((pairs, both), (past, spikes)) = parallel::both(is_much, of_pairs, of_looks);
    let score_needed = threshold(&past, deciding.len());
    let needed = Needed { score: score_needed, spikes, both };
    let other: HashMap<usize, &Pair<'_>> =
        pairs.iter().flat_map(|pair| pair.indices().map(|index| (index, pair))).collect();
    let mut factors = BTreeMap::new();
    for (metric, looked) in &looks {
        let scatter = warn_only.get(metric).copied();
        let judge = |look: &Look| {
            (look.index, by_history(&series[look.index], look, other.get(&look.index).copied(), &needed, scatter))
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
    let past_gates = if past.len() < crate::constants::GATE_MIN_PAST { 0 } else { past.len() };
    RunFindings { findings, factors, warn_only, score_needed, past_gates }
}

/// The last runs that the series have values of, ascending.
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
    let (past, new) = looked.factors.as_ref()?;
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
    use crate::series::Past;

    #[test]
    fn a_value_at_its_usual_level_after_slow_runs_is_no_regression() {
        let usual = (0..20).map(|run| 0.5 * (1.0 + f64::from(run * 7 % 5) / 100.0));
        let steady: Vec<f64> = usual.clone().chain([0.51, 0.52, 0.505]).collect();
        let moody: Vec<f64> = usual.chain([1.53, 0.52, 1.515]).collect();
        let past: Vec<Vec<Past>> = [&moody, &steady, &steady]
            .into_iter()
            .map(|values| (0..).zip(values).map(|(run, value)| Past { run, code: run, value: *value }).collect())
            .collect();
        let series: Vec<Series<'_>> = (0..)
            .zip(&past)
            .map(|(test, past)| Series {
                metric: Metric::WallTime,
                single_threaded: true,
                test,
                binary: 0,
                past,
                code: None,
                witnesses: &[],
                new: &[0.515],
            })
            .collect();
        let found = judge_run(&series);
        let judgement = found.findings[0].judgement;
        assert_eq!(judgement.verdict, crate::verdict::Verdict::Unchanged, "{judgement:?}");
    }
}
