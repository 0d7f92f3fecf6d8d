//! A connection: how it is opened, brought up to date, and what its errors mean.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode};

use super::super::StoreError;
use super::super::measures;
use super::super::value::Value;

const MIGRATIONS: [&str; 7] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_blocks.sql"),
    include_str!("migrations/0003_views.sql"),
    include_str!("migrations/0004_findings.sql"),
    include_str!("migrations/0005_tallies.sql"),
    include_str!("migrations/0006_messages.sql"),
    include_str!("migrations/0007_costs.sql"),
];

/// How long a connection waits for another process: a command of ours, or a backup program.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
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

pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
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
    let columns = columns(&transaction).map_err(explain)?;
    transaction.execute_batch(&measures::missing(&columns, ["INTEGER", "REAL"])).map_err(explain)?;
    transaction.execute_batch(&format!("PRAGMA user_version = {}", MIGRATIONS.len())).map_err(explain)?;
    transaction.commit().map_err(explain)
}

fn columns(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info('profiles')")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

pub(super) fn explain(error: rusqlite::Error) -> StoreError {
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
