//! Tests that ran often: the values that a file is written from.

use monitor_analysis::metric::Metric;
use monitor_report::comparison::DEFAULT_METRICS;

use crate::families::{Family, Random};

/// Values of a test, each with the number of its run, oldest first.
pub type Values = Vec<(u32, f64)>;

/// A test and what it cost, in seconds.
pub struct Test {
    /// The binary that it is in.
    pub binary: String,
    /// Wall time.
    pub wall: Values,
    /// CPU time; empty where nobody measured it.
    pub cpu: Values,
}

/// Tests that ran together.
#[derive(Default)]
pub struct Suite {
    pub tests: Vec<Test>,
}

impl Suite {
    /// Of tests of which only wall time is known, one value for each run.
    pub fn of_wall_times(tests: Vec<Vec<f64>>) -> Self {
        let test = |values| Test { binary: "bench".into(), wall: (0..).zip(values).collect(), cpu: Vec::new() };
        Self { tests: tests.into_iter().map(test).collect() }
    }

    /// With wall and CPU times that scatter each for itself.
    pub fn of_family(family: Family, random: &mut Random, tests: usize, runs: usize) -> Self {
        let mut suite = Self::of_wall_times(family.suite(random, tests, runs));
        for (test, cpu) in suite.tests.iter_mut().zip(family.suite(random, tests, runs)) {
            test.cpu = (0..).zip(cpu).collect();
        }
        suite
    }

    /// With wall and CPU times that scatter together: whatever moves one moves the other.
    pub fn of_family_alike(family: Family, random: &mut Random, tests: usize, runs: usize) -> Self {
        let mut suite = Self::of_wall_times(family.suite(random, tests, runs));
        for test in &mut suite.tests {
            test.cpu = test.wall.iter().map(|(run, wall)| (*run, wall * (0.003 * random.normal()).exp())).collect();
        }
        suite
    }

    /// What of it a gate is asked about.
    pub fn metrics(&self) -> &'static [Metric] {
        if self.tests.iter().any(|test| !test.cpu.is_empty()) { DEFAULT_METRICS } else { &[Metric::WallTime] }
    }

    /// The numbers of its runs, ascending.
    pub fn runs(&self) -> Vec<u32> {
        let mut runs: Vec<u32> = self.tests.iter().flat_map(|test| &test.wall).map(|(run, _)| *run).collect();
        runs.sort_unstable();
        runs.dedup();
        runs
    }
}

/// The value in this run.
pub fn value(values: &[(u32, f64)], run: u32) -> Option<f64> {
    values.binary_search_by_key(&run, |(run, _)| *run).ok().map(|at| values[at].1)
}

/// Shares in percent.
pub fn percent(count: usize, of: usize) -> f64 {
    100.0 * count as f64 / of.max(1) as f64
}
