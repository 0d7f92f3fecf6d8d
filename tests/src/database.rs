//! The file under test, read with plain SQL: independent of our own reader.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

/// An open `.pymon` file.
#[derive(Debug)]
pub struct Database(Connection);

/// Rows of text: `NULL` is the word `NULL`.
pub type Table = Vec<Vec<String>>;

impl Database {
    /// Opens a file that exists.
    ///
    /// # Panics
    ///
    /// If it does not, or is no database.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(path, flags)
            .unwrap_or_else(|error| panic!("{} does not open: {error}", path.display()));
        connection.busy_timeout(std::time::Duration::from_secs(30)).expect("a busy timeout can be set");
        Self(connection)
    }

    /// All rows of a query, as text.
    ///
    /// # Panics
    ///
    /// If the query fails.
    #[must_use]
    pub fn rows(&self, sql: &str) -> Table {
        let mut statement = self.0.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|column| Ok(text(row.get(column)?))).collect());
        rows.and_then(Iterator::collect).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The first column of a query, as text.
    ///
    /// # Panics
    ///
    /// If the query fails.
    #[must_use]
    pub fn column(&self, sql: &str) -> Vec<String> {
        self.rows(sql).into_iter().map(|mut row| row.swap_remove(0)).collect()
    }

    /// The one value of a query, as text.
    ///
    /// # Panics
    ///
    /// If there is not exactly one row.
    #[must_use]
    pub fn value(&self, sql: &str) -> String {
        let mut values = self.column(sql);
        assert_eq!(values.len(), 1, "{sql}: {values:?}");
        values.swap_remove(0)
    }

    /// The one value of a query, as a number.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn number(&self, sql: &str) -> f64 {
        let value = self.value(sql);
        value.parse().unwrap_or_else(|_| panic!("{sql}: {value} is no number"))
    }

    /// Runs statements.
    ///
    /// # Panics
    ///
    /// If one fails.
    pub fn execute(&self, sql: &str) {
        self.0.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

fn text(value: Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => format!("{bytes:?}"),
    }
}
