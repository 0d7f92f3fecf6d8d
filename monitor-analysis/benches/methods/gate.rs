//! The gate: one run of a suite against the history of its tests.

use monitor_analysis::metric::{Metric, Thresholds};
use monitor_analysis::run::{Finding, Past, Series, judge_run};
use monitor_analysis::verdict::Verdict;

use crate::families::{Family, Random};

/// Runs before the one that is judged.
const HISTORY: u32 = 60;

/// A suite that ran often, and then once more.
struct Suite {
    past: Vec<Vec<Past>>,
    new: Vec<f64>,
}

impl Suite {
    /// Tests of 0.1 to 10 s with noise of this family (of all in turn without one). Every run has a machine of its own
    /// mood: 1 % of noise common to all tests.
    fn recorded(family: Option<Family>, tests: usize, random: &mut Random) -> Self {
        let moods: Vec<f64> = (0..=HISTORY).map(|_| (0.01 * random.normal()).exp()).collect();
        let mut suite = Self { past: Vec::new(), new: Vec::new() };
        for test in 0..tests {
            let level = 10_f64.powf(2.0 * random.uniform() - 1.0);
            let family = family.unwrap_or(Family::ALL[test % Family::ALL.len()]);
            let values = family.stationary(random, moods.len(), level);
            let mut values: Vec<f64> = values.iter().zip(&moods).map(|(value, mood)| value * mood).collect();
            suite.new.extend(values.pop());
            suite.past.push((0..).zip(values).map(|(run, value)| Past { run, value }).collect());
        }
        suite
    }

    fn judge(&self) -> Vec<Finding> {
        let metric = Metric::WallTime;
        let thresholds = Thresholds::fine(metric);
        let series = |(past, value): (&Vec<Past>, &f64)| (past.clone(), *value);
        let owned: Vec<(Vec<Past>, f64)> = self.past.iter().zip(&self.new).map(series).collect();
        let series: Vec<Series<'_>> = owned
            .iter()
            .map(|(past, value)| Series { metric, single_threaded: false, thresholds, past, value: *value })
            .collect();
        judge_run(&series).findings
    }
}

/// Share of runs in which nothing changed and something is reported.
pub fn false_alarms(family: Option<Family>, tests: usize, runs: usize, seed: u64) -> f64 {
    let mut random = Random::seeded(seed);
    let alarmed = |findings: &[Finding]| findings.iter().any(|finding| finding.judgement.verdict.is_change());
    (0..runs).filter(|_| alarmed(&Suite::recorded(family, tests, &mut random).judge())).count() as f64 / runs as f64
}

/// Share of runs in which the one test that became slower by this factor is reported.
pub fn power(family: Option<Family>, tests: usize, factor: f64, runs: usize, seed: u64) -> f64 {
    let mut random = Random::seeded(seed);
    let found = |run: usize, random: &mut Random| {
        let mut suite = Suite::recorded(family, tests, random);
        let slower = run % tests;
        suite.new[slower] *= factor;
        suite.judge()[slower].judgement.verdict == Verdict::Regressed
    };
    (0..runs).filter(|run| found(*run, &mut random)).count() as f64 / runs as f64
}
