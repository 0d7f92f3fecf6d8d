//! Numbers of texts that repeat: looked up, and made where there are none.

use rusqlite::{OptionalExtension as _, Params, Result, params};

use crate::sqlite::memory::{KnownNumbers, Numbers, Texts};
use crate::sqlite::statements::Statements;

/// A new number for a text that has none.
fn number(connection: Statements<'_>, text: &str) -> Result<i64> {
    connection.prepare("INSERT INTO TEXTS (TEXT) VALUES (?1)")?.execute([text])?;
    Ok(connection.last_insert_rowid())
}

pub(crate) fn id(connection: Statements<'_>, sql: &str, values: impl Params) -> Result<Option<i64>> {
    connection.prepare(sql)?.query_row(values, |row| row.get(0)).optional()
}

impl Numbers {
    pub(crate) fn of(connection: Statements<'_>, texts: Texts<'_>) -> Result<Self> {
        KnownNumbers::of(connection, texts)?.or_make(connection, texts)
    }
}

impl KnownNumbers {
    /// As [`Numbers::of`], those that are in the file.
    pub(crate) fn of(connection: Statements<'_>, texts: Texts<'_>) -> Result<Self> {
        connection
            .prepare(
                "SELECT s.ID, CASE WHEN ?2 NOTNULL THEN (SELECT ID FROM TEXTS WHERE TEXT = ?2) \
                 ELSE (SELECT ENV FROM TEST_PROCESSES JOIN PROCESS_GROUPS g ON g.ID = GROUP_ID \
                 WHERE TEST_PROCESSES.SESSION = s.ID AND PROCESS = x.ID) END, x.ID \
                 FROM (SELECT 1) LEFT JOIN TEXTS s ON s.TEXT = ?1 LEFT JOIN TEXTS x ON x.TEXT = nullif(?3, '')",
            )?
            .query_row(params![texts.session_h, texts.env_h, texts.process_h], |row| {
                Ok(Self { session: row.get(0)?, env: row.get(1)?, process: row.get(2)?, group: None })
            })
    }

    /// New numbers for those of the texts that have none.
    pub(crate) fn or_make(self, connection: Statements<'_>, texts: Texts<'_>) -> Result<Numbers> {
        let or_new = |known: Option<i64>, text: &str| match known {
            None if !text.is_empty() => number(connection, text).map(Some),
            known => Ok(known),
        };
        Ok(Numbers {
            session: self.session.map_or_else(|| number(connection, texts.session_h), Ok)?,
            env: or_new(self.env, texts.env_h.unwrap_or_default())?,
            process: or_new(self.process, texts.process_h)?,
        })
    }
}
