//! What the file knows of the commits.

use std::path::Path;

use monitor_analysis::metric::Metric;
use monitor_report::series::{Archive, Run, Scope, Series};
use monitor_report::{measure, select};
use monitor_store::{Monitor, TestId};

use crate::elsewhere;

/// The runs of a test on one machine class, that of the newest run in which the metric was measured.
pub(super) struct History {
    series: Series,
    metric: Metric,
    /// So many runs of a commit are enough to know what it costs.
    enough: usize,
}

impl History {
    pub(super) fn new(monitor: &Monitor, test: &TestId, metric: Metric, enough: usize) -> anyhow::Result<Self> {
        let archive = Archive::new(monitor)?;
        let mut series = archive.series(test, &Scope { across_machines: true, ..Scope::default() })?;
        let newest = series.runs.iter().rev().find(|run| run.value(metric).is_some());
        let class = newest.and_then(|run| measure::machine(&run.test)).map(str::to_owned);
        series.runs.retain(|run| measure::machine(&run.test) == class.as_deref());
        Ok(Self { series, metric, enough })
    }

    /// The commit of the last session before the newest change of level.
    pub(super) fn last_before_change(&self, monitor: &Monitor, workspace: &Path) -> anyhow::Result<String> {
        let shifts = Archive::new(monitor)?.shifts(&self.series, self.metric)?;
        let before = shifts.last().and_then(|shift| self.series.runs.get(shift.index.checked_sub(1)?));
        match before.filter(|run| !run.session.scm_id.is_empty()) {
            Some(run) => elsewhere::commit(workspace, &run.session.scm_id),
            None => anyhow::bail!(
                "the history shows no change of {}: name a commit before it with --good",
                self.metric.title()
            ),
        }
    }

    /// What the test cost at both commits.
    pub(super) fn ends(&self, good: &str, bad: &str) -> Option<(f64, f64)> {
        self.value(good).zip(self.value(bad))
    }

    fn value(&self, commit: &str) -> Option<f64> {
        let is_of_commit = |run: &&Run| run.session.scm_id == commit && !select::is_dirty(&run.session);
        let runs = self.series.runs.iter().filter(is_of_commit);
        let values: Vec<f64> = runs.filter_map(|run| run.value(self.metric)).collect();
        median(&values).filter(|_| values.len() >= self.enough)
    }
}

/// The upper one of two in the middle.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}
