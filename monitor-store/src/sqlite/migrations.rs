//! The schema's history: numbered SQL files, each applied in one transaction, never edited once released.

use std::path::Path;

use rusqlite::Connection;

use crate::error::StoreError;
use crate::measures::MEASURES;
use crate::sqlite::database::Database;

const MIGRATIONS: [&str; 12] = [
    include_str!("migrations/0001_pytest_monitor.sql"),
    include_str!("migrations/0002_profiles.sql"),
    include_str!("migrations/0003_indexes.sql"),
    include_str!("migrations/0004_compact.sql"),
    include_str!("migrations/0005_child_rss_peak.sql"),
    include_str!("migrations/0006_instructions.sql"),
    include_str!("migrations/0007_clock_offset.sql"),
    include_str!("migrations/0008_count_flags.sql"),
    include_str!("migrations/0009_short_views.sql"),
    include_str!("migrations/0010_processes.sql"),
    include_str!("migrations/0011_typed_keys.sql"),
    include_str!("migrations/0012_quick_deletes.sql"),
];

/// The schema version that this build writes (`PRAGMA user_version`).
pub(crate) const CURRENT: i64 = MIGRATIONS.len() as i64;

/// `PRAGMA application_id` of our files, "pymn": tells them from other programs' databases by one look at the header.
const APPLICATION_ID: i64 = 0x7079_6d6e;

/// The columns that pytest-monitor's clients read, and nothing more.
const PYTEST_MONITOR_COLUMNS: [(&str, &str); 3] = [
    ("TEST_SESSIONS", "SESSION_H RUN_DATE SCM_ID RUN_DESCRIPTION"),
    (
        "EXECUTION_CONTEXTS",
        "ENV_H CPU_COUNT CPU_FREQUENCY_MHZ CPU_TYPE CPU_VENDOR RAM_TOTAL_MB MACHINE_NODE MACHINE_TYPE \
         MACHINE_ARCH SYSTEM_INFO PYTHON_INFO",
    ),
    (
        "TEST_METRICS",
        "SESSION_H ENV_H ITEM_START_TIME ITEM_PATH ITEM ITEM_VARIANT ITEM_FS_LOC KIND COMPONENT TOTAL_TIME \
         USER_TIME KERNEL_TIME CPU_USAGE MEM_USAGE",
    ),
];

/// The file's schema version; 0 for an empty file and for one of pytest-monitor.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// The schema version of a file of ours or of pytest-monitor; refuses every other database, which numbers its own schema
/// in the same place.
///
/// To be called before the first byte is written.
pub(crate) fn recognise(database: &Database) -> Result<i64, StoreError> {
    let version = database.patiently(version)?;
    let id: i64 = database.patiently(|c| c.query_row("PRAGMA application_id", [], |row| row.get(0)))?;
    match id {
        APPLICATION_ID => {}
        0 => refuse_foreign(database, version)?,
        id => return Err(foreign(database, format!("its application_id is {id}"))),
    }
    Ok(version)
}

pub(crate) fn refuse_newer(path: &Path, found: i64) -> Result<(), StoreError> {
    if found > CURRENT {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: CURRENT });
    }
    Ok(())
}

/// Brings the file up to [`CURRENT`], wholly or not at all; other processes may try the same at the same time.
pub(crate) fn run(database: &Database) -> Result<(), StoreError> {
    database.transaction(|connection| {
        let explain = |e| database.explain(e);
        let found = version(connection).map_err(explain)?;
        refuse_newer(database.path(), found)?;
        for (number, sql) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
            connection.execute_batch(&terse(sql)).map_err(explain)?;
            connection.execute_batch(&format!("PRAGMA user_version = {number}")).map_err(explain)?;
        }
        if found < CURRENT {
            make_views(connection).map_err(explain)?;
        }
        connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}")).map_err(explain)
    })
}

const VIEWS: &str = include_str!("migrations/views.sql");

/// The columns of `ITEMS` that tell tests of pytest-monitor apart.
const ITEM: [&str; 6] = ["ITEM_PATH", "ITEM", "ITEM_VARIANT", "ITEM_FS_LOC", "KIND", "COMPONENT"];

/// The time in a column as text. Every number is less than every text.
fn time(column: &str) -> String {
    "CASE WHEN ?<'' THEN strftime('%Y-%m-%dT%H:%M:%S.',?/1000000,'unixepoch')||substr(?+1000000,-6) ELSE ? END"
        .replace('?', column)
}

/// Makes the views, with the columns that the table of measures names.
fn make_views(connection: &Connection) -> rusqlite::Result<()> {
    let columns: Vec<&str> = MEASURES.iter().map(|measure| measure.column).collect();
    let keys: Vec<String> = MEASURES.iter().map(|measure| format!("{} {}", measure.column, measure.key)).collect();
    for view in ["PROCESSES", "TESTS", "TEST_PROFILES", "TEST_METRICS"] {
        connection.execute_batch(&format!("DROP VIEW IF EXISTS {view}"))?;
    }
    let sql = VIEWS
        .replace("{start}", &time("START"))
        .replace("{started}", &time("STARTED_AT"))
        .replace("{item}", &ITEM.join(","))
        .replace("{new item}", &ITEM.map(|column| format!("NEW.{column}")).join(","))
        .replace("{columns}", &columns.join(","))
        .replace("{keys}", &keys.join(","));
    connection.execute_batch(&terse(&sql))
}

/// SQL without comments and superfluous white space: what it creates is stored as it is written, and every process that
/// opens the file parses that anew.
fn terse(sql: &str) -> String {
    let code = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    let words: Vec<&str> = code.flat_map(str::split_ascii_whitespace).collect();
    let mut terse = String::with_capacity(sql.len());
    for word in words {
        let joins = |c: char| matches!(c, ',' | '(' | ')' | ';' | '=');
        if !terse.ends_with(joins) && !word.starts_with(joins) {
            terse.push(' ');
        }
        terse.push_str(word);
    }
    terse
}

/// Refuses databases of other programs, and those whose tables only share names with pytest-monitor's, such as its
/// server's. Reads the whole schema, so that a damaged one is noticed too.
fn refuse_foreign(database: &Database, version: i64) -> Result<(), StoreError> {
    let tables = database.patiently(tables)?;
    if tables.is_empty() && version == 0 {
        return Ok(());
    }
    let mut known = 0;
    for (table, expected) in PYTEST_MONITOR_COLUMNS {
        let mut found = database.patiently(|c| columns(c, table))?;
        let mut expected: Vec<_> = expected.split_ascii_whitespace().collect();
        found.sort_unstable();
        expected.sort_unstable();
        if found == expected {
            known += 1;
        } else if !found.is_empty() {
            return Err(foreign(database, format!("its table {table} has the columns {}", found.join(", "))));
        }
    }
    let has_all = known == PYTEST_MONITOR_COLUMNS.len();
    let is_ours = match version {
        0 => known > 0,
        1 => has_all,
        _ => has_all && tables.iter().any(|table| table == "PROCESSES" || table == "TEST_PROCESSES"),
    };
    if is_ours { Ok(()) } else { Err(foreign(database, format!("it has the tables {}", tables.join(", ")))) }
}

fn foreign(database: &Database, reason: String) -> StoreError {
    StoreError::Foreign { path: database.path().to_owned(), reason }
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT upper(name) FROM pragma_table_info(?1)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}
