//! The sessions of the two sides.

use std::collections::HashSet;

use monitor_analysis::constants::{HISTORY_SEARCH, SAMPLES_MIN};
use monitor_store::{Monitor, Session};

use crate::select::{self, SelectError};

/// The sessions to compare, each side newest first and never empty.
#[derive(Clone, Debug)]
pub struct Sides {
    /// What is compared with.
    pub base: Vec<Session>,
    /// What is compared.
    pub head: Vec<Session>,
}

impl Sides {
    /// The sides that a user names. A session (`latest`, `…~1`, an identifier) stands for itself; a commit, a branch, a tag
    /// or a date for all sessions that it selects, and `last:N` for the N sessions before the head on its machine class.
    ///
    /// # Errors
    ///
    /// If a name selects nothing, or nothing but the head for the base; if the file cannot be read.
    pub fn find(monitor: &Monitor, base: &str, head: &str) -> anyhow::Result<Self> {
        let head = select::group(monitor, head)?;
        let in_head: HashSet<&str> = head.iter().map(|session| session.session_h.as_str()).collect();
        let mut sessions = match last(base)? {
            Some(count) => before(monitor, &head[0], count)?,
            None => select::group(monitor, base)?,
        };
        sessions.retain(|session| !in_head.contains(session.session_h.as_str()));
        sessions.truncate(HISTORY_SEARCH);
        if sessions.is_empty() {
            return Err(SelectError::NoBase { text: base.to_owned() }.into());
        }
        Ok(Self { base: sessions, head })
    }

    /// A session and the last one before it on its machine class; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn since_last(monitor: &Monitor, session: &Session) -> anyhow::Result<Option<Self>> {
        Self::with_history(monitor, session, 1)
    }

    /// A session and so many of those before it on its machine class; `None` if there are none.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn with_history(monitor: &Monitor, session: &Session, count: usize) -> anyhow::Result<Option<Self>> {
        let base = before(monitor, session, count)?;
        Ok((!base.is_empty()).then(|| Self { base, head: vec![session.clone()] }))
    }

    /// Whether both sides are repeated runs, N against N: enough sessions for it, all of a side on the same commit.
    pub(super) fn are_samples(&self) -> bool {
        let repeated =
            |side: &[Session]| side.len() >= SAMPLES_MIN && side.iter().all(|session| session.scm_id == side[0].scm_id);
        repeated(&self.base) && repeated(&self.head)
    }
}

/// The N of `last:N`.
fn last(text: &str) -> anyhow::Result<Option<usize>> {
    let Some(count) = text.strip_prefix("last:") else { return Ok(None) };
    match count.parse() {
        Ok(count) if count > 0 => Ok(Some(count)),
        _ => anyhow::bail!("`{text}` is not a number of sessions: write for example last:20"),
    }
}

/// The newest sessions before this one that ran on its machine class, newest first.
pub(super) fn before(monitor: &Monitor, head: &Session, count: usize) -> anyhow::Result<Vec<Session>> {
    let classes = monitor.session_classes()?;
    let class = |session: &Session| classes.get(&session.session_h);
    let mut sessions = monitor.sessions(&monitor_store::Sessions::all().newest_first())?;
    sessions.retain(|session| session.run_date < head.run_date && class(session) == class(head));
    sessions.truncate(count);
    Ok(sessions)
}
