//! The sessions of the two sides.

use std::collections::HashSet;

use monitor_analysis::constants::{HISTORY_BEHIND_ONE, HISTORY_MIN_VALUES, HISTORY_WINDOW, SAMPLES_MIN};
use monitor_store::Session;

use super::lineage::{Lineage, code};
use crate::error::ReportError;
use crate::select::{self, SelectError};
use crate::source::{Records, Source};

/// The sessions to compare, each side newest first and never empty.
#[derive(Clone, Debug)]
pub struct Sides {
    /// The sessions to compare with. At most [`Sides::depth`] values of each test are used, the newest.
    pub base: Vec<Session>,
    /// The sessions that are judged.
    pub head: Vec<Session>,
    /// Other sessions of the head's code: they show which values are the same in every run.
    pub witnesses: Vec<Session>,
    /// The largest number of values of a test.
    pub depth: usize,
    /// The base is one session; those before it only show how much the values scatter.
    pub is_one: bool,
    /// Both sides were run N times in turns to be compared, whatever commit they name.
    pub is_repeated: bool,
}

impl Sides {
    /// The sides that a user names. A session (`latest`, `…~1`, an identifier) stands for its code, and the sessions before
    /// it tell how much that scatters, and so does a commit with too few sessions to say that itself; a commit, a branch, a tag
    /// or a date stands for all sessions that it selects, and `last:N` for those before the head, N values of each test.
    /// `FROM..TO` as the base names both sides.
    ///
    /// Of a branch, what is not an ancestor of the head's commit is left out, where the repository knows it; else what is
    /// later. Sessions of the head's own code are no base, unless nothing else is there. If all of the base is in the head (a
    /// branch and a commit of its past), only what came after the base is the head.
    ///
    /// # Errors
    ///
    /// If a name selects nothing, or nothing but the head for the base; if the file cannot be read.
    pub fn find(records: Records<'_>, base: &str, head: &str) -> Result<Self, ReportError> {
        let (base, head) = range(base).unwrap_or((base, head));
        let mut head = select::group(records, head)?;
        if let Some(count) = last(base)? {
            return Self::before(records.source, head, count)?.ok_or_else(|| no_base(base));
        }
        let is_excluded = |session: &Session| is_one_of(&head, session) || has_code_of(&head, session);
        let named = select::group_without(records, base, &is_excluded)?;
        if named.iter().all(|session| is_one_of(&head, session)) {
            let until = Lineage::of(&named[0], &head, records.repository);
            head.retain(|session| !is_one_of(&named, session) && !until.is_before(session));
            if head.is_empty() {
                return Err(no_base(base));
            }
        }
        let too_few = named.len() == 1 || named.len() < HISTORY_MIN_VALUES && is_one_code(&named);
        let newest = named.iter().find(|session| !is_one_of(&head, session));
        if let Some(newest) = newest.filter(|_| too_few && !is_samples(&named, &head)) {
            return Self::between(records.source, newest.clone(), head);
        }
        let lineage = Lineage::of(&head[0], &named, records.repository);
        let own = |session: &Session| is_one_of(&head, session);
        let others = || named.iter().filter(|session| !own(session));
        let before: Vec<Session> = others().filter(|session| lineage.is_before(session)).cloned().collect();
        let base_sessions = if before.is_empty() { others().cloned().collect() } else { before };
        Self::of(records.source, base_sessions, head, HISTORY_WINDOW)?.ok_or_else(|| no_base(base))
    }

