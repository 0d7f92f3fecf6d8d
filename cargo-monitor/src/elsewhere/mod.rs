//! Tests of other commits: built and run in a worktree of their own, beside what the user works on.
//!
//! What is built lies in `monitor/` of the target folder, the worktree and the results apart for each workspace, so that the
//! next question about the same commits is answered at once. One command at a time uses them.

mod place;
mod worktree;

pub(crate) use self::place::{Outcome, Place, Task, must_run};
pub(crate) use self::worktree::{Worktree, build_folder, commit, first_parents, folder, subject};
