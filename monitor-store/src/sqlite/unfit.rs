//! Rows with values that cannot be: left out of every answer, and told.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Params, Result, Row, Statement};

use crate::sqlite::cells::{Cells, column_of};

/// The rows that queries left out so far because a value in them cannot be: a number where a text belongs, a test that took
/// less than no time. Whoever shows answers shows this too.
///
/// Clones tell the same.
#[derive(Clone, Debug)]
pub struct LeftOut {
    file: PathBuf,
    rows: Arc<Mutex<BTreeMap<(&'static str, String), Unfit>>>,
}

/// So many rows are named.
const NAMED: usize = 3;

impl LeftOut {
    pub(crate) fn of(file: PathBuf) -> Self {
        Self { file, rows: Arc::default() }
    }

    pub(crate) fn add(&self, rows: impl IntoIterator<Item = Unfit>) {
        let mut known = self.rows();
        for row in rows {
            known.entry((row.table, row.key.clone())).or_insert(row);
        }
    }

    /// How many rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows().len()
    }

    /// What the user can do about them.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        if self.count() == 1 { "correct or delete it with sqlite3" } else { "correct or delete them with sqlite3" }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<(&'static str, String), Unfit>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        let (count, file) = (rows.len(), self.file.display());
        let (are, hold) = if count == 1 {
            ("row of", "is left out, because it holds")
        } else {
            ("rows of", "are left out, because they hold")
        };
        write!(f, "{count} {are} {file} {hold} what cannot be: ")?;
        for (at, row) in rows.values().take(NAMED).enumerate() {
            write!(f, "{}{row}", if at == 0 { "" } else { "; " })?;
        }
        if count > NAMED {
            write!(f, "; and {} more", count - NAMED)?;
        }
        Ok(())
    }
}

/// A row, and the value in it that cannot be.
#[derive(Debug)]
pub(crate) struct Unfit {
    table: &'static str,
    /// The column that names the row, and its value.
    key: String,
    test: Option<String>,
    column: String,
    value: String,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, key, test, column, value } = self;
        let test = test.as_ref().map_or_else(String::new, |test| format!(" ({test})"));
        write!(f, "{table} {key}{test}: {column} is {value}")
    }
}

/// How the rows of a query are named: the table, the column that tells them apart, and the one that names a test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    pub(crate) table: &'static str,
    pub(crate) key: usize,
    pub(crate) test: Option<usize>,
    /// The first column that is read.
    pub(crate) first: usize,
}

impl Named {
    pub(crate) const fn of(table: &'static str) -> Self {
        Self { table, key: 0, test: None, first: 0 }
    }
}

/// What `read` makes of the rows of a query, and the rows of which it can make nothing.
pub(crate) fn fit<T>(
    connection: &Connection,
    named: Named,
    sql: &str,
    values: impl Params,
    mut read: impl FnMut(&mut Cells<'_, '_>) -> Result<T>,
) -> Result<(Vec<T>, Vec<Unfit>)> {
    let mut statement = connection.prepare(sql)?;
    let mut fit = Vec::new();
    let mut unfit = Misfits::of(named);
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        match read(&mut Cells::new(row, named.first)) {
            Ok(value) => fit.push(value),
            Err(error) => unfit.add(row, error)?,
        }
    }
    drop(rows);
    Ok((fit, unfit.told(&statement)))
}

/// The rows of one query that cannot be read.
#[derive(Debug)]
pub(crate) struct Misfits {
    named: Named,
    /// The column that cannot be, its value, the key and the test.
    rows: Vec<(usize, String, String, Option<String>)>,
}

impl Misfits {
    pub(crate) fn of(named: Named) -> Self {
        Self { named, rows: Vec::new() }
    }

    /// The row that could not be read for this error; the error itself, if it is another one.
    pub(crate) fn add(&mut self, row: &Row<'_>, error: Error) -> Result<()> {
        let Some(column) = column_of(&error) else { return Err(error) };
        let test = self.named.test.map(|test| value_of(row, test)).transpose()?;
        self.rows.push((column, value_of(row, column)?, value_of(row, self.named.key)?, test));
        Ok(())
    }

    /// With the names of the columns, which the statement does not tell while it runs.
    pub(crate) fn told(self, statement: &Statement<'_>) -> Vec<Unfit> {
        let Named { table, key: key_column, .. } = self.named;
        let columns = Vec::from_iter(statement.column_names());
        let told = self.rows.into_iter().map(|(column, value, key, test)| Unfit {
            table,
            key: format!("{} {key}", columns[key_column]),
            test: test.filter(|test| test != "NULL"),
            column: columns[column].to_owned(),
            value,
        });
        told.collect()
    }
}

fn value_of(row: &Row<'_>, column: usize) -> Result<String> {
    const LONGEST: usize = 60;
    Ok(match row.get_ref(column)? {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => value.to_string(),
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            let start: String = text.chars().take(LONGEST).collect();
            format!("{start:?}{}", if start.len() < text.len() { "..." } else { "" })
        }
        ValueRef::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
    })
}
