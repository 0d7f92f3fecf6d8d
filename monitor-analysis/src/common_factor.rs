//! What all tests of a run have in common: the machine was slow that day.

use std::collections::BTreeMap;

use crate::constants::COMMON_FACTOR_MIN_TESTS;
use crate::history::log_value;
use crate::metric::Metric;
use crate::run::Series;
use crate::summary::{median, quantile_of_sorted, sorted};
use crate::window::Window;

/// A run: one of the past, or the new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Run {
    Past(u32),
    New,
}

/// The common factors of every run that the series have values of, as logarithms.
///
/// The factor that concerns a test is the median over the other tests (leave-one-out), so that a test's own change
/// is never taken for the machine's.
pub(crate) struct CommonFactors {
    /// Of each series that can have one: its runs, and how far its values are from its own median.
    residuals: Vec<Option<Residuals>>,
    /// All residuals of a metric in a run, ascending.
    runs: BTreeMap<(Metric, Run), Vec<f64>>,
}

struct Residuals {
    metric: Metric,
    past: Vec<(Run, f64)>,
    new: f64,
}

impl CommonFactors {
    pub(crate) fn of(series: &[Series<'_>], windows: &[Window<'_>]) -> Self {
        let pairs = series.iter().zip(windows);
        let residuals: Vec<Option<Residuals>> = pairs.map(|(series, window)| Residuals::of(series, window)).collect();
        let mut runs: BTreeMap<(Metric, Run), Vec<f64>> = BTreeMap::new();
        for of_series in residuals.iter().flatten() {
            for &(run, residual) in of_series.past.iter().chain([&(Run::New, of_series.new)]) {
                runs.entry((of_series.metric, run)).or_default().push(residual);
            }
        }
        for values in runs.values_mut() {
            *values = sorted(values);
        }
        Self { residuals, runs }
    }

    /// The values of the series' window without the factors of their runs, and the new run's factor; `None` without one.
    pub(crate) fn removed_from(&self, index: usize, window: &Window<'_>) -> Option<(Vec<f64>, f64)> {
        let residuals = self.residuals[index].as_ref()?;
        let new = self.without(residuals.metric, Run::New, residuals.new)?;
        let adjusted = window
            .logs
            .iter()
            .zip(&residuals.past)
            .map(|(log, &(run, residual))| log - self.without(residuals.metric, run, residual).unwrap_or(0.0));
        Some((adjusted.collect(), new))
    }

    /// The new run's factors, all tests counted.
    pub(crate) fn of_new_run(&self) -> BTreeMap<Metric, f64> {
        self.runs
            .iter()
            .filter(|((_, run), residuals)| *run == Run::New && residuals.len() > COMMON_FACTOR_MIN_TESTS)
            .filter_map(|((metric, _), residuals)| Some((*metric, quantile_of_sorted(residuals, 0.5)?.exp())))
            .collect()
    }

    /// The median of a run's residuals without this one of them; `None` if too few are left.
    fn without(&self, metric: Metric, run: Run, own: f64) -> Option<f64> {
        let residuals = self.runs.get(&(metric, run))?;
        let others = residuals.len().checked_sub(1).filter(|others| *others >= COMMON_FACTOR_MIN_TESTS)?;
        // What is below the one left out keeps its place; what is not moves up by one.
        let at = |index: usize| residuals[if residuals[index].total_cmp(&own).is_lt() { index } else { index + 1 }];
        Some(f64::midpoint(at((others - 1) / 2), at(others / 2)))
    }
}

impl Residuals {
    fn of(series: &Series<'_>, window: &Window<'_>) -> Option<Self> {
        if !series.metric.depends_on_machine_speed() {
            return None;
        }
        let centre = median(&window.logs)?;
        let past = window.past.iter().zip(&window.logs).map(|(past, log)| (Run::Past(past.run), log - centre));
        let new = log_value(series.metric, series.value) - centre;
        Some(Self { metric: series.metric, past: past.collect(), new })
    }
}
