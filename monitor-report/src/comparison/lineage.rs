//! What a session comes from: by the repository's history where it is known, else by time.

use std::collections::HashSet;

use monitor_store::{Session, Timestamp};

use crate::repository::Repository;
use crate::select;

/// The code that a session ran: its commit. `None` if it is unknown, or had uncommitted changes.
#[must_use]
pub fn code(session: &Session) -> Option<&str> {
    (!select::is_dirty(session) && !session.scm_id.is_empty()).then_some(session.scm_id.as_str())
}

/// The past of a session.
pub(super) struct Lineage {
    time: Timestamp,
    session_h: String,
    /// Commits that the repository has, of those that were asked for, and of them the ancestors.
    known: HashSet<String>,
    ancestors: HashSet<String>,
}

impl Lineage {
    /// By time alone.
    pub(super) fn by_time(head: &Session) -> Self {
        Self {
            time: head.run_date,
            session_h: head.session_h.clone(),
            known: HashSet::new(),
            ancestors: HashSet::new(),
        }
    }

    /// By the repository, for the commits of these sessions.
    pub(super) fn of(head: &Session, sessions: &[Session], repository: &dyn Repository) -> Self {
        let mut lineage = Self::by_time(head);
        if head.scm_id.is_empty() {
            return lineage;
        }
        if let Some(ancestors) = repository.ancestors(&head.scm_id) {
            lineage.ancestors = ancestors;
            let commits: HashSet<&str> = sessions.iter().map(|session| session.scm_id.as_str()).collect();
            let asked: Vec<&str> = commits.into_iter().filter(|commit| !commit.is_empty()).collect();
            lineage.known = repository.known(&asked);
        }
        lineage
    }

    /// Whether the head comes from this session's code: its commit is an ancestor, or, where that is not known, it ran
    /// before.
    pub(super) fn is_before(&self, session: &Session) -> bool {
        if self.known.contains(&session.scm_id) {
            return self.ancestors.contains(&session.scm_id);
        }
        (session.run_date, session.session_h.as_str()) < (self.time, self.session_h.as_str())
    }
}
