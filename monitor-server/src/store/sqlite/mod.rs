//! One file, in this process: a writer, and readers beside it.

mod read;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, params};

use self::read::Readers;
use self::write::Writer;
use super::cells::{self, Value};
use super::rows::{Context, Run, Session, Token};
use super::sql::{Dialect, Sql};
use super::{Count, Filter, Names, Outcome, Page, Store, StoreError, Write};

const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_initial.sql")];

/// How long a connection waits for another process: a command of ours, or a backup program.
const PATIENCE: Duration = Duration::from_secs(10);

/// A SQLite database.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    writer: Mutex<Writer>,
    readers: Readers,
}

impl Sqlite {
    /// Opens or makes a file.
    ///
    /// # Errors
    ///
    /// If that is not possible, or the file is of a newer version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = connect(path)?;
        migrate(&mut connection)?;
        let readers = Readers::new(path);
        Ok(Self { path: path.to_owned(), writer: Mutex::new(Writer::new(connection)), readers })
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
    fn write(&self, requests: &[&Write]) -> Result<Vec<Outcome>, StoreError> {
        self.writer().group(requests).map_err(explain)
    }

    fn writers(&self) -> usize {
        1
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

    fn delete(&self, project: &str, sessions: &[String]) -> Result<u64, StoreError> {
        self.writer().delete(project, sessions).map_err(explain)
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.list(Sql::tokens(Dialect::Sqlite), cells::token)
    }

    fn add_token(&self, token: &Token) -> Result<(), StoreError> {
        let sql = "INSERT INTO tokens (name, hash, access, project, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![token.name, token.hash, token.access.as_str(), token.project, token.expires_at];
        self.writer().connection().execute(sql, values).map_err(explain)?;
        Ok(())
    }

    fn revoke_token(&self, name: &str) -> Result<bool, StoreError> {
        let deleted = self.writer().connection().execute("DELETE FROM tokens WHERE name = ?1", [name]);
        Ok(deleted.map_err(explain)? > 0)
    }

    fn check(&self) -> Result<(), StoreError> {
        self.readers.rows("SELECT 1", &[], |_| ()).map(|_| ())
    }

    fn backup(&self, file: &Path) -> Result<(), StoreError> {
        if file.exists() {
            return Err(StoreError::Broken(format!("{} is there already", file.display())));
        }
        let copied = connect(&self.path)?.execute("VACUUM INTO ?1", [file.to_string_lossy()]);
        copied.map(|_| ()).map_err(explain)
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let named = |error| match explain(error) {
        StoreError::Broken(reason) => StoreError::Broken(format!("{}: {reason}", path.display())),
        other => other,
    };
    let connection = Connection::open(path).map_err(named)?;
    connection.busy_timeout(PATIENCE).map_err(explain)?;
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536")
        .map_err(named)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(explain)?;
    let version: usize = transaction
        .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
        .map_err(explain)?
        .try_into()
        .unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(StoreError::Broken(format!(
            "it is of version {version}, and this monitor-server knows {} at most",
            MIGRATIONS.len()
        )));
    }
    let other = "SELECT EXISTS (SELECT 1 FROM sqlite_master)";
    if version == 0 && transaction.query_row(other, [], |row| row.get::<_, bool>(0)).map_err(explain)? {
        let advice = "it holds other tables; a .pymon file is read by `monitor-server import FILE`";
        return Err(StoreError::Broken(advice.to_owned()));
    }
    for migration in &MIGRATIONS[version..] {
        transaction.execute_batch(migration).map_err(explain)?;
    }
    transaction.execute_batch(&format!("PRAGMA user_version = {}", MIGRATIONS.len())).map_err(explain)?;
    transaction.commit().map_err(explain)
}

fn explain(error: rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(text),
        Some(ErrorCode::OperationInterrupted) => StoreError::TooSlow,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unavailable(text),
        _ => StoreError::Broken(text),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
