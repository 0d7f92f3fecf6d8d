//! What a session is judged against: the baseline branch, up to where the session's own branch left it.

use std::collections::HashSet;
use std::sync::Arc;

use monitor_report::comparison::Sides;
use monitor_report::gate::Gate;
use monitor_report::{Records, ReportError, Repository, select};
use monitor_store::{Session, Timestamp};

use super::sides::grounds;
use super::source::Project;
use super::verdict::Verdict;

/// The branches that are looked for, where the server is not told which one is the baseline.
pub const USUAL: [&str; 2] = ["main", "master"];

/// Sessions that no branch is known of are judged against so many before them.
const BEFORE: usize = 20;

/// The baseline of a project as `cargo monitor gate --baseline` takes it: the branch, or, where no session names one of
/// these, the sessions before.
#[must_use]
pub fn of(project: &Project<'_>, branches: &[&str]) -> String {
    let has = |branch: &str| project.newest_first().any(|session| select::branches(session).any(|it| it == branch));
    match branches.iter().find(|branch| has(branch)) {
        Some(branch) => format!("branch:{branch}"),
        None => format!("last:{BEFORE}"),
    }
}

/// Judges a session as `cargo monitor gate --baseline BASELINE --head SESSION` does.
///
/// # Errors
///
/// If the rows can't be read.
pub fn judge(project: &Project<'_>, session: &Session, baseline: &str) -> Result<Arc<Verdict>, ReportError> {
    let gate = Gate::new(baseline, format!("session:{}", session.session_h));
    let fork = Fork::of(project, session, baseline);
    let records = Records { source: project, repository: &fork };
    let judge = || gate.check(records, Timestamp::now()).map(|outcome| Verdict::of(&outcome));
    match Sides::find(records, &gate.baseline, &gate.head) {
        Ok(sides) => project.verdicts().gates.get(&grounds(project, baseline, &sides), judge),
        // Without a base there is little to do.
        Err(_) => judge().map(Arc::new),
    }
}

/// What is known of the code's history without a repository: the commit at which the session's branch left the baseline.
#[derive(Debug)]
struct Fork {
    /// Commits of the baseline, if one of them is that commit.
    known: HashSet<String>,
    /// Those up to it.
    ancestors: HashSet<String>,
}

impl Fork {
    fn of(project: &Project<'_>, session: &Session, baseline: &str) -> Self {
        let none = Self { known: HashSet::new(), ancestors: HashSet::new() };
        let kept = project.kept(&session.session_h);
        let (Some(merge_base), Some(branch)) =
            (kept.and_then(|kept| kept.facts.merge_base.as_deref()), baseline.strip_prefix("branch:"))
        else {
            return none;
        };
        let on_baseline = |it: &&Session| select::branches(it).any(|name| name == branch);
        let sessions: Vec<&Session> = project.newest_first().filter(on_baseline).collect();
        let Some(at) = sessions.iter().position(|it| it.scm_id == merge_base) else { return none };
        let commits = |sessions: &[&Session]| sessions.iter().map(|it| it.scm_id.clone()).collect();
        Self { known: commits(&sessions), ancestors: commits(&sessions[at..]) }
    }
}

impl Repository for Fork {
    fn commit(&self, _: &str) -> Option<String> {
        None
    }

    fn ancestors(&self, _: &str) -> Option<HashSet<String>> {
        (!self.known.is_empty()).then(|| self.ancestors.clone())
    }

    fn known(&self, commits: &[&str]) -> HashSet<String> {
        commits.iter().filter(|commit| self.known.contains(**commit)).map(|commit| (*commit).to_owned()).collect()
    }
}
