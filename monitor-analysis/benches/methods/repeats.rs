//! N runs against N runs.

use monitor_analysis::metric::Metric;
use monitor_analysis::samples::{Rule, SampleFinding, compare};
use monitor_analysis::verdict::Verdict;

use crate::families::{Family, Random};

fn one(family: Family, count: usize, factor: f64, random: &mut Random) -> SampleFinding {
    // Interleaved: both sides are drawn from one stretch of time.
    let values = family.stationary(random, 2 * count, 1.0);
    let base: Vec<f64> = values.iter().step_by(2).copied().collect();
    let head: Vec<f64> = values.iter().skip(1).step_by(2).map(|value| value * factor).collect();
    compare(Metric::WallTime, false, &base, &head, Rule::default())
}

/// Share of comparisons with p of Mann-Whitney below 5 %, and share with the verdict regressed.
pub fn found(family: Family, count: usize, factor: f64, comparisons: usize, seed: u64) -> (f64, f64) {
    let mut random = Random::seeded(seed);
    let (mut significant, mut regressed) = (0, 0);
    for _ in 0..comparisons {
        let finding = one(family, count, factor, &mut random);
        significant += usize::from(finding.difference.is_some_and(|difference| difference.p < 0.05));
        regressed += usize::from(finding.judgement.verdict == Verdict::Regressed);
    }
    (significant as f64 / comparisons as f64, regressed as f64 / comparisons as f64)
}
