//! What runs are runs of: tests, modules, sessions.

use rusqlite::{Result, params};

use crate::rows::{Metric, Profile};
use crate::sqlite::memory::Item;
use crate::sqlite::numbers::id;
use crate::sqlite::statements::Statements;
use crate::sqlite::types::Start;
use crate::test_run::function_of;

/// The number of the item that a metric row is about; its package and binary are unknown for a row of pytest-monitor.
pub(crate) fn of_metric(connection: Statements<'_>, row: &Metric, profile: Option<&Profile>) -> Result<i64> {
    let (package, binary) = (profile.map(|profile| &profile.package), profile.map(|profile| &profile.binary));
    let values =
        params![row.item_variant, row.item_path, package, binary, row.item, row.item_fs_loc, row.kind, row.component,];
    let sql = "SELECT ID FROM ITEMS WHERE ITEM_VARIANT = ?1 AND ITEM_PATH = ?2 AND PACKAGE IS ?3 AND BINARY IS ?4 \
               AND ITEM = ?5 AND ITEM_FS_LOC = ?6 AND KIND = ?7 AND COMPONENT = ?8";
    if let Some(id) = id(connection, sql, values)? {
        return Ok(id);
    }
    // The one that was made when the test began for the first time.
    let completed = connection
        .prepare(
            "UPDATE ITEMS SET ITEM = ?5, ITEM_FS_LOC = ?6, COMPONENT = ?8 WHERE ITEM_VARIANT = ?1 AND ITEM_PATH = ?2 \
             AND PACKAGE = ?3 AND BINARY = ?4 AND KIND = ?7 AND ITEM_FS_LOC IS NULL",
        )?
        .execute(values)?;
    if completed > 0 {
        return Ok(id(connection, sql, values)?.unwrap_or_default());
    }
    let insert = "INSERT INTO ITEMS (ITEM_VARIANT, ITEM_PATH, PACKAGE, BINARY, ITEM, ITEM_FS_LOC, KIND, COMPONENT) \
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.prepare(insert)?.execute(values)?;
    Ok(connection.last_insert_rowid())
}

/// The item that a test without a metric row is about, if the file has it, and whether there is a run under the test's key.
pub(crate) fn and_run(connection: Statements<'_>, session: i64, profile: &Profile) -> Result<(Option<Item>, bool)> {
    let key = &profile.key;
    let mut statement = connection.prepare(
        "SELECT i.ID, i.ITEM, ITEM_FS_LOC, COMPONENT, PACKAGE IS ?5 AND BINARY IS ?6 AND KIND = 'function', r.ID NOTNULL \
         FROM ITEMS i LEFT JOIN RUNS r ON r.SESSION = ?1 AND r.ITEM = i.ID AND r.START = ?2 \
         WHERE ITEM_VARIANT = ?3 AND ITEM_PATH = ?4",
    )?;
    let start = Start(key.item_start_time);
    let mut rows =
        statement.query(params![session, start, key.item_variant, key.item_path, profile.package, profile.binary])?;
    let (mut item, mut has_run) = (None, false);
    while let Some(row) = rows.next()? {
        if row.get(4)? {
            item = Some(Item { id: row.get(0)?, described: (row.get(1)?, row.get(2)?, row.get(3)?) });
        }
        has_run |= row.get::<_, bool>(5)?;
    }
    Ok((item, has_run))
}

/// The item that a test is about whose item the file does not have yet.
pub(crate) fn new(connection: Statements<'_>, profile: &Profile) -> Result<Item> {
    let key = &profile.key;
    let name = function_of(&key.item_variant);
    connection
        .prepare(
            "INSERT INTO ITEMS (ITEM_VARIANT, ITEM_PATH, PACKAGE, BINARY, ITEM, KIND, COMPONENT) \
             VALUES (?1, ?2, ?3, ?4, ?5, 'function', ?3)",
        )?
        .execute(params![key.item_variant, key.item_path, profile.package, profile.binary, name])?;
    Ok(Item { id: connection.last_insert_rowid(), described: (name.to_owned(), None, profile.package.clone()) })
}
