//! From runs to series of values that may be compared, and reasons why others may not.

use std::collections::HashMap;

use monitor_analysis::judge::Finding as Judged;
use monitor_analysis::metric::Metric;
use monitor_analysis::parallel::parallel;
use monitor_analysis::samples::Samples;
use monitor_analysis::series::{Past, Series};
use monitor_analysis::verdict::{Judgement, Reason};
use monitor_store::{RunFigures, TestId};

use super::model::{Finding, Request};
use super::observe::{Observation, Observed, Run};

/// A metric of a test on both sides.
#[derive(Clone, Debug)]
pub struct History {
    /// Which test.
    pub test: TestId,
    /// What was measured.
    pub metric: Metric,
    number: u32,
    binary: u32,
    single_threaded: bool,
    past: Vec<Past>,
    code: Option<u32>,
    witnesses: Vec<f64>,
    /// The new values.
    pub new: Vec<f64>,
    pub(super) across_machines: bool,
}

impl History {
    /// The series for [`monitor_analysis::judge`].
    #[must_use]
    pub fn series(&self) -> Series<'_> {
        Series {
            metric: self.metric,
            single_threaded: self.single_threaded,
            test: self.number,
            binary: self.binary,
            past: &self.past,
            code: self.code,
            witnesses: &self.witnesses,
            new: &self.new,
        }
    }

    /// As the analysis takes it for N against N.
    pub(super) fn samples<'a>(&'a self, base: &'a [f64]) -> Samples<'a> {
        Samples { metric: self.metric, single_threaded: self.single_threaded, base, head: &self.new }
    }

    /// The values before.
    pub(super) fn base(&self) -> Vec<f64> {
        self.past.iter().map(|past| past.value).collect()
    }
}

/// The series to be judged, and the verdicts that are already clear.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Verdicts that need no judge.
    pub findings: Vec<Finding>,
    /// The series to be judged.
    pub histories: Vec<History>,
    /// The number of tests in a complete run of the base.
    pub usual: usize,
    /// The number of them that the head does not have.
    pub missing: usize,
}

/// So many tests are prepared at once.
const PART: usize = 250;

pub(super) fn prepared(observed: &Observed, request: &Request<'_>) -> Prepared {
    let mut binaries: HashMap<(&str, &str), u32> = HashMap::new();
    let is_asked = |observation: &Observation| observation.is_usual || !observation.head.is_empty();
    let tests: Vec<(&TestId, &Observation, u32)> = (observed.tests.iter())
        .filter(|(_, observation)| is_asked(observation))
        .map(|(id, observation)| {
            let next = binaries.len() as u32;
            (id, observation, *binaries.entry((&id.package, &id.binary)).or_insert(next))
        })
        .collect();
    let parts: Vec<_> = tests.chunks(PART).collect();
    let parts = parallel(&parts, parts.len() > 1, |part| Prepared::of(part, observed, request));
    let mut whole = Prepared::default();
    whole.histories.reserve(parts.iter().map(|part| part.histories.len()).sum());
    for part in parts {
        whole.findings.extend(part.findings);
        whole.histories.extend(part.histories);
        whole.usual += part.usual;
        whole.missing += part.missing;
    }
    whole
}

impl Prepared {
    /// Of some tests, each with the number of its binary.
    fn of(tests: &[(&TestId, &Observation, u32)], observed: &Observed, request: &Request<'_>) -> Self {
        let mut prepared = Self::default();
        for &(id, observation, binary) in tests {
            prepared.add(id, &Runs::of(observed, observation), observation.is_usual, binary, request);
        }
        prepared
    }

    fn add(&mut self, id: &TestId, test: &Runs<'_>, is_usual: bool, binary: u32, request: &Request<'_>) {
        let across_machines = !test.same_machine();
        self.usual += usize::from(is_usual);
        let reason = test.not_comparable();
        self.missing += usize::from(is_usual && matches!(reason, Some(Reason::OnlyInBase | Reason::DidNotPass)));
        let reason = reason.or((across_machines && !request.across_machines).then_some(Reason::OtherMachineClass));
        if let Some(reason) = reason {
            self.findings.push(finding(id, None, Judgement::without_comparison(reason), across_machines));
            return;
        }
        let Some(alike) = test.alike(request.across_machines) else { return };
        for (place, &metric) in request.metrics.iter().enumerate() {
            // The heap's peak says what the memory was, exactly.
            if metric == Metric::Memory && test.has_heap(request.metrics) {
                continue;
            }
            match history(id, &alike, (place, metric), binary, request) {
                Ok(history) => {
                    self.histories.extend(history.map(|history| History { across_machines, ..history }));
                }
                Err(reason) => {
                    let judgement = Judgement::without_comparison(reason);
                    self.findings.push(finding(id, Some(metric), judgement, across_machines));
                }
            }
        }
    }
}

fn finding(test: &TestId, metric: Option<Metric>, judgement: Judgement, across_machines: bool) -> Finding {
    Finding {
        test: test.clone(),
        metric,
        judged: Judged { judgement, figures: None },
        difference: None,
        across_machines,
        cause: None,
    }
}

/// The runs of a test on both sides, oldest first.
struct Runs<'a> {
    number: u32,
    base: Vec<Run<'a>>,
    head: Vec<Run<'a>>,
    witnesses: Vec<Run<'a>>,
}

