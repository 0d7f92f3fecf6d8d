//! Tests of other commits: built and run in a worktree of their own, beside what the user works on.
//!
//! Worktree, target folder and results lie in `monitor/` of the target folder, so that the next question about the same
//! commits is answered at once.

mod place;
mod worktree;

pub(crate) use self::place::{Outcome, Place, Task, must_run};
pub(crate) use self::worktree::{commit, first_parents, subject};
