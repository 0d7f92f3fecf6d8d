//! Where rows are kept: one trait, two backends.
//!
//! Calls block. They run on threads of their own: the queue of `ingest` writes, the state of the server reads.

mod cells;
mod conditions;
mod costs;
mod described;
mod digest;
mod figures;
mod filter;
mod finding;
mod measures;
mod message;
pub mod open;
pub mod postgres;
mod rows;
mod sql;
pub mod sqlite;
mod tallies;
mod value;

use std::path::Path;

use monitor_store::{Figure, Kind, TestId};

use self::cells::Cells;
use self::sql::{Dialect, Sql};

pub(crate) use digest::{digest, hex};
pub use filter::{Count, Filter, Names, Order, Page, RESOURCES, Tag, Text};
pub use finding::{Finding, State};
pub use message::Message;
pub use rows::{Access, Class, Context, Facts, Figures, Judged, Profile, Run, Session, Token};

/// A database of projects.
///
/// What is asked is the same SQL in all of them, but for its `Dialect`; a backend runs it.
pub trait Store: Send + Sync {
    /// In which it is asked.
    fn dialect(&self) -> Dialect;

    /// Hands on each row of an answer.
    ///
    /// # Errors
    ///
    /// If the database can't be read, as for all that read.
    fn query(&self, sql: &Sql, each: &mut dyn FnMut(Cells)) -> Result<(), StoreError>;

    /// Runs a statement in a transaction of its own; how many rows it changed.
    ///
    /// # Errors
    ///
    /// If it failed. Nothing is changed then.
    fn execute(&self, sql: &Sql) -> Result<u64, StoreError>;

    /// What is kept of the figures that were asked for.
    fn remembered(&self) -> &figures::Memory;

    /// Stores requests in one transaction with one sync, each whole or not at all.
    ///
    /// # Errors
    ///
    /// If the transaction failed. Nothing is stored then.
    fn write(&self, requests: &[&Write], wait: Wait) -> Result<Vec<Outcome>, StoreError>;

    /// Who may call [`Store::write`] at once.
    fn writers(&self) -> Writers;

    /// Contexts, in the order of insertion.
    ///
    /// # Errors
    ///
    /// If the database can't be read, as for all that follow.
    fn contexts(&self, filter: &Filter, page: Page) -> Result<Vec<Context>, StoreError> {
        list(self, &Sql::contexts(self.dialect(), filter, page), cells::context)
    }

    /// Sessions, in the order of insertion.
    ///
    /// # Errors
    ///
    /// As above.
    fn sessions(&self, filter: &Filter, page: Page) -> Result<Vec<Session>, StoreError> {
        list(self, &Sql::sessions(self.dialect(), filter, page), cells::session)
    }

    /// Runs of tests: those with metrics, or all if the filter says so.
    ///
    /// # Errors
    ///
    /// As above.
    fn runs(&self, filter: &Filter, page: Page) -> Result<Vec<Run>, StoreError> {
        list(self, &Sql::runs(self.dialect(), filter, page), cells::run)
    }

    /// The last run of each test in some sessions, with some figures of it.
    ///
    /// # Errors
    ///
    /// As above.
    fn figures(
        &self,
        project: &str,
        sessions: &[&str],
        wanted: &[Figure],
    ) -> Result<monitor_store::Figures, StoreError> {
        let read = |sql: Sql| list(self, &sql, |cells| cells);
        figures::gather(self.dialect(), read, self.remembered(), (project, sessions), wanted)
    }

    /// Every test of a project.
    ///
    /// # Errors
    ///
    /// As above.
    fn tests(&self, project: &str) -> Result<Vec<TestId>, StoreError> {
        let tests = list(self, &Sql::tests(self.dialect(), project), cells::test)?;
        Ok(tests.into_iter().filter(|(_, kind, _)| *kind == Kind::Function).map(|(.., id)| id).collect())
    }

    /// Distinct names, in the order of their first appearance.
    ///
    /// # Errors
    ///
    /// As above.
    fn names(&self, what: Names, filter: &Filter) -> Result<Vec<String>, StoreError> {
        list(self, &Sql::names(self.dialect(), what, filter), |mut cells| cells.text())
    }

    /// How many rows a filter selects.
    ///
    /// # Errors
    ///
    /// As above.
    fn count(&self, what: Count, filter: &Filter) -> Result<u64, StoreError> {
        let counts = list(self, &Sql::count(self.dialect(), what, filter), |mut cells| cells.integer())?;
        Ok(counts.first().map_or(0, |count| count.unsigned_abs()))
    }

