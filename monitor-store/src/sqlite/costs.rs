//! What each function cost in tests whose instructions were counted.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::count_flags::CountFlags;
use crate::error::StoreError;
use crate::sqlite::cells::Cells;
use crate::sqlite::monitor::{Monitor, text};
use crate::sqlite::types::integer;
use crate::sqlite::unfit::Named;
use crate::sqlite::writer::Writer;

/// What one function cost in one test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// As the compiler names it.
    pub name: String,
    /// Source file; empty if unknown.
    pub file: String,
    /// Line of the most expensive code there; 0 if unknown.
    pub line: u32,
    /// Package and version; empty for the user's own code.
    pub package: String,
    /// Instructions of its own, those of the language's library called from there included.
    pub own: u64,
    /// Instructions of all that it did, what it called included.
    pub inclusive: u64,
    /// How often it was called.
    pub calls: u64,
}

impl Writer {
    /// Keeps what functions cost in the test that ran as the process `process_h`, in place of what is known of it. Does nothing if
    /// no test of that process is in the file.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written; nothing is kept then.
    pub fn add_costs(&mut self, session_h: &str, process_h: &str, costs: &[Cost]) -> Result<(), StoreError> {
        self.write(|connection, _| insert(connection, session_h, process_h, costs))
    }

    /// Adds to the row of the test that ran as the process `process_h` what its process could not tell any more: its count, if it
    /// has none, and what is special about it. Does nothing if no test of that process is in the file.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written.
    pub fn add_count(
        &mut self,
        session_h: &str,
        process_h: &str,
        instructions: Option<u64>,
        flags: CountFlags,
    ) -> Result<(), StoreError> {
        self.write(|connection, _| {
            connection.execute(
                "UPDATE RUNS SET INSTRUCTIONS = coalesce(INSTRUCTIONS, ?3), COUNT_FLAGS = coalesce(COUNT_FLAGS, 0) | ?4 \
                 WHERE SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1) AND PROCESS = (SELECT ID FROM TEXTS WHERE TEXT = ?2)",
                params![session_h, process_h, integer(instructions), integer(Some(flags.bits()))],
            ).map(drop)
        })
    }
}

impl Monitor {
    /// What each function cost in the test that ran as the process `process_h`, most expensive first; empty if that was not
    /// counted.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be read.
    pub fn costs(&self, session_h: &str, process_h: &str) -> Result<Vec<Cost>, StoreError> {
        let sql = "SELECT ID, NAME, FILE, PACKAGE, LINE, SELF, INCLUSIVE, CALLS FROM COSTS c JOIN COST_FUNCTIONS f ON f.ID = c.FUNCTION \
                   WHERE SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1) AND PROCESS = (SELECT ID FROM TEXTS WHERE TEXT = ?2) \
                   ORDER BY SELF DESC, NAME";
        let texts = [session_h, process_h].map(text);
        if !self.has_costs()? {
            return Ok(Vec::new());
        }
        self.rows(Named { first: 1, ..Named::of("COST_FUNCTIONS") }, sql, texts, cost)
    }

    /// False for a file of an older version.
    fn has_costs(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'COSTS')";
        self.asked(|connection| connection.query_row(sql, [], |row| row.get(0)))
    }

    /// The processes of a session of which costs are known.
    ///
    /// # Errors
    ///
    /// As [`Monitor::costs`].
    pub fn processes_with_costs(&self, session_h: &str) -> Result<Vec<String>, StoreError> {
        if !self.has_costs()? {
            return Ok(Vec::new());
        }
        let sql = "SELECT DISTINCT p.TEXT FROM COSTS c JOIN TEXTS p ON p.ID = c.PROCESS \
                   WHERE SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1)";
        self.rows(Named::of("TEXTS"), sql, [text(session_h)], |cells| cells.get())
    }
}

fn cost(cells: &mut Cells<'_, '_>) -> rusqlite::Result<Cost> {
    Ok(Cost {
        name: cells.get()?,
        file: cells.get()?,
        package: cells.get()?,
        line: cells.get()?,
        own: cells.count()?.unwrap_or(0),
        inclusive: cells.count()?.unwrap_or(0),
        calls: cells.count()?.unwrap_or(0),
    })
}

/// Writes the costs of a process; those it has are replaced.
pub(crate) fn insert(
    connection: &Connection,
    session_h: &str,
    process_h: &str,
    costs: &[Cost],
) -> rusqlite::Result<()> {
    let number = |text: &str| -> rusqlite::Result<Option<i64>> {
        connection.query_row("SELECT ID FROM TEXTS WHERE TEXT = ?1", [text], |row| row.get(0)).optional()
    };
    let (Some(session), Some(process)) = (number(session_h)?, number(process_h)?) else { return Ok(()) };
    connection.execute("DELETE FROM COSTS WHERE SESSION = ?1 AND PROCESS = ?2", [session, process])?;
    let mut name =
        connection.prepare("INSERT OR IGNORE INTO COST_FUNCTIONS (NAME, FILE, PACKAGE) VALUES (?1, ?2, ?3)")?;
    let mut row = connection.prepare(
        "INSERT OR REPLACE INTO COSTS (SESSION, PROCESS, FUNCTION, LINE, SELF, INCLUSIVE, CALLS) \
         SELECT ?1, ?2, ID, ?6, ?7, ?8, ?9 FROM COST_FUNCTIONS WHERE NAME = ?3 AND FILE = ?4 AND PACKAGE = ?5",
    )?;
    for Cost { name: function, file, line, package, own, inclusive, calls } in costs {
        name.execute([function, file, package])?;
        let numbers = [*own, *inclusive, *calls].map(|number| integer(Some(number)));
        row.execute(params![session, process, function, file, package, line, numbers[0], numbers[1], numbers[2]])?;
    }
    Ok(())
}

/// Deletes costs that belong to no run.
pub(crate) fn delete_unused(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "DELETE FROM COSTS WHERE NOT EXISTS (SELECT 1 FROM RUNS r WHERE r.SESSION = COSTS.SESSION AND r.PROCESS = COSTS.PROCESS); \
         DELETE FROM COST_FUNCTIONS WHERE ID NOT IN (SELECT FUNCTION FROM COSTS)",
    )
}
