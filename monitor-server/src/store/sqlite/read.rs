//! Connections that only read. Each query has a deadline: one that asks for too much must not hold up the others.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result, Row, params_from_iter};

use super::super::StoreError;
use super::super::cells::Cells;
use super::super::sql::Sql;
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

    pub(super) fn query(&self, sql: &Sql, each: &mut dyn FnMut(Cells)) -> std::result::Result<(), StoreError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let mut connection = taken.map_or_else(|| self.open(), Ok)?;
        let end = Instant::now() + DEADLINE;
        connection.progress_handler(STEPS, Some(move || Instant::now() > end)).map_err(explain)?;
        let done = query(&connection, sql, each).map_err(explain);
        idle().push(connection);
        done
    }

    fn open(&self) -> std::result::Result<Connection, StoreError> {
        let connection = connect(&self.path)?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY").map_err(explain)?;
        Ok(connection)
    }
}

fn query(connection: &Connection, sql: &Sql, each: &mut dyn FnMut(Cells)) -> Result<()> {
    let mut statement = connection.prepare_cached(&sql.text)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(&sql.values))?;
    while let Some(row) = rows.next()? {
        each(cells(row, columns)?);
    }
    Ok(())
}

pub(super) fn cells(row: &Row<'_>, columns: usize) -> Result<Cells> {
    let values: Result<Vec<Value>> = (0..columns)
        .map(|column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Real(number) => Value::Real(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            })
        })
        .collect();
    values.map(Cells::new)
}
