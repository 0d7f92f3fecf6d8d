//! The histories in the report.

use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::Verdict;
use monitor_store::{Test, TestId};

use super::history;
use crate::comparison::Comparison;
use crate::document::{Cell, Table, Value};
use crate::error::ReportError;
use crate::measure::{self, Names};
use crate::render::page::Section;
use crate::series::chart::{By, Curve, chart, title};
use crate::series::{Archive, Scope, Series};

/// What is drawn of each test: the first on the left axis.
const METRICS: [Metric; 2] = [Metric::WallTime, Metric::Memory];

/// Where the histories come from.
pub(super) struct Charts<'a> {
    pub(super) archive: &'a Archive<'a>,
    pub(super) scope: &'a Scope,
    /// So many of the newest runs of each test.
    pub(super) sessions: usize,
}

/// The tests whose history is drawn: those that changed most, then in turn the slowest and those with the highest memory.
pub(super) fn chosen(tests: &[Test], comparison: Option<&Comparison>, count: usize) -> Vec<TestId> {
    let of = |verdict| comparison.map(|comparison| comparison.of(verdict)).unwrap_or_default();
    let changed = of(Verdict::Regressed).into_iter().chain(of(Verdict::Improved)).map(|finding| finding.test.clone());
    let (slowest, largest) = (by_value(tests, Metric::WallTime), by_value(tests, Metric::Memory));
    let expensive = slowest.into_iter().zip(largest).flat_map(|(slow, large)| [slow.id(), large.id()]);
    let mut chosen: Vec<TestId> = Vec::new();
    for test in changed.chain(expensive) {
        if chosen.len() == count {
            break;
        }
        if !chosen.contains(&test) {
            chosen.push(test);
        }
    }
    chosen
}

fn by_value(tests: &[Test], metric: Metric) -> Vec<&Test> {
    let value = |test: &Test| measure::value(test, metric).unwrap_or(f64::NEG_INFINITY);
    let mut tests: Vec<&Test> = tests.iter().collect();
    tests.sort_by(|a, b| value(b).total_cmp(&value(a)));
    tests
}

impl Charts<'_> {
    pub(super) fn section(&self, tests: &[TestId]) -> Result<Section, ReportError> {
        let mut section = Section::new("histories", "Histories");
        if tests.is_empty() {
            return Ok(section.with_text("There is no test with a history."));
        }
        section = section.with_text(
            "Tests that changed, then the slowest and those with the highest memory. Dashed lines are change points.",
        );
        let names = Names::of(tests);
        for test in tests {
            let mut series = self.archive.series(test, self.scope)?;
            let older = series.runs.len().saturating_sub(self.sessions);
            series.runs.drain(..older);
            // A test that crashed in every session has no figures.
            if !series.runs.is_empty() {
                section = self.history(section, &series, &names.full(test))?;
            }
        }
        Ok(section)
    }

    fn history(&self, section: Section, series: &Series, name: &str) -> Result<Section, ReportError> {
        let mut curves = Vec::new();
        for metric in METRICS {
            let shifts = self.archive.shifts(series, metric)?;
            curves.push(Curve { name: metric.title().to_owned(), series, metric, shifts });
        }
        let chart = chart(&title(&METRICS, &series.test.variant, By::Commit), &curves, By::Commit);
        let section = history::with_changes(section.with_name(name).with_chart(&chart), &curves);
        Ok(section.with_folded("Values", &values(series)))
    }
}

/// What the chart shows, for readers who do not see it.
fn values(series: &Series) -> Table {
    let mut table = Table::new(&[
        ("run_date", "date (UTC)"),
        ("commit", "commit"),
        (measure::key(METRICS[0]), METRICS[0].title()),
        (measure::key(METRICS[1]), METRICS[1].title()),
    ]);
    for run in &series.runs {
        let value = |metric| Cell::from(measure::cell(&run.test, metric));
        table.push(vec![
            Value::Time(run.session.run_date).into(),
            Value::id(&run.session.scm_id).into(),
            value(METRICS[0]),
            value(METRICS[1]),
        ]);
    }
    table
}
