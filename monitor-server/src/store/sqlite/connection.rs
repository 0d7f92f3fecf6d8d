//! A connection: how it is opened, brought up to date, and what its errors mean.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode};

use super::super::StoreError;
use super::super::measures;
use super::super::value::Value;

const MIGRATIONS: [&str; 8] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_blocks.sql"),
    include_str!("migrations/0003_views.sql"),
    include_str!("migrations/0004_findings.sql"),
    include_str!("migrations/0005_tallies.sql"),
    include_str!("migrations/0006_messages.sql"),
    include_str!("migrations/0007_costs.sql"),
    include_str!("migrations/0008_arrivals.sql"),
];

/// How long a connection waits for another process: a command of ours, or a backup program.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let named = |error| unopened(path, error);
    let connection = Connection::open(path).map_err(named)?;
    connection.busy_timeout(PATIENCE).map_err(explain)?;
    // Else SQLite compiles a kept statement that joins tables anew for each use, in case another plan suited its new values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(explain)?;
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536")
        .map_err(named)?;
    Ok(connection)
}

/// Why a file can't be opened, where SQLite says only that it can't.
pub(super) fn unopened(path: &Path, error: rusqlite::Error) -> StoreError {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let said = match (error.sqlite_error_code(), folder) {
        (Some(ErrorCode::CannotOpen), Some(folder)) if !folder.is_dir() => {
            "its folder is not there: make it, or name another file by --database".to_owned()
        }
        (Some(ErrorCode::CannotOpen), _) if path.is_dir() => "that is a folder: name a file in it".to_owned(),
        (Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied), _) => {
            format!("{error}: it and its folder must be readable and writable for the user of monitor-server")
        }
        (Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt), _) => {
            format!("{error}: it is not changed; name another file by --database")
        }
        _ => {
            return match explain(error) {
                StoreError::Broken(reason) => StoreError::Broken(format!("{}: {reason}", path.display())),
                StoreError::Full(reason) => StoreError::Full(format!("{}: {reason}", path.display())),
                other => other,
            };
        }
    };
    StoreError::Unfit(format!("{}: {said}", path.display()))
}

/// Keeps other servers from a file, as long as what is returned lives and the process does.
pub(super) fn reserve(path: &Path) -> Result<File, StoreError> {
    let failed = |error: io::Error| StoreError::Unfit(format!("{}: {error}", path.display()));
    // Whatever link leads to it. Not the file itself: to close that would take SQLite's own locks away.
    let mut name = path.canonicalize().map_err(failed)?.into_os_string();
    name.push("-lock");
    let file = File::options().create(true).append(true).open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Unfit(format!(
            "{}: another monitor-server serves it: end that one first, or let several share a PostgreSQL database \
             (--database postgres://USER:PASSWORD@HOST/NAME)",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

pub(super) fn migrate(path: &Path, connection: &mut Connection) -> Result<(), StoreError> {
    let named = |error| unopened(path, error);
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(named)?;
    let version: usize = transaction
        .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
        .map_err(named)?
        .try_into()
        .unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(StoreError::Unfit(format!(
            "{}: it is of version {version}, and this monitor-server knows {} at most: start a newer one",
            path.display(),
            MIGRATIONS.len()
        )));
    }
    let other = "SELECT EXISTS (SELECT 1 FROM sqlite_master)";
    if version == 0 && transaction.query_row(other, [], |row| row.get::<_, bool>(0)).map_err(named)? {
        let advice = "it holds other tables; a .pymon file is read by `monitor-server import FILE`";
        return Err(StoreError::Unfit(format!("{}: {advice}", path.display())));
    }
    for migration in &MIGRATIONS[version..] {
        transaction.execute_batch(migration).map_err(named)?;
    }
    let columns = columns(&transaction).map_err(named)?;
    transaction.execute_batch(&measures::missing(&columns, ["INTEGER", "REAL"])).map_err(named)?;
    transaction.execute_batch(&format!("PRAGMA user_version = {}", MIGRATIONS.len())).map_err(named)?;
    transaction.commit().map_err(named)
}

fn columns(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info('profiles')")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

pub(super) fn explain(error: rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        // What the readers share of the journal finds no room either.
        _ if error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE) => {
            StoreError::Full(text)
        }
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
