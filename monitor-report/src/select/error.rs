//! Why a text does not name a session or a test.

use std::fmt::{self, Display, Formatter};

/// Why a text does not name a session.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// The file has none.
    #[error("the file has no session: run monitored tests first")]
    Empty,
    /// The text is empty, as a variable that is not set.
    #[error("the name of a session is empty: write `latest`, a commit, a branch, a date or tag:KEY=VALUE")]
    Nameless,
    /// Nothing matches.
    #[error("no session matches `{text}`{near}; `cargo monitor sessions` lists them")]
    Unknown {
        /// What the user named.
        text: String,
        /// Similar names.
        near: Near,
    },
    /// The text has several meanings.
    #[error("`{text}` is ambiguous, it can be {meanings}: write more of it, or name one kind, for example `{example}`")]
    Ambiguous {
        /// What the user named.
        text: String,
        /// What matches.
        meanings: String,
        /// A selector that matches only one.
        example: String,
    },
    /// The session has no tests.
    #[error("session {session} has no test that ended")]
    NoTests {
        /// Its identifier, short.
        session: String,
    },
    /// Nothing is left to compare with.
    #[error("`{text}` selects nothing to compare with: there is no session before the one that is compared")]
    NoBase {
        /// What the user named.
        text: String,
    },
    /// The repository has the commit, but neither it nor a commit before it was measured.
    #[error("`{text}` is commit {commit}, but no session ran on it or on a commit before it")]
    NotMeasured {
        /// What the user named.
        text: String,
        /// The commit, short.
        commit: String,
    },
    /// `last:` without a number.
    #[error("`{text}` is not a number of runs: write, for example, last:20")]
    NoCount {
        /// What the user named.
        text: String,
    },
    /// There are fewer sessions than that.
    #[error("`{text}` goes back too far: there are {count} such sessions")]
    TooFar {
        /// What the user named.
        text: String,
        /// How many sessions there are.
        count: usize,
    },
}

/// Names that are similar to an unknown one.
#[derive(Debug)]
pub struct Near(pub(crate) Vec<String>);

impl Display for Near {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => Ok(()),
            names => write!(f, "; did you mean `{}`?", names.join("` or `")),
        }
    }
}

/// Why a text does not name a test.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// The text is empty, as a variable that is not set.
    #[error("the name of a test is empty: write a test's name, a part of it, or a glob such as 'parser::*'")]
    Nameless,
    /// Nothing matches.
    #[error("no test matches `{text}` in any session{near}; `cargo monitor show` lists those of the newest")]
    Unknown {
        /// What the user named.
        text: String,
        /// A name that is like it, as the end of a sentence.
        near: String,
    },
    /// Several match, where one is wanted.
    #[error("`{text}` matches {count} tests: write more of the name. They are {names}")]
    Ambiguous {
        /// What the user named.
        text: String,
        /// How many tests match.
        count: usize,
        /// The first of them.
        names: String,
    },
}
