//! The rows of a source as comparisons need them: the metrics that are compared, read once for each session.

use std::collections::HashMap;
use std::sync::Arc;

use monitor_analysis::metric::Metric;
use monitor_store::{Figure, RunFigures, Session, TestId};

use crate::error::ReportError;
use crate::measure;
use crate::source::Source;

/// Rows already read.
pub struct Rows<'a> {
    source: &'a dyn Source,
    metrics: Vec<Metric>,
    ids: Vec<TestId>,
    numbers: HashMap<TestId, u32>,
    machines: HashMap<String, u32>,
    sessions: HashMap<String, Arc<SessionRows>>,
}

/// The rows of a session, in the order of their tests: of each the last run, of the attempts of a runner that retries the
/// one that counts.
#[derive(Debug, Default)]
pub(super) struct SessionRows {
    pub rows: Vec<RunFigures>,
    /// For each row a value for each metric, NaN for none.
    values: Vec<f64>,
    metrics: usize,
}

impl<'a> Rows<'a> {
    /// No rows read yet; `metrics` will be.
    #[must_use]
    pub fn new(source: &'a dyn Source, metrics: &[Metric]) -> Self {
        Self {
            source,
            metrics: metrics.to_vec(),
            ids: Vec::new(),
            numbers: HashMap::new(),
            machines: HashMap::new(),
            sessions: HashMap::new(),
        }
    }

    /// The identity of a test.
    #[must_use]
    pub fn id(&self, test: u32) -> &TestId {
        &self.ids[test as usize]
    }

    /// Reads the rows of some sessions, all that are not read yet at once.
    pub(super) fn read(&mut self, sessions: &[Session]) -> Result<(), ReportError> {
        let ids = sessions.iter().map(|session| session.session_h.as_str());
        let missing: Vec<&str> = ids.filter(|id| !self.sessions.contains_key(*id)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let (figures, factors): (Vec<Figure>, Vec<f64>) =
            self.metrics.iter().map(|metric| measure::figure(*metric)).unzip();
        let found = self.source.figures(&missing, &figures)?;
        let tests: Vec<u32> = found.tests.into_iter().map(|id| self.number(id)).collect();
        let machines: Vec<u32> = found.machines.into_iter().map(|machine| self.machine(machine)).collect();
        for (session_h, runs) in missing.into_iter().zip(found.sessions) {
            let number = |run: RunFigures| RunFigures {
                test: tests[run.test as usize],
                machine: machines[run.machine as usize],
                ..run
            };
            let rows = SessionRows::new(runs.runs.into_iter().map(number).collect(), runs.values, &factors);
            self.sessions.insert(session_h.to_owned(), Arc::new(rows));
        }
        Ok(())
    }

    /// The rows of a session.
    pub(super) fn of(&mut self, session: &Session) -> Result<Arc<SessionRows>, ReportError> {
        self.read(std::slice::from_ref(session))?;
        Ok(self.sessions.get(&session.session_h).cloned().unwrap_or_default())
    }

    fn number(&mut self, id: TestId) -> u32 {
        let next = self.ids.len() as u32;
        *self.numbers.entry(id).or_insert_with_key(|id| {
            self.ids.push(id.clone());
            next
        })
    }

    fn machine(&mut self, machine: String) -> u32 {
        let next = self.machines.len() as u32;
        *self.machines.entry(machine).or_insert(next)
    }

    /// The value of a metric of a test in a session, in the metric's unit; `None` if the test did not pass or the metric was
    /// not measured.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn value(&mut self, session: &Session, test: &TestId, metric: Metric) -> Result<Option<f64>, ReportError> {
        let rows = self.of(session)?;
        let (Some(number), Some(place)) = (self.numbers.get(test), self.metrics.iter().position(|it| *it == metric))
        else {
            return Ok(None);
        };
        let at = rows.rows.binary_search_by_key(number, |row| row.test);
        Ok(at.ok().and_then(|at| of_passed(&rows.rows[at], rows.values(at)[place])))
    }
}

impl SessionRows {
    fn new(mut rows: Vec<RunFigures>, mut values: Vec<f64>, factors: &[f64]) -> Self {
        let metrics = factors.len();
        for (value, factor) in values.iter_mut().zip(factors.iter().cycle()) {
            *value *= factor;
        }
        if !rows.is_sorted_by_key(|row| row.test) {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_unstable_by_key(|at| rows[*at].test);
            values = order.iter().flat_map(|at| &values[at * metrics..(at + 1) * metrics]).copied().collect();
            rows = order.into_iter().map(|at| rows[at]).collect();
        }
        Self { rows, values, metrics }
    }

    /// The values of the row at this place, one for each metric.
    pub(super) fn values(&self, at: usize) -> &[f64] {
        &self.values[at * self.metrics..(at + 1) * self.metrics]
    }
}

/// What a row says of one of its values; `None` if the test did not pass or it was not measured.
pub(super) fn of_passed(row: &RunFigures, value: f64) -> Option<f64> {
    Some(value).filter(|value| row.passed && !value.is_nan())
}