    /// The sessions `head` against the session `base`, with the history of `base`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn between(source: &dyn Source, base: Session, head: Vec<Session>) -> Result<Self, ReportError> {
        let mut sessions = source.sessions()?;
        let named = has_code_of(&head, &base);
        sessions.retain(|session| {
            session.session_h == base.session_h
                || (session.run_date, &session.session_h) < (base.run_date, &base.session_h)
                    && !is_one_of(&head, session)
                    && (named || !has_code_of(&head, session))
        });
        let witnesses = witnesses(source, &head, &sessions)?;
        Ok(Self { base: sessions, head, witnesses, depth: HISTORY_BEHIND_ONE, is_one: true, is_repeated: false })
    }

    /// A session and the last one before it on its machine class that ran other code, or, if there is none, the last that
    /// ran before it in another command; `None` if there is no such session either.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn since_last(source: &dyn Source, session: &Session) -> Result<Option<Self>, ReportError> {
        let classes = source.classes()?;
        let class = |session: &Session| classes.get(&session.session_h);
        let lineage = Lineage::by_time(session);
        let repeat = select::fact(session, "repeat");
        let is_repeat = |other: &Session| repeat.is_some() && select::fact(other, "repeat") == repeat;
        let mut before = source.sessions()?;
        before.retain(|other| lineage.is_before(other) && class(other) == class(session) && !is_repeat(other));
        let is_other = |other: &&Session| code(session).is_none_or(|of_head| code(other) != Some(of_head));
        let last = before.iter().find(is_other).or(before.first()).cloned();
        last.map(|last| Self::between(source, last, vec![session.clone()])).transpose()
    }

    /// Sessions against those before them, at most `depth` values of each test; `None` if there are none before.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn before(source: &dyn Source, head: Vec<Session>, depth: usize) -> Result<Option<Self>, ReportError> {
        let mut sessions = source.sessions()?;
        let lineage = Lineage::by_time(&head[0]);
        sessions.retain(|session| lineage.is_before(session) && !is_one_of(&head, session));
        Self::of(source, sessions, head, depth)
    }

    /// Without the head's own code in the base, unless there is nothing else.
    fn of(
        source: &dyn Source,
        sessions: Vec<Session>,
        head: Vec<Session>,
        depth: usize,
    ) -> Result<Option<Self>, ReportError> {
        if sessions.is_empty() {
            return Ok(None);
        }
        let (own, others): (Vec<Session>, Vec<Session>) =
            sessions.into_iter().partition(|session| has_code_of(&head, session));
        let base = if others.is_empty() { own } else { others };
        let witnesses = witnesses(source, &head, &base)?;
        Ok(Some(Self { base, head, witnesses, depth, is_one: false, is_repeated: false }))
    }

    /// Two sides whose sessions were run in turns to be compared, each newest first.
    #[must_use]
    pub fn repeated(base: Vec<Session>, head: Vec<Session>) -> Self {
        let depth = base.len().max(1);
        Self { base, head, witnesses: Vec::new(), depth, is_one: false, is_repeated: true }
    }

    /// Whether N runs are compared with N: each side has enough sessions, all of one known commit, and not the commit of the
    /// other side.
    #[must_use]
    pub fn are_samples(&self) -> bool {
        self.is_repeated || is_samples(&self.base, &self.head)
    }
}

/// Whether both sides are runs of one code, enough of them, and not of the same.
fn is_samples(base: &[Session], head: &[Session]) -> bool {
    let is_sample = |side: &[Session]| side.len() >= SAMPLES_MIN && is_one_code(side);
    is_sample(base) && is_sample(head) && code(&base[0]) != code(&head[0])
}

fn is_one_code(side: &[Session]) -> bool {
    let first = code(&side[0]);
    first.is_some() && side.iter().all(|session| code(session) == first)
}

/// The two sides of `FROM..TO`, `latest` where one is left out.
fn range(text: &str) -> Option<(&str, &str)> {
    let (from, to) = text.split_once("..").filter(|_| !text.starts_with("tag:"))?;
    let or_latest = [from, to].map(|name| if name.is_empty() { "latest" } else { name });
    Some((or_latest[0], or_latest[1]))
}

fn no_base(text: &str) -> ReportError {
    SelectError::NoBase { text: text.to_owned() }.into()
}

/// Whether a session ran the code of one of these.
fn has_code_of(sessions: &[Session], session: &Session) -> bool {
    code(session).is_some_and(|its| sessions.iter().any(|one| code(one) == Some(its)))
}

fn is_one_of(sessions: &[Session], session: &Session) -> bool {
    sessions.iter().any(|one| one.session_h == session.session_h)
}

/// The sessions of the head's code that are neither head nor base.
fn witnesses(source: &dyn Source, head: &[Session], base: &[Session]) -> Result<Vec<Session>, ReportError> {
    let Some(of_head) = code(&head[0]) else { return Ok(Vec::new()) };
    let taken: HashSet<&str> = head.iter().chain(base).map(|session| session.session_h.as_str()).collect();
    let mut sessions = source.of_commit(of_head, HISTORY_WINDOW)?;
    sessions.retain(|session| code(session).is_some() && !taken.contains(session.session_h.as_str()));
    Ok(sessions)
}

/// The N of `last:N`.
fn last(text: &str) -> Result<Option<usize>, SelectError> {
    let Some(count) = text.strip_prefix("last:") else { return Ok(None) };
    match count.parse() {
        Ok(count) if count > 0 => Ok(Some(count)),
        _ => Err(SelectError::NoCount { text: text.to_owned() }),
    }
}
