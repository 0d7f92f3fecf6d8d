//! Prepared statements: kept by the connection where they come again, used once where they do not.

use std::ops::{Deref, DerefMut};

use rusqlite::{CachedStatement, Connection, Result, Statement};

/// A connection, and whether what it prepares is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statements<'c> {
    connection: &'c Connection,
    keep: bool,
}

impl<'c> Statements<'c> {
    /// Kept statements come from SQLite's general memory, which costs one that is used once half as much again.
    pub(crate) fn of(connection: &'c Connection, keep: bool) -> Self {
        Self { connection, keep }
    }

    pub(crate) fn kept(connection: &'c Connection) -> Self {
        Self::of(connection, true)
    }

    pub(crate) fn prepare(self, sql: &str) -> Result<Prepared<'c>> {
        match self.keep {
            true => self.connection.prepare_cached(sql).map(Prepared::Kept),
            false => self.connection.prepare(sql).map(Prepared::Once),
        }
    }

    pub(crate) fn last_insert_rowid(self) -> i64 {
        self.connection.last_insert_rowid()
    }
}

/// A prepared statement.
pub(crate) enum Prepared<'c> {
    Kept(CachedStatement<'c>),
    Once(Statement<'c>),
}

impl<'c> Deref for Prepared<'c> {
    type Target = Statement<'c>;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Kept(statement) => statement,
            Self::Once(statement) => statement,
        }
    }
}

impl DerefMut for Prepared<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Kept(statement) => statement,
            Self::Once(statement) => statement,
        }
    }
}
