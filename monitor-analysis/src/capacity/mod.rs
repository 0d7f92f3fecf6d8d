//! What a test suite needs of a machine: wall time and peak memory at other numbers of workers and cores, from one
//! recorded session.
//!
//! The runner's schedule is replayed. A test keeps a share of a core busy (or several cores) and waits for the rest of
//! its time; where the tests that run at once ask for more cores than there are, the time on the CPU stretches until
//! they fit, and the waiting does not. Memory is taken to be held from start to end.
//!
//! What it cannot know: a test that had to wait for a core while it was recorded looks like one that sleeps, so record
//! with no more workers than cores; and threads that found no core free cannot show what they would do with more.

mod plan;
mod replay;
mod workload;

pub use plan::{Bound, Machine, bounds, cheapest};
pub use workload::{Forecast, RecordedTest, Recording, Runner, Workload};
