//! Whole gates: how many fail on unchanged code, and what is found of one slower test.

use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::Verdict;

use crate::families::{Family, Random};
use crate::histories;
use crate::suite::{Suite, judge};

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

/// Gates of `suites` suites with so many tests, from their fifth run to their last.
pub fn of_family(family: Family, tests: usize, suites: usize, runs: u32, every: u32) -> Gates {
    let mut gates = Gates::default();
    for seed in 0..suites {
        let mut random = Random::seeded(1_000 + seed as u64);
        let suite = Suite::complete(Metric::WallTime, family.suite(&mut random, tests, runs as usize));
        for run in 5..runs {
            let judged = suite.judge(run, &|_| 1.0);
            let (count, failed) = if run < 20 { &mut gates.early } else { &mut gates.late };
            *count += 1;
            *failed += usize::from(judged.fails());
            if run < 20 {
                continue;
            }
            gates.suspects +=
                judged.run.findings.iter().filter(|finding| finding.judgement.verdict == Verdict::Suspect).count();
            if run % every == 0 {
                gates.tried += 1;
                let slower = random.below(tests);
                for (number, factor) in FACTORS.into_iter().enumerate() {
                    let judged = suite.judge(run, &|test| if test == slower { factor } else { 1.0 });
                    let verdict = judged.verdict(slower);
                    gates.found[number] += usize::from(verdict == Some(Verdict::Regressed));
                    gates.suspected[number] +=
                        usize::from(matches!(verdict, Some(Verdict::Regressed | Verdict::Suspect)));
                }
            }
        }
    }
    gates
}

/// Gates on the loaded machine, CPU and wall time together, and how many failed.
pub fn of_loaded_machine() -> (usize, usize) {
    let [wall, cpu] = histories::loaded();
    let mut runs: Vec<u32> = cpu.tests.iter().flatten().map(|(run, _)| *run).collect();
    runs.sort_unstable();
    runs.dedup();
    let gated = &runs[20..];
    let failed = gated.iter().filter(|run| judge(&[&wall, &cpu], **run, &|_| 1.0).fails()).count();
    (gated.len(), failed)
}
