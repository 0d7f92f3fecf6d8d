//! What requests say of sessions and contexts, and beside their rows: stored by the same statements in both databases.

use super::Write;
use super::cells::{self, Cells};
use super::digest::digest;
use super::rows::{Context, Session};
use super::sql::{BLOCK, Dialect, Sql};

/// Tags in a statement: both databases take so many values and more.
const TAGS: usize = 1_000;

/// A transaction of a database.
pub(super) trait Transaction {
    type Error;
    const DIALECT: Dialect;

    fn execute(&mut self, sql: &Sql) -> Result<(), Self::Error>;

    fn first<T>(&mut self, sql: &Sql, decode: fn(Cells) -> T) -> Result<Option<T>, Self::Error>;
}

/// Stores a session, or what was not said of it yet; false if there is another under its identifier.
pub(super) fn session<T: Transaction>(
    transaction: &mut T,
    project: i64,
    label: i64,
    session: &Session,
    lockfile: Option<&str>,
) -> Result<bool, T::Error> {
    let tags = cells::tags_to(&session.tags);
    let new = Sql::session(T::DIALECT, project, label, session, &tags);
    if let Some(id) = transaction.first(&new, |mut cells| cells.integer())? {
        for (chunk, tags) in session.tags.chunks(TAGS).enumerate() {
            transaction.execute(&Sql::tags(T::DIALECT, id, chunk * TAGS, tags))?;
        }
    } else {
        let known = |mut cells: Cells| (cells.text(), cells.maybe(), cells.text());
        let known = transaction.first(&Sql::known_session(T::DIALECT, label), known)?;
        if known != Some((session.run_date.clone(), session.scm_ref.clone(), tags)) {
            return Ok(false);
        }
    }
    let lockfile = lockfile.map(|content| self::lockfile(transaction, content)).transpose()?;
    transaction.execute(&Sql::facts(T::DIALECT, label, &session.facts, lockfile))?;
    Ok(true)
}

fn lockfile<T: Transaction>(transaction: &mut T, content: &str) -> Result<i64, T::Error> {
    let hash = digest([content]);
    transaction.execute(&Sql::new_lockfile(T::DIALECT, hash, content))?;
    let number = transaction.first(&Sql::number_of_lockfile(T::DIALECT, hash), |mut cells| cells.integer())?;
    Ok(number.unwrap_or(0))
}

/// Stores a context; one that is there stays as it is.
pub(super) fn context<T: Transaction>(
    transaction: &mut T,
    project: i64,
    label: i64,
    context: &Context,
) -> Result<(), T::Error> {
    transaction.execute(&Sql::context(T::DIALECT, project, label, context))
}

/// Stores what was found about sessions, and what is told of it.
pub(super) fn judged<T: Transaction>(transaction: &mut T, project: i64, request: &Write) -> Result<(), T::Error> {
    let verdict = request.verdict.iter().map(|judged| Sql::judged(T::DIALECT, project, judged));
    let findings = request.findings.iter().map(|it| Sql::keep(T::DIALECT, project, it.values()));
    let messages = request.messages.iter().map(|message| Sql::message(T::DIALECT, message));
    verdict.chain(findings).chain(messages).try_for_each(|sql| transaction.execute(&sql))
}

/// Deletes sessions of a project, and notes the tests that they may have been the last of in the table `going`, for
/// [`sweep`](super::sql::sweep); how many there were.
pub(super) fn delete<T: Transaction>(transaction: &mut T, project: &str, sessions: &[String]) -> Result<u64, T::Error> {
    let mut deleted = 0;
    for session_h in sessions {
        let numbers = |mut cells: Cells| (cells.integer(), cells.integer());
        let found = transaction.first(&Sql::numbers_of_session(T::DIALECT, project, session_h), numbers)?;
        let Some((session, label)) = found else { continue };
        let going =
            format!("INSERT INTO going SELECT DISTINCT test, key, session / {BLOCK} FROM runs WHERE session = $1");
        for (statement, number) in [
            (going.as_str(), label),
            ("DELETE FROM profiles WHERE run IN (SELECT id FROM runs WHERE session = $1)", label),
            ("DELETE FROM costs WHERE run IN (SELECT id FROM runs WHERE session = $1)", label),
            ("DELETE FROM runs WHERE session = $1", label),
            ("DELETE FROM tallies WHERE session = $1", label),
            ("DELETE FROM session_tags WHERE session = $1", session),
            ("DELETE FROM sessions WHERE id = $1", session),
        ] {
            transaction.execute(&Sql::of_number(T::DIALECT, statement, number))?;
        }
        deleted += 1;
    }
    Ok(deleted)
}
