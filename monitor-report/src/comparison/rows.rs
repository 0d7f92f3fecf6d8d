//! The rows of a file as comparisons need them: of each session's tests what is compared, read once.

use std::collections::HashMap;
use std::sync::Arc;

use monitor_analysis::metric::Metric;
use monitor_store::{Attribution, Kind, MemSource, Session, Test, TestId};

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

    /// The rows of a session.
    pub(super) fn of(&mut self, session: &Session) -> Result<Arc<Vec<Row>>, ReportError> {
        if let Some(rows) = self.sessions.get(&session.session_h) {
            return Ok(rows.clone());
        }
        let mut last: HashMap<u32, Row> = HashMap::new();
        for test in self.source.tests(&session.session_h)? {
            if test.kind() == Kind::Function {
                let row = self.row(&test);
                last.insert(row.test, row);
            }
        }
        let mut rows: Vec<Row> = last.into_values().collect();
        rows.sort_unstable_by_key(|row| row.test);
        let rows = Arc::new(rows);
        self.sessions.insert(session.session_h.clone(), rows.clone());
        Ok(rows)
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

    fn row(&mut self, test: &Test) -> Row {
        let machine = measure::machine(test).unwrap_or_default();
        let next = self.machines.len() as u32;
        let machine = match self.machines.get(machine) {
            Some(&known) => known,
            None => *self.machines.entry(machine.to_owned()).or_insert(next),
        };
        let id = test.id();
        let next = self.ids.len() as u32;
        let number = *self.numbers.entry(id).or_insert_with_key(|id| {
            self.ids.push(id.clone());
            next
        });
        let profile = test.profile.as_ref();
        Row {
            test: number,
            machine,
            passed: measure::passed(test),
            single_threaded: measure::is_single_threaded(test),
            whole_process: profile.and_then(|profile| profile.attribution) == Some(Attribution::Process),
            memory: profile.and_then(|profile| profile.mem_source),
            values: self.metrics.iter().map(|metric| measure::value(test, *metric).unwrap_or(f64::NAN)).collect(),
        }
    }
}

impl Row {
    /// The value of the metric at this place; `None` if the test did not pass or it was not measured.
    pub(super) fn value(&self, metric: usize) -> Option<f64> {
        Some(self.values[metric]).filter(|value| self.passed && !value.is_nan())
    }
}
