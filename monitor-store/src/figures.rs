//! Runs as comparisons need them: numbers only. Texts that are the same in thousands of rows stand once.

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
    /// The identity of each test.
    pub tests: Vec<TestId>,
    /// Machine classes; the execution context where the class is unknown.
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
    /// Which test, an index into [`Figures::tests`].
    pub test: u32,
    /// On which machine, an index into [`Figures::machines`].
    pub machine: u32,
    /// Whether it passed; true for pytest-monitor, which records no other tests.
    pub passed: bool,
    /// Whether the test had the process to itself; such figures are not compared with those of tests that ran beside others.
    pub whole_process: bool,
    /// Whether only its own thread worked for it; false where threads were not counted.
    pub single_threaded: bool,
    /// What its memory figure is: heap or resident memory.
    pub memory: Option<MemSource>,
}
