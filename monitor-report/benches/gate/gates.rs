//! Whole gates: how many fail on unchanged code, and what is found of one slower test.

use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::{Judgement, Verdict};

use crate::families::{Family, Random};
use crate::recorded::Recorded;
use crate::suite::Suite;

/// What gates of suites with one family of noise did.
#[derive(Default)]
pub struct Gates {
    /// Gates with fewer than twenty runs before, and how many failed.
    pub early: (usize, usize),
    /// The others.
    pub late: (usize, usize),
    /// How often one test was made slower, and for each factor how often it regressed and was at least suspect.
    pub tried: usize,
    pub found: [usize; 5],
    pub suspected: [usize; 5],
    /// Suspects on unchanged code, in late gates.
    pub suspects: usize,
}

pub const FACTORS: [f64; 5] = [1.1, 1.2, 1.5, 2.0, 100.0];

const AT_LEAST_SUSPECT: [Verdict; 2] = [Verdict::Regressed, Verdict::Suspect];

/// Gates of `suites` suites with so many tests, from their fifth run to their last, on all default metrics. From the
/// twentieth on, in every so manieth run, one test takes longer.
pub fn of_family(family: Family, tests: usize, suites: usize, runs: u32, every: u32) -> Gates {
    let mut gates = Gates::default();
    for seed in 0..suites {
        let mut random = Random::seeded(1_000 + seed as u64);
        let recorded = Recorded::of(&Suite::of_family(family, &mut random, tests, runs as usize));
        for run in 5..runs {
            let gated = recorded.gate(run, &|_| 1.0);
            let (count, failed) = if run < 20 { &mut gates.early } else { &mut gates.late };
            *count += 1;
            *failed += usize::from(gated.fails());
            if run < 20 {
                continue;
            }
            gates.suspects +=
                gated.findings.iter().filter(|(_, finding)| finding.verdict() == Verdict::Suspect).count();
            if run % every == 0 {
                gates.tried += 1;
                let slower = random.below(tests);
                for (number, factor) in FACTORS.into_iter().enumerate() {
                    let gated = recorded.gate(run, &|test| if test == slower { factor } else { 1.0 });
                    gates.found[number] += usize::from(gated.has(slower, &[Verdict::Regressed]));
                    gates.suspected[number] += usize::from(gated.has(slower, &AT_LEAST_SUSPECT));
                }
            }
        }
    }
    gates
}

/// Lengths of short histories that are counted together.
pub const SHORT: [std::ops::Range<u32>; 3] = [5..8, 8..12, 12..20];

/// What gates with a short history did, by its length.
#[derive(Clone, Copy, Default)]
pub struct Early {
    pub gates: usize,
    pub failed: usize,
    /// How often x2 in one test failed the gate, and how often it was at least suspect.
    pub found: usize,
    pub suspected: usize,
}

/// How a suite is made: of a family of noise, with so many tests and runs.
pub type Made = fn(Family, &mut Random, usize, usize) -> Suite;

/// Gates of `suites` suites with so many tests and 5 to 19 runs before, by [`SHORT`].
pub fn early(made: Made, family: Family, tests: usize, suites: usize) -> [Early; SHORT.len()] {
    let mut early = [Early::default(); SHORT.len()];
    for seed in 0..suites {
        let mut random = Random::seeded(20_000 + seed as u64);
        let recorded = Recorded::of(&made(family, &mut random, tests, 20));
        for (early, lengths) in early.iter_mut().zip(SHORT) {
            for before in lengths {
                early.gates += 1;
                early.failed += usize::from(recorded.gate(before, &|_| 1.0).fails());
                let slower = random.below(tests);
                let gated = recorded.gate(before, &|test| if test == slower { 2.0 } else { 1.0 });
                early.found += usize::from(gated.has(slower, &[Verdict::Regressed]));
                early.suspected += usize::from(gated.has(slower, &AT_LEAST_SUSPECT));
            }
        }
    }
    early
}

/// Of suites of ten tests with so many runs before: how often +20 %, +50 % and x2 in one of them fail the gate.
pub fn by_length(family: Family, before: u32, suites: usize) -> [usize; 3] {
    let mut found = [0; 3];
    for seed in 0..suites {
        let mut random = Random::seeded(5_000 + seed as u64);
        let recorded = Recorded::of(&Suite::of_family(family, &mut random, 10, before as usize + 1));
        for (factor, found) in [1.2, 1.5, 2.0].into_iter().zip(&mut found) {
            let gated = recorded.gate(before, &|test| if test == 3 { factor } else { 1.0 });
            *found += usize::from(gated.has(3, &[Verdict::Regressed]));
        }
    }
    found
}

/// Gates on the loaded machine from its fifth run on, all metrics together, and what failed: the run, and the reasons.
pub fn of_loaded_machine(suite: &Suite) -> (usize, Vec<String>) {
    let recorded = Recorded::of(suite);
    let gated = suite.runs().split_off(5);
    let failed = gated.iter().map(|run| (run, recorded.gate(*run, &|_| 1.0))).filter(|(_, gated)| gated.fails());
    let told = failed.map(|(run, gated)| {
        let regressed = |judgement: Judgement| judgement.verdict == Verdict::Regressed;
        let told = |metric: Metric, judgement: Judgement| {
            let change =
                judgement.change.map(|it| [it.before, it.after].map(|value| metric.quantity(value).to_string()));
            format!("{metric} {}: {}", change.unwrap_or_default().join(" -> "), judgement.reason.text(metric))
        };
        let mut reasons: Vec<String> = Vec::new();
        for (test, finding) in &gated.findings {
            let judgement = finding.judged.judgement;
            if let Some(metric) = finding.metric.filter(|_| regressed(judgement)) {
                reasons.push(format!("test {test}, {}", told(metric, judgement)));
            }
        }
        let factors = gated.factors.iter().filter(|(_, factor)| regressed(factor.judgement));
        reasons.extend(factors.map(|(metric, factor)| told(*metric, factor.judgement)));
        format!("run {run}: {}", reasons.join(", "))
    });
    (gated.len(), told.collect())
}
