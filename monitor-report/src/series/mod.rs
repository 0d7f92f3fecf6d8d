//! The runs of one test over the sessions, and where its cost changed: the data of `history`, `plot` and `report`.
//!
//! [`Archive`] reads them, [`shifts`] finds the changes, [`chart`] draws.

pub mod chart;
mod lockfiles;
pub mod shifts;

use std::collections::HashMap;
use std::sync::Arc;

use monitor_analysis::metric::Metric;
use monitor_store::{Session, Test, TestId, Timestamp};

use crate::comparison::code;
use crate::error::ReportError;
use crate::gate::Levels;
use crate::measure;
use crate::source::Source;
use lockfiles::Lockfiles;

pub use shifts::Shift;

/// The histories of tests.
pub struct Archive<'a> {
    source: &'a dyn Source,
    levels: &'a Levels,
    sessions: HashMap<String, Arc<Session>>,
    lockfiles: Lockfiles<'a>,
}

/// Which runs of a test are wanted.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Those of other machine classes than the newest too.
    pub across_machines: bool,
    /// None of sessions before this time.
    pub from: Option<Timestamp>,
    /// None of sessions after this time.
    pub until: Option<Timestamp>,
}

/// The runs of one test.
#[derive(Clone, Debug)]
pub struct Series {
    /// Which test.
    pub test: TestId,
    /// Its runs, oldest session first, one for each session: of several attempts the last.
    pub runs: Vec<Run>,
    /// The number of runs that are left out because they ran on another machine class than the newest.
    pub other_machines: usize,
}

/// One run of a test.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its session.
    pub session: Arc<Session>,
    /// What was measured.
    pub test: Test,
}

impl<'a> Archive<'a> {
    /// The histories in a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn new(source: &'a dyn Source) -> Result<Self, ReportError> {
        let sessions = source.sessions()?.into_iter();
        let sessions = sessions.map(|session| (session.session_h.clone(), Arc::new(session))).collect();
        Ok(Self { source, levels: Levels::NONE, sessions, lockfiles: Lockfiles::new(source) })
    }

    /// With changes that were accepted, each of which begins a new level.
    #[must_use]
    pub fn with_levels(self, levels: &'a Levels) -> Self {
        Self { levels, ..self }
    }

    /// The runs of a test.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn series(&self, test: &TestId, scope: &Scope) -> Result<Series, ReportError> {
        let mut runs: Vec<Run> = Vec::new();
        for test in self.source.history(test)? {
            let Some(session) = self.sessions.get(test.session_h()) else { continue };
            let date = session.run_date;
            if scope.from.is_some_and(|from| date < from) || scope.until.is_some_and(|until| date > until) {
                continue;
            }
            runs.pop_if(|last| last.session.session_h == session.session_h);
            runs.push(Run { session: session.clone(), test });
        }
        let all = runs.len();
        if !scope.across_machines {
            let newest = runs.last().and_then(|run| measure::machine(&run.test)).map(str::to_owned);
            runs.retain(|run| measure::machine(&run.test) == newest.as_deref());
        }
        Ok(Series { test: test.clone(), other_machines: all - runs.len(), runs })
    }

    /// The change points of a metric, each with the dependencies that changed there.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn shifts(&self, series: &Series, metric: Metric) -> Result<Vec<Shift>, ReportError> {
        let accepted = self.accepted(series, metric);
        let mut shifts = shifts::find(metric, &series.values(metric), series.is_exact(metric), &accepted);
        for shift in &mut shifts {
            let (before, after) = (&series.runs[shift.before], &series.runs[shift.index]);
            shift.dependencies = self.lockfiles.diff(&before.session.session_h, &after.session.session_h)?;
        }
        Ok(shifts)
    }

    /// The runs with which a level begins that was accepted.
    fn accepted(&self, series: &Series, metric: Metric) -> Vec<usize> {
        let is_over = |run: &Run| self.levels.is_over(&series.test, metric, &run.session.session_h);
        let over: Vec<bool> = series.runs.iter().map(is_over).collect();
        (1..over.len()).filter(|&run| over[run - 1] && !over[run]).collect()
    }
}

impl Series {
    /// Whether nothing changes this metric but the code: it is counted, of one thread, and no commit disagrees with
    /// itself.
    fn is_exact(&self, metric: Metric) -> bool {
        let mut known: HashMap<&str, f64> = HashMap::new();
        let mut passed = self.runs.iter().filter(|run| measure::passed(&run.test));
        metric.is_countable()
            && passed.all(|run| match (run.value(metric), code(&run.session)) {
                _ if !measure::is_single_threaded(&run.test) => false,
                (Some(value), Some(code)) => *known.entry(code).or_insert(value) == value,
                _ => true,
            })
    }

    /// A value for each run; `None` if the test did not pass or it was not measured.
    #[must_use]
    pub fn values(&self, metric: Metric) -> Vec<Option<f64>> {
        self.runs.iter().map(|run| run.value(metric)).collect()
    }
}

impl Run {
    /// The value of a metric, if the test passed and it was measured.
    #[must_use]
    pub fn value(&self, metric: Metric) -> Option<f64> {
        if measure::passed(&self.test) { measure::value(&self.test, metric) } else { None }
    }
}
