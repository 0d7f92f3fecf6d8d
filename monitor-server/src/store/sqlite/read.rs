//! Connections that only read. Each query has a deadline: one that asks for too much must not hold up the others.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result, Row, params_from_iter};

use super::super::StoreError;
use super::super::cells::Cells;
use super::super::value::Value;
use super::connection::{connect, explain};

/// How long a query may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// After how many steps of SQLite's machine the deadline is looked at: about a millisecond.
const STEPS: i32 = 10_000;

/// Connections that wait for their next query.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default() }
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        values: &[Value],
        decode: fn(Cells) -> T,
    ) -> std::result::Result<Vec<T>, StoreError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let mut connection = taken.map_or_else(|| self.open(), Ok)?;
        let end = Instant::now() + DEADLINE;
        connection.progress_handler(STEPS, Some(move || Instant::now() > end)).map_err(explain)?;
        let rows = query(&connection, sql, values, decode).map_err(explain);
        idle().push(connection);
        rows
    }

    fn open(&self) -> std::result::Result<Connection, StoreError> {
        let connection = connect(&self.path)?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY").map_err(explain)?;
        Ok(connection)
    }
}

fn query<T>(connection: &Connection, sql: &str, values: &[Value], decode: fn(Cells) -> T) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map(params_from_iter(values), |row| Ok(decode(Cells::new(cells(row, columns)?))))?;
    rows.collect()
}

fn cells(row: &Row<'_>, columns: usize) -> Result<Vec<Value>> {
    (0..columns)
        .map(|column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Real(number) => Value::Real(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            })
        })
        .collect()
}
