//! Changes that were accepted. From then on a figure is compared with its new level only.

use std::collections::HashSet;
use std::str::FromStr;

use monitor_analysis::metric::Metric;
use monitor_store::{Session, TestId, Timestamp};

use super::pattern::Pattern;
use super::rule::{RuleError, figures};
use crate::repository::Repository;

/// A change that was accepted: `allocations in parse_* since 0123abc`. What was measured before that commit is no longer used
/// as history of these figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// Every metric if `None`.
    metric: Option<Metric>,
    tests: Pattern,
    commit: String,
}

impl Accepted {
    /// Whether it is about this metric of this test.
    #[must_use]
    pub fn covers(&self, test: &TestId, metric: Metric) -> bool {
        self.metric.is_none_or(|known| known == metric) && self.tests.matches(test)
    }

    /// The identifiers of those sessions that come before the commit: by the repository, or by time where it does not know
    /// them.
    #[must_use]
    pub fn before(&self, sessions: &[Session], repository: &dyn Repository) -> HashSet<String> {
        let is_it = |session: &&Session| session.scm_id.starts_with(&self.commit);
        let first: Option<Timestamp> = sessions.iter().filter(is_it).map(|session| session.run_date).min();
        let ancestors = repository.commit(&self.commit).and_then(|commit| repository.ancestors(&commit));
        let is_before = |session: &&Session| match (&ancestors, first) {
            _ if is_it(session) => false,
            (Some(ancestors), _) if ancestors.contains(&session.scm_id) => true,
            (_, Some(first)) => session.run_date < first,
            _ => false,
        };
        sessions.iter().filter(is_before).map(|session| session.session_h.clone()).collect()
    }
}

/// Accepted changes, and the sessions before each.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// Each change, and the sessions before it.
    changes: Vec<(Accepted, HashSet<String>)>,
}

impl Levels {
    /// No change was accepted.
    pub const NONE: &'static Self = &Self { changes: Vec::new() };

    /// Finds the sessions before each of the accepted changes.
    #[must_use]
    pub fn of(accepted: &[Accepted], sessions: &[Session], repository: &dyn Repository) -> Self {
        let parted = |accepted: &Accepted| (accepted.clone(), accepted.before(sessions, repository));
        Self { changes: accepted.iter().map(parted).collect() }
    }

    /// Whether a change of a metric of a test was accepted after this session.
    #[must_use]
    pub fn is_over(&self, test: &TestId, metric: Metric, session_h: &str) -> bool {
        self.changes.iter().any(|(accepted, before)| before.contains(session_h) && accepted.covers(test, metric))
    }
}

impl std::fmt::Display for Accepted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {} since {}", self.metric.map_or("*", Metric::name), self.tests, self.commit)
    }
}

impl FromStr for Accepted {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let wrong = || RuleError::Accepted(text.to_owned());
        let (what, commit) = text.rsplit_once(" since ").ok_or_else(wrong)?;
        let what = what.split_once(" in ").ok_or_else(wrong)?;
        let commit = commit.trim();
        if commit.len() < 4 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let (metric, tests) = figures(what)?;
        Ok(Self { metric, tests, commit: commit.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written() {
        for text in ["allocations in parse_* since 0123abcd", "* in a::b[1, 2] since beef"] {
            assert_eq!(text.parse::<Accepted>().expect(text).to_string(), text);
        }
        for text in ["allocations in x", "speed in x since beef", "allocations in x since main", "x since beef"] {
            assert!(text.parse::<Accepted>().is_err(), "{text}");
        }
    }
}