impl<'a> Runs<'a> {
    fn of(observed: &'a Observed, observation: &Observation) -> Self {
        let Observation { number, base, head, witnesses, .. } = observation;
        let [base, head, witnesses] = [base, head, witnesses].map(|places| observed.runs(places));
        Self { number: *number, base, head, witnesses }
    }

    /// Why a test as a whole cannot be compared.
    fn not_comparable(&self) -> Option<Reason> {
        match (self.base.is_empty(), self.head.is_empty()) {
            (true, _) => Some(Reason::OnlyInHead),
            (false, true) => Some(Reason::OnlyInBase),
            (false, false) if !self.head.iter().any(|run| run.row.passed) => Some(Reason::DidNotPass),
            (false, false) => None,
        }
    }

    /// Whether the base has runs on the head's machine class.
    fn same_machine(&self) -> bool {
        let Some(head) = self.head.last() else { return true };
        self.base.is_empty() || self.base.iter().any(|run| run.row.machine == head.row.machine)
    }

    fn has_heap(&self, metrics: &[Metric]) -> bool {
        let Some(place) = metrics.iter().position(|metric| *metric == Metric::HeapPeak) else { return false };
        self.head.iter().any(|run| !run.values[place].is_nan())
    }
}

/// The runs of a test that were measured as the last of the head that passed was: on its machine class, in its way.
struct Alike<'a> {
    test: &'a Runs<'a>,
    like: &'a RunFigures,
    across_machines: bool,
    base: Vec<&'a Run<'a>>,
    head: Vec<&'a Run<'a>>,
    witnesses: Vec<&'a Run<'a>>,
}

impl<'a> Runs<'a> {
    /// `None` if none of the head passed.
    fn alike(&'a self, across_machines: bool) -> Option<Alike<'a>> {
        let like = &self.head.iter().rev().find(|run| run.row.passed)?.row;
        let is_alike = |run: &&Run<'_>| {
            run.row.passed
                && (across_machines || run.row.machine == like.machine)
                && run.row.whole_process == like.whole_process
        };
        let [base, head, witnesses] =
            [&self.base, &self.head, &self.witnesses].map(|runs| runs.iter().filter(is_alike).collect());
        Some(Alike { test: self, like, across_machines, base, head, witnesses })
    }
}

impl Alike<'_> {
    /// Whether the base has such a value at all. Sessions in which instructions were counted have other metrics than those
    /// beside them.
    fn was_measured(&self, place: usize) -> bool {
        let is_here = |run: &&Run<'_>| self.across_machines || run.row.machine == self.like.machine;
        self.test.base.iter().filter(is_here).any(|run| run.value(place).is_some())
    }
}

/// The series of one metric; `None` if no side ever measured it.
fn history(
    id: &TestId,
    alike: &Alike<'_>,
    (place, metric): (usize, Metric),
    binary: u32,
    request: &Request<'_>,
) -> Result<Option<History>, Reason> {
    // Memory of one source says nothing of that of another.
    let is_alike = |run: &&&Run<'_>| metric != Metric::Memory || run.row.memory == alike.like.memory;
    let values =
        |runs: &[&Run<'_>]| runs.iter().filter(is_alike).filter_map(|run| run.value(place)).collect::<Vec<f64>>();
    let new = values(&alike.head);
    if new.is_empty() {
        return if alike.was_measured(place) { Err(Reason::NotMeasured) } else { Ok(None) };
    }
    let is_level = |run: &&&Run<'_>| !request.levels.is_over(id, metric, run.session_h);
    let before = alike.base.iter().filter(is_alike).filter(is_level);
    let mut past: Vec<(&Run<'_>, f64)> = Vec::with_capacity(alike.base.len());
    past.extend(before.filter_map(|run| Some((*run, run.value(place)?))));
    past.drain(..past.len().saturating_sub(request.sides.depth));
    if request.sides.is_one {
        past.drain(..other_level(past.iter().map(|(_, value)| *value)));
    }
    if past.is_empty() {
        return Err(if alike.was_measured(place) { Reason::OtherSource } else { Reason::NotMeasured });
    }
    let new_runs = || alike.head.iter().filter(is_alike).copied();
    Ok(Some(History {
        test: id.clone(),
        metric,
        number: alike.test.number,
        binary,
        single_threaded: past.iter().map(|(run, _)| *run).chain(new_runs()).all(|run| run.row.single_threaded),
        past: past.iter().map(|(run, value)| Past { run: run.session, code: run.code, value: *value }).collect(),
        code: new_runs().next_back().filter(|run| run.code_is_known).map(|run| run.code),
        witnesses: values(&alike.witnesses),
        new,
        across_machines: false,
    }))
}

/// Values on this level tell how much the newest one scatters; twice as much or half is another.
const SAME_LEVEL: f64 = 2.0;

/// How many of the values, oldest first, are before the level that the newest is on.
fn other_level(mut values: impl DoubleEndedIterator<Item = f64> + ExactSizeIterator + Clone) -> usize {
    let Some(last) = values.clone().next_back() else { return 0 };
    let differs = |value: f64| value.max(last) > SAME_LEVEL * value.min(last).max(0.0) && value != last;
    values.rposition(differs).map_or(0, |at| at + 1)
}
