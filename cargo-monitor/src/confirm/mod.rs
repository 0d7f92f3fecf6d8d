//! Suspects measured again: alone, in N pairs of head and base, the base built in a worktree of its own.

mod pairs;
mod plan;

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use monitor_report::comparison::{Limits, Sides, code};
use monitor_report::gate::{Again, Doubt, ROUNDS, again};
use monitor_store::{Session, TestId};

use self::pairs::Measured;
pub(crate) use self::plan::Plan;
use crate::app::App;
use crate::elsewhere::{self, Worktree};
use crate::output;

/// Measures again what is in doubt between two sides, and says what came of it. What scatters so much that this is not decided
/// is measured further.
///
/// # Errors
///
/// If a side cannot be built again: its commit is not known, or it does not compile.
pub(crate) fn confirm(
    app: &App,
    sides: &Sides,
    doubts: &[Doubt],
    plan: Plan<'_>,
    limits: &Limits<'_>,
) -> anyhow::Result<Again> {
    if doubts.is_empty() {
        return Ok(Again::default());
    }
    is_here(app, &sides.head[0])?;
    let base = sides.base.iter().find_map(code);
    let base = base.context("cannot build the base again: no session of it ran on a commit without changes")?;
    let mut tests: BTreeSet<TestId> = doubts.iter().map(|doubt| doubt.test.clone()).collect();
    output::note(&format!("measuring {} tests again: {} runs of each side", tests.len(), plan.pairs));
    let head = app.workspace()?;
    let worktree = Worktree::new(&head, &elsewhere::folder(&head))?;
    worktree.check_out(base)?;
    let path = worktree.path();
    let mut measured = Measured::of(&head, &path, &tests.iter().collect(), plan)?;
    let (mut runs, most) = (0, ROUNDS * plan.pairs);
    loop {
        measured.run(&tests.iter().collect())?;
        runs += plan.pairs;
        let found = again(&measured.open()?, measured.pairs()?, doubts, limits)?;
        tests = found.wanting();
        let what = if tests.len() == 1 { "1 test is".to_owned() } else { format!("{} tests are", tests.len()) };
        if tests.is_empty() {
            return Ok(found);
        }
        if runs == most {
            output::note(&format!("{what} still in doubt after {runs} runs of each side: too much scatters here"));
            return Ok(found);
        }
        output::note(&format!("{what} still in doubt after {runs} runs of each side: {} more", plan.pairs));
    }
}

/// The head is the folder as it stands: it must be what was measured.
fn is_here(app: &App, head: &Session) -> anyhow::Result<()> {
    use monitor_report::Repository as _;
    let Some(here) = app.git.commit("HEAD") else { bail!("cannot measure again: this is not a git repository") };
    if !head.scm_id.is_empty() && head.scm_id != here {
        let (head, here) = (output::short(&head.scm_id), output::short(&here));
        bail!("cannot measure again: the head is commit {head}, and {here} is checked out");
    }
    Ok(())
}
