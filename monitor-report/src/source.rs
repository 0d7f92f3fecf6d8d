//! Reading rows, from a file or a server.

use std::collections::HashMap;

use monitor_store::{
    Cost, Figure, Figures, Monitor, ProfileKey, Session, SessionDetails, Sessions, StoreError, Test, TestId,
};

use crate::error::ReportError;
use crate::repository::Repository;

/// Rows of monitored tests: a file, or a project of a server. Every method reads the rows as they are at that moment.
///
/// # Errors
///
/// Each method fails with [`ReportError::Source`] if the rows cannot be read.
#[expect(clippy::missing_errors_doc, reason = "said above of every method")]
pub trait Source: Send + Sync {
    /// Every session, newest first.
    fn sessions(&self) -> Result<Vec<Session>, ReportError>;

    /// The `count` newest sessions, newest first.
    fn newest(&self, count: usize) -> Result<Vec<Session>, ReportError>;

    /// The `count` newest sessions that name this commit, newest first.
    fn of_commit(&self, commit: &str, count: usize) -> Result<Vec<Session>, ReportError>;

    /// Machine, toolchain and lockfile of a session; `None` if there is no such session.
    fn details(&self, session_h: &str) -> Result<Option<SessionDetails>, ReportError>;

    /// The machine class of every session, by session; `None` where it is not known.
    fn classes(&self) -> Result<HashMap<String, Option<String>>, ReportError>;

    /// Every row of a session: tests, then modules and the session itself, each in the order of their start.
    fn tests(&self, session_h: &str) -> Result<Vec<Test>, ReportError>;

    /// The last run of each test in some sessions, with some figures of it: numbers only, so that thousands of runs can be
    /// compared.
    fn figures(&self, sessions: &[&str], figures: &[Figure]) -> Result<Figures, ReportError>;

    /// The identity of each test that ended in a session, sorted by path and variant.
    fn test_ids(&self, session_h: &str) -> Result<Vec<TestId>, ReportError>;

    /// Tests of all sessions: each that ended in one, and maybe others.
    fn known_tests(&self) -> Result<Vec<TestId>, ReportError>;

    /// Every ended run of a test, oldest session first.
    fn history(&self, test: &TestId) -> Result<Vec<Test>, ReportError>;

    /// The costs of the functions in a run that has a process for itself, most expensive first; empty where they are not known.
    fn costs(&self, _run: &ProfileKey) -> Result<Vec<Cost>, ReportError> {
        Ok(Vec::new())
    }

    /// The text of the `Cargo.lock` that a session ran with; `None` if it had none.
    fn lockfile(&self, session_h: &str) -> Result<Option<String>, ReportError>;
}

impl Source for Monitor {
    fn sessions(&self) -> Result<Vec<Session>, ReportError> {
        told(self.sessions(&Sessions::all().newest_first()))
    }

    fn newest(&self, count: usize) -> Result<Vec<Session>, ReportError> {
        told(self.sessions(&Sessions::all().newest(count as u64)))
    }

    fn of_commit(&self, commit: &str, count: usize) -> Result<Vec<Session>, ReportError> {
        told(self.sessions(&Sessions::all().revision(commit).newest(count as u64)))
    }

    fn details(&self, session_h: &str) -> Result<Option<SessionDetails>, ReportError> {
        let details = told(self.session_details(&Sessions::all().id_prefix(session_h)))?;
        Ok(details.into_iter().find(|details| details.session.session_h == session_h))
    }

    fn classes(&self) -> Result<HashMap<String, Option<String>>, ReportError> {
        told(self.session_classes())
    }

    fn tests(&self, session_h: &str) -> Result<Vec<Test>, ReportError> {
        told(self.tests(session_h))
    }

    fn figures(&self, sessions: &[&str], figures: &[Figure]) -> Result<Figures, ReportError> {
        told(self.figures(sessions, figures))
    }

    fn test_ids(&self, session_h: &str) -> Result<Vec<TestId>, ReportError> {
        told(self.test_ids(session_h))
    }

    fn known_tests(&self) -> Result<Vec<TestId>, ReportError> {
        told(self.known_tests())
    }

    fn history(&self, test: &TestId) -> Result<Vec<Test>, ReportError> {
        told(self.history(test, None))
    }

    fn costs(&self, run: &ProfileKey) -> Result<Vec<Cost>, ReportError> {
        told(self.costs(&run.session_h, &run.process_h))
    }

    fn lockfile(&self, session_h: &str) -> Result<Option<String>, ReportError> {
        told(self.lockfile(session_h))
    }
}

fn told<T>(result: Result<T, StoreError>) -> Result<T, ReportError> {
    result.map_err(ReportError::source)
}

/// Where answers come from.
#[derive(Clone, Copy)]
pub struct Records<'a> {
    /// The rows.
    pub source: &'a dyn Source,
    /// The history of the code.
    pub repository: &'a dyn Repository,
}

impl std::fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Records")
    }
}
