//! Whole sessions in and out of a file: merging files, deleting sessions.

use rusqlite::{Connection, Result};

use crate::error::StoreError;
use crate::rows::Process;
use crate::sqlite::columns;
use crate::sqlite::costs;
use crate::sqlite::insert;
use crate::sqlite::memory::Memory;
use crate::sqlite::monitor::{Monitor, text};
use crate::sqlite::processes;
use crate::sqlite::settle;
use crate::sqlite::unfit::Named;
use crate::sqlite::writer::Writer;
use crate::test_run::Test;
use crate::words::Outcome;

/// What a merge added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Sessions that were not in the file.
    pub sessions: u64,
    /// Metric rows that were not in the file.
    pub metrics: u64,
}

impl Writer {
    /// Adds every session of another file, in one transaction. Rows that are there already are not added again; a
    /// session that several files hold parts of (shards of one CI run) becomes whole.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why one of the files cannot be read or written; nothing is added then.
    pub fn merge(&mut self, source: &Monitor) -> std::result::Result<Merged, StoreError> {
        self.database.transaction(|connection| {
            let explain = |error| self.database.explain(error);
            let (sessions, metrics) = count(connection).map_err(explain)?;
            let mut memory = Memory::default();
            for context in source.contexts()? {
                let class = source.class(&context.env_h)?;
                insert::context(connection, &context, class.as_ref()).map_err(explain)?;
            }
            for session_h in source.session_ids()? {
                if let Some(session) = source.session(&session_h)? {
                    let lockfile = source.lockfile(&session_h)?;
                    insert::session(connection, &session, lockfile.as_deref()).map_err(explain)?;
                }
                for (process, state) in source.process_states(&session_h)? {
                    processes::add(connection, &memory, &process, &state).map_err(explain)?;
                }
                for test in source.tests(&session_h)? {
                    merge_test(connection, &mut memory, &test).map_err(explain)?;
                }
                for process_h in source.processes_with_costs(&session_h)? {
                    let functions = source.costs(&session_h, &process_h)?;
                    costs::insert(connection, &session_h, &process_h, &functions).map_err(explain)?;
                }
                settle::unite_session_rows(connection, &session_h).map_err(explain)?;
            }
            let after = count(connection).map_err(explain)?;
            Ok(Merged { sessions: after.0 - sessions, metrics: after.1.saturating_sub(metrics) })
        })
    }

    /// Deletes sessions with all their rows, and the lockfiles and contexts that nothing refers to any more, in one
    /// transaction; returns how many sessions there were. The file does not shrink: see [`Writer::compact`].
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written; nothing is deleted then.
    pub fn delete_sessions<S: AsRef<str>>(&mut self, sessions: &[S]) -> std::result::Result<u64, StoreError> {
        self.write(|connection, memory| {
            let mut deleted = 0;
            for session_h in sessions {
                deleted += delete_session(connection, session_h.as_ref())?;
            }
            delete_unused(connection)?;
            *memory = Memory::default();
            Ok(deleted)
        })
    }

    /// Rewrites the file so that it takes no more space than its rows need.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] if another process has the file open, or another that says why it cannot be written.
    pub fn compact(&mut self) -> std::result::Result<(), StoreError> {
        self.database.patiently(|connection| connection.execute_batch("VACUUM"))
    }
}

impl Monitor {
    /// Every session that has a row of its own or metric rows.
    fn session_ids(&self) -> std::result::Result<Vec<String>, StoreError> {
        let sql = "SELECT SESSION_H FROM TEST_SESSIONS UNION SELECT t.TEXT FROM TEXTS t \
                   WHERE EXISTS (SELECT 1 FROM RUNS r WHERE r.SESSION = t.ID)";
        self.rows(Named::of("TEST_SESSIONS"), sql, [], |cells| cells.get())
    }

    fn process_states(&self, session_h: &str) -> std::result::Result<Vec<(Process, String)>, StoreError> {
        // `STATE` follows the columns of the process.
        let sql = format!("SELECT {}, STATE FROM PROCESSES WHERE SESSION_H = ?", columns::PROCESS);
        self.rows(columns::OF_PROCESS, &sql, [text(session_h)], |cells| {
            let (process, state) = (columns::process(cells)?, cells.get()?);
            let is_gone = self.gone.contains(&process.process_h);
            Ok((process, if is_gone { "ended".to_owned() } else { state }))
        })
    }
}

fn count(connection: &Connection) -> Result<(u64, u64)> {
    let count =
        |table: &str| connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
    Ok((count("TEST_SESSIONS")?.unsigned_abs(), count("RUNS WHERE ENDED")?.unsigned_abs()))
}

fn merge_test(connection: &Connection, memory: &mut Memory, test: &Test) -> Result<()> {
    match (&test.metric, &test.profile) {
        (Some(metric), Some(profile)) => insert::finished(connection, memory, metric, profile),
        (Some(metric), None) => insert::foreign(connection, metric),
        (None, Some(profile)) => {
            insert::started(connection, memory, profile)?;
            if profile.outcome == Outcome::Crashed { insert::crashed(connection, &profile.key) } else { Ok(()) }
        }
        (None, None) => Ok(()),
    }
}

fn delete_session(connection: &Connection, session_h: &str) -> Result<u64> {
    for table in ["RUNS", "TEST_PROCESSES", "PROCESS_GROUPS"] {
        let delete = format!("DELETE FROM {table} WHERE SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1)");
        connection.execute(&delete, [session_h])?;
    }
    connection.execute("DELETE FROM SESSION_LOCKFILES WHERE SESSION_H = ?1", [session_h])?;
    let deleted = connection.execute("DELETE FROM TEST_SESSIONS WHERE SESSION_H = ?1", [session_h])?;
    Ok(deleted as u64)
}

fn delete_unused(connection: &Connection) -> Result<()> {
    costs::delete_unused(connection)?;
    connection.execute_batch(
        "DELETE FROM ITEMS WHERE ID NOT IN (SELECT ITEM FROM RUNS); \
         DELETE FROM TEXTS WHERE ID NOT IN (SELECT SESSION FROM RUNS WHERE SESSION IS NOT NULL \
         UNION SELECT ENV FROM RUNS WHERE ENV IS NOT NULL UNION SELECT PROCESS FROM RUNS WHERE PROCESS IS NOT NULL \
         UNION SELECT SESSION FROM TEST_PROCESSES UNION SELECT PROCESS FROM TEST_PROCESSES \
         UNION SELECT ENV FROM PROCESS_GROUPS WHERE ENV IS NOT NULL)",
    )?;
    for table in ["EXECUTION_CONTEXTS", "CONTEXT_CLASSES"] {
        connection.execute_batch(&format!(
            "DELETE FROM {table} WHERE NOT EXISTS (SELECT 1 FROM TEXTS t WHERE t.TEXT = {table}.ENV_H \
             AND t.ID IN (SELECT ENV FROM RUNS UNION SELECT ENV FROM PROCESS_GROUPS))"
        ))?;
    }
    connection.execute_batch("DELETE FROM LOCKFILES WHERE LOCKFILE_H NOT IN (SELECT LOCKFILE_H FROM SESSION_LOCKFILES)")
}
