//! The rows of a source as comparisons need them: of each session's tests what is compared, read once.

use std::collections::HashMap;
use std::sync::Arc;

use monitor_analysis::metric::Metric;
use monitor_store::{Figure, MemSource, Session, TestId};

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
    sessions: HashMap<String, Arc<Vec<Row>>>,
}

/// The last run of a test in a session: of the attempts of a runner that retries, the one that counts.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Which test.
    pub test: u32,
    /// On which machine class; where it is unknown, in which context.
    pub machine: u32,
    /// Its figures may stand in a baseline.
    pub passed: bool,
    /// Nothing but its own thread worked for it.
    pub single_threaded: bool,
    /// It had the process to itself: another way of measuring.
    pub whole_process: bool,
    /// What its memory is.
    pub memory: Option<MemSource>,
    /// A value for each metric, NaN for none.
    pub values: Box<[f64]>,
}

impl<'a> Rows<'a> {
    /// None read yet.
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

    /// The metrics that are read.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// What names a test.
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
            let row = |(run, values): (&monitor_store::RunFigures, &[f64])| Row {
                test: tests[run.test as usize],
                machine: machines[run.machine as usize],
                passed: run.passed,
                single_threaded: run.threads == Some(1),
                whole_process: run.whole_process,
                memory: run.memory,
                values: values.iter().zip(&factors).map(|(value, factor)| value * factor).collect(),
            };
            let mut rows: Vec<Row> = runs.runs.iter().zip(runs.values.chunks(figures.len().max(1))).map(row).collect();
            rows.sort_unstable_by_key(|row| row.test);
            self.sessions.insert(session_h.to_owned(), Arc::new(rows));
        }
        Ok(())
    }

    /// The rows of a session.
    pub(super) fn of(&mut self, session: &Session) -> Result<Arc<Vec<Row>>, ReportError> {
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

    /// The value of a metric of a test in a session, if it passed and that was measured.
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
        Ok(rows.iter().find(|row| row.test == *number).and_then(|row| row.value(place)))
    }
}

impl Row {
    /// The value of the metric at this place; `None` if the test did not pass or it was not measured.
    pub(super) fn value(&self, metric: usize) -> Option<f64> {
        Some(self.values[metric]).filter(|value| self.passed && !value.is_nan())
    }
}
