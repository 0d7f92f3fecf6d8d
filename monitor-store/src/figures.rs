//! Runs as a judge needs them: numbers, and nothing that is the same in thousands of rows.

use crate::filter::Resource;
use crate::measures::Measure;
use crate::test_run::TestId;
use crate::words::MemSource;

/// A number that is read of each run.
#[derive(Clone, Copy, Debug)]
pub enum Figure {
    /// The sum of these columns of `TEST_METRICS`.
    Sum(&'static [Resource]),
    /// A measure.
    Measure(&'static Measure),
}

/// The runs of some sessions, each test and machine named by a number.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// What names the tests.
    pub tests: Vec<TestId>,
    /// Machine classes; where one is unknown, the execution context.
    pub machines: Vec<String>,
    /// For each session that was asked for, in that order, its runs.
    pub sessions: Vec<SessionFigures>,
}

/// The runs of a session.
#[derive(Clone, Debug, Default)]
pub struct SessionFigures {
    /// The last run of each test: of the attempts of a runner that retries, the one that counts.
    pub runs: Vec<RunFigures>,
    /// For each of them the figures in the order in which they were asked for, NaN where there is none.
    pub values: Vec<f64>,
}

/// One run of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunFigures {
    /// Which test, in [`Figures::tests`].
    pub test: u32,
    /// On what, in [`Figures::machines`].
    pub machine: u32,
    /// It passed; pytest-monitor records no others.
    pub passed: bool,
    /// It had the process to itself: another way of measuring.
    pub whole_process: bool,
    /// Nothing but its own thread worked for it; not so where threads were not counted.
    pub single_threaded: bool,
    /// What its memory is.
    pub memory: Option<MemSource>,
}
