//! One file, in this process: a writer, and readers beside it.

mod checkpoint;
mod connection;
mod numbers;
#[cfg(test)]
mod plans;
mod read;
mod write;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use monitor_store::{Figure, Figures};
use rusqlite::{Connection, params};

use self::checkpoint::Checkpoints;
pub(super) use self::checkpoint::empty_journal;
use self::connection::{PATIENCE, connect, explain, migrate, reserve, unopened};
use self::read::Readers;
use self::write::Writer;
use super::rows::{Context, Run, Session, Token};
use super::sql::{Dialect, Sql};
use super::{Count, Filter, Finding, Message, Names, Outcome, Page, Store, StoreError, Wait, Write, Writers};
use super::{cells, figures};

/// A SQLite database.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    writer: Mutex<Writer>,
    checkpoints: Checkpoints,
    readers: Readers,
    figures: figures::Memory,
    _reserved: Option<File>,
}

impl Sqlite {
    /// Opens or makes a file.
    ///
    /// # Errors
    ///
    /// If that is not possible, or the file is of a newer version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::with(path, connect(path)?, None)
    }

    /// As [`Sqlite::open`], for a server: what it remembers is not what another one has written since.
    ///
    /// # Errors
    ///
    /// As there, and if another server has it, in this or any other process.
    pub fn open_alone(path: &Path) -> Result<Self, StoreError> {
        let connection = connect(path)?;
        Self::with(path, connection, Some(reserve(path)?))
    }

    fn with(path: &Path, mut connection: Connection, reserved: Option<File>) -> Result<Self, StoreError> {
        migrate(path, &mut connection)?;
        connection.execute_batch("PRAGMA wal_autocheckpoint = 0").map_err(explain)?;
        let (checkpoints, readers) = (Checkpoints::start(path)?, Readers::new(path));
        let (writer, figures) = (Mutex::new(Writer::new(connection)), figures::Memory::default());
        Ok(Self { path: path.to_owned(), writer, checkpoints, readers, figures, _reserved: reserved })
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic in a write has left a transaction that was rolled back, and nothing else.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list<T>(&self, sql: Sql, decode: fn(cells::Cells) -> T) -> Result<Vec<T>, StoreError> {
        self.readers.rows(&sql.text, &sql.values, decode)
    }
}

impl Store for Sqlite {
    fn write(&self, requests: &[&Write], wait: Wait) -> Result<Vec<Outcome>, StoreError> {
        let mut writer = self.writer();
        let patience = if wait == Wait::Yes { PATIENCE } else { Duration::ZERO };
        writer.connection().busy_timeout(patience).map_err(explain)?;
        let outcomes = writer.group(requests).map_err(explain)?;
        let rows = requests.iter().map(|request| request.runs.len()).sum();
        self.checkpoints.committed(writer.connection(), rows, wait);
        Ok(outcomes)
    }

    fn writers(&self) -> Writers {
        Writers::Here
    }

    fn contexts(&self, filter: &Filter, page: Page) -> Result<Vec<Context>, StoreError> {
        self.list(Sql::contexts(Dialect::Sqlite, filter, page), cells::context)
    }

    fn sessions(&self, filter: &Filter, page: Page) -> Result<Vec<Session>, StoreError> {
        self.list(Sql::sessions(Dialect::Sqlite, filter, page), cells::session)
    }

    fn runs(&self, filter: &Filter, page: Page) -> Result<Vec<Run>, StoreError> {
        self.list(Sql::runs(Dialect::Sqlite, filter, page), cells::run)
    }

    fn figures(&self, project: &str, sessions: &[&str], wanted: &[Figure]) -> Result<Figures, StoreError> {
        let read = |sql| self.list(sql, |cells| cells);
        figures::gather(Dialect::Sqlite, &read, &self.figures, (project, sessions), wanted)
    }

    fn names(&self, what: Names, filter: &Filter) -> Result<Vec<String>, StoreError> {
        self.list(Sql::names(Dialect::Sqlite, what, filter), |mut cells| cells.text())
    }

    fn count(&self, what: Count, filter: &Filter) -> Result<u64, StoreError> {
        let counts = self.list(Sql::count(Dialect::Sqlite, what, filter), |mut cells| cells.integer())?;
        Ok(counts.first().map_or(0, |count| count.unsigned_abs()))
    }

    fn lockfile(&self, project: &str, session_h: &str) -> Result<Option<String>, StoreError> {
        let mut contents = self.list(Sql::lockfile(Dialect::Sqlite, project, session_h), |mut cells| cells.text())?;
        Ok(contents.pop())
    }

    fn findings(&self, project: &str) -> Result<Vec<Finding>, StoreError> {
        self.list(Sql::findings(Dialect::Sqlite, project), Finding::from_cells)
    }

    fn messages(&self, now: i64) -> Result<Vec<Message>, StoreError> {
        self.list(Sql::messages(Dialect::Sqlite, now), Message::from_cells)
    }

    fn delete(&self, project: &str, sessions: &[String]) -> Result<u64, StoreError> {
        self.writer().delete(project, sessions).map_err(explain)
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.list(Sql::tokens(Dialect::Sqlite), cells::token)
    }

    fn set_token(&self, name: &str, token: Option<&Token>) -> Result<bool, StoreError> {
        let writer = self.writer();
        let Some(token) = token else {
            let deleted = writer.connection().execute("DELETE FROM tokens WHERE name = ?1", [name]);
            return Ok(deleted.map_err(explain)? > 0);
        };
        let sql = "INSERT INTO tokens (name, hash, access, project, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![name, token.hash, token.access.as_str(), token.project, token.expires_at];
        writer.connection().execute(sql, values).map_err(explain)?;
        Ok(true)
    }

    fn backup(&self, file: &Path) -> Result<(), StoreError> {
        let connection = connect(&self.path)?;
        // Made here, so that what is deleted below is nobody else's. SQLite takes an empty file for none.
        let made = File::create_new(file);
        if made.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
            return Err(StoreError::Unfit(format!("{} is there already: name a new file", file.display())));
        }
        let copied = connection.execute("VACUUM INTO ?1", [file.to_string_lossy()]);
        if copied.is_err() && made.is_ok() {
            // Half a copy would be in the way of the next.
            let _ = fs::remove_file(file);
        }
        copied.map(|_| ()).map_err(|error| unopened(file, error))
    }
}
