//! A suite that ran often, judged at any of its runs by the function that the command uses.

use monitor_analysis::judge::{RunFindings, judge_run};
use monitor_analysis::metric::Metric;
use monitor_analysis::series::{Past, Series};
use monitor_analysis::verdict::Verdict;

/// Values of tests, each with the number of its run, oldest first.
pub struct Suite {
    pub metric: Metric,
    pub tests: Vec<Vec<(u32, f64)>>,
}

/// A run judged.
pub struct Judged {
    /// Which test each finding is of.
    pub tests: Vec<usize>,
    pub run: RunFindings,
}

impl Suite {
    /// Of tests that are in every run.
    pub fn complete(metric: Metric, tests: Vec<Vec<f64>>) -> Self {
        Self { metric, tests: tests.into_iter().map(|values| (0..).zip(values).collect()).collect() }
    }

    /// Judges run `run` by those before it, each value multiplied by what `factor` says of its test.
    pub fn judge(&self, run: u32, factor: &dyn Fn(usize) -> f64) -> Judged {
        judge(&[self], run, factor)
    }
}

/// Judges run `run` of several metrics of the same tests together.
pub fn judge(suites: &[&Suite], run: u32, factor: &dyn Fn(usize) -> f64) -> Judged {
    let mut owned: Vec<(Metric, usize, Vec<Past>, f64)> = Vec::new();
    for suite in suites {
        for (test, values) in suite.tests.iter().enumerate() {
            let Ok(at) = values.binary_search_by_key(&run, |(run, _)| *run) else { continue };
            let before = &values[at.saturating_sub(100)..at];
            let past = before.iter().map(|&(run, value)| Past { run, code: run, value }).collect();
            owned.push((suite.metric, test, past, values[at].1 * factor(test)));
        }
    }
    let series: Vec<Series<'_>> = owned
        .iter()
        .map(|(metric, test, past, value)| Series {
            metric: *metric,
            single_threaded: false,
            test: *test as u32,
            binary: 0,
            past,
            code: None,
            witnesses: &[],
            new: std::slice::from_ref(value),
        })
        .collect();
    Judged { tests: owned.iter().map(|(_, test, _, _)| *test).collect(), run: judge_run(&series) }
}

impl Judged {
    /// Whether a gate fails.
    pub fn fails(&self) -> bool {
        let regressed = |verdict| verdict == Verdict::Regressed;
        self.run.findings.iter().any(|finding| regressed(finding.judgement.verdict))
            || self.run.factors.values().any(|factor| regressed(factor.judgement.verdict))
    }

    /// The verdict on a test, of several metrics the first.
    pub fn verdict(&self, test: usize) -> Option<Verdict> {
        let at = self.tests.iter().position(|it| *it == test)?;
        Some(self.run.findings[at].judgement.verdict)
    }

    /// -ln p of each test's rise; 0 of a fall.
    pub fn scores(&self) -> impl Iterator<Item = (usize, f64)> {
        self.tests.iter().zip(&self.run.findings).filter_map(|(test, finding)| {
            let figures = finding.figures?;
            Some((*test, if figures.z > 0.0 { -figures.p.ln() } else { 0.0 }))
        })
    }
}

/// Shares in percent.
pub fn percent(count: usize, of: usize) -> f64 {
    100.0 * count as f64 / of.max(1) as f64
}