    /// The `Cargo.lock` that a session ran with.
    ///
    /// # Errors
    ///
    /// As above.
    fn lockfile(&self, project: &str, session_h: &str) -> Result<Option<String>, StoreError> {
        Ok(list(self, &Sql::lockfile(self.dialect(), project, session_h), |mut cells| cells.text())?.pop())
    }

    /// The findings of a project, in the order in which they were made.
    ///
    /// # Errors
    ///
    /// As above.
    fn findings(&self, project: &str) -> Result<Vec<Finding>, StoreError> {
        list(self, &Sql::findings(self.dialect(), project), Finding::from_cells)
    }

    /// Some messages that are due at `now`, seconds since 1970, those that have waited longest first.
    ///
    /// # Errors
    ///
    /// As above.
    fn messages(&self, now: i64) -> Result<Vec<Message>, StoreError> {
        list(self, &Sql::messages(self.dialect(), now), Message::from_cells)
    }

    /// Deletes sessions with all that hangs on them, and then what nothing refers to any more.
    ///
    /// # Errors
    ///
    /// As above.
    fn delete(&self, project: &str, sessions: &[String]) -> Result<u64, StoreError>;

    /// Every token, by the hash of its secret.
    ///
    /// # Errors
    ///
    /// As above.
    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        list(self, &Sql::tokens(self.dialect()), cells::token)
    }

    /// Adds a token with this name, or deletes it if `token` is `None`; false if there was none to delete.
    ///
    /// # Errors
    ///
    /// As above.
    fn set_token(&self, name: &str, token: Option<&Token>) -> Result<bool, StoreError> {
        Ok(self.execute(&Sql::set_token(self.dialect(), name, token))? > 0)
    }

    /// A consistent copy of everything in a new file.
    ///
    /// # Errors
    ///
    /// If the copy can't be made.
    fn backup(&self, file: &Path) -> Result<(), StoreError>;
}

fn list<T>(store: &(impl Store + ?Sized), sql: &Sql, decode: fn(Cells) -> T) -> Result<Vec<T>, StoreError> {
    let mut rows = Vec::new();
    store.query(sql, &mut |cells| rows.push(decode(cells)))?;
    Ok(rows)
}

/// Whether a write may wait for what is not its own work: for another program that has the database, or for a long tidying-up.
/// If it may not, the database is [`StoreError::Unavailable`] at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It may.
    Yes,
    /// The thread is needed elsewhere.
    No,
}

/// Who may write to a database at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writers {
    /// One thread, whichever: it is kept as long as this machine's disk takes for a sync.
    Here,
    /// So many threads of their own, each of which waits for another process.
    Elsewhere(usize),
}

impl Writers {
    /// How many.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Here => 1,
            Self::Elsewhere(count) => count,
        }
    }
}

/// What one request stores in one project.
#[derive(Clone, Debug, Default)]
pub struct Write {
    /// The project, made if it is not there.
    pub project: String,
    /// Contexts; one that is there stays as it is.
    pub contexts: Vec<Context>,
    /// A session; if it is there with another date, revision or description, the request is refused.
    pub session: Option<Session>,
    /// The text of the session's `Cargo.lock`.
    pub lockfile: Option<String>,
    /// Runs of tests.
    pub runs: Vec<Run>,
    /// The verdict on a session, in the place of that before.
    pub verdict: Option<Judged>,
    /// Findings; of one that is there, what became of it is changed.
    pub findings: Vec<Finding>,
    /// Messages that are new or have changed.
    pub messages: Vec<Message>,
    /// Whether each run is a new row whatever is there already; otherwise a run that is there is left alone. Such runs are metrics, and
    /// nothing else is stored with them.
    pub append: bool,
}

/// The result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stored.
    Stored {
        /// Rows that were not there before.
        new_runs: u64,
    },
    /// Nothing is stored: there is another session under this identifier.
    OtherSession,
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is not available at the moment; nothing was stored. Trying again may help.
    #[error("the database is not to be had: {0}")]
    Unavailable(String),
    /// The disk is full.
    #[error("the disk of the database is full: {0}")]
    Full(String),
    /// It took too long.
    #[error("the database needed longer than a request may take")]
    TooSlow,
    /// It is none that could be used for this: what is wrong with it, and what to do.
    #[error("{0}")]
    Unfit(String),
    /// An error that should not happen.
    #[error("the database failed: {0}")]
    Broken(String),
}
