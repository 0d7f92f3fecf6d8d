//! The one connection through which a test process writes.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::descriptors::Descriptors;
use crate::entry::Entry;
use crate::error::StoreError;
use crate::rows::{ContextClass, ExecutionContext, Process, Session};
use crate::spool::{self, Kept};
use crate::sqlite::database::{DEFAULT_PATIENCE, Database};
use crate::sqlite::insert;
use crate::sqlite::memory::Memory;
use crate::sqlite::settle;
use crate::sqlite::types::integer;

/// An open `.pymon` file that takes rows.
///
/// Every call that writes is one transaction. When it returns, the rows stay in the file even if the process is killed. A crash
/// of the whole machine may lose the last rows, but does not damage the file.
#[derive(Debug)]
pub struct Writer {
    database: Database,
    process: Option<Process>,
    memory: Memory,
    /// Whether the file says already that the process has ended.
    ended: bool,
    kept: Vec<Kept>,
}

impl Writer {
    /// Opens `path` with a patience of [`DEFAULT_PATIENCE`] for locks. Creates or migrates the file as needed,
    /// imports spool files whose process is gone, and settles rows of tests that died.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written; the file is then as it was before.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with_patience(path, DEFAULT_PATIENCE)
    }

    /// [`Writer::open`] with another patience, for this and for all later calls.
    ///
    /// # Errors
    ///
    /// As [`Writer::open`].
    pub fn open_with_patience(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        Self::of(Database::open(path, patience)?)
    }

    /// [`Writer::open`] in a process whose other code may close file descriptors, protected by `descriptors`. `for_one_test` is
    /// true in a process that runs only one test, and makes the file open with settings that cost less.
    ///
    /// # Errors
    ///
    /// As [`Writer::open`]; later calls may fail with [`StoreError::Lost`] too.
    pub fn open_guarded(path: &Path, descriptors: Descriptors, for_one_test: bool) -> Result<Self, StoreError> {
        Self::of(Database::open_guarded(path, DEFAULT_PATIENCE, descriptors, for_one_test)?)
    }

    fn of(database: Database) -> Result<Self, StoreError> {
        let kept = spool::import(&database)?;
        settle::settle(&database)?;
        Ok(Self { database, process: None, memory: Memory::default(), ended: false, kept })
    }

    /// Spool files beside the file that this build does not understand. They are left there; tell the user.
    #[must_use]
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// Marks rows of tests whose process has died since, as [`Writer::open`] does.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written.
    pub fn settle(&self) -> Result<(), StoreError> {
        settle::settle(&self.database)
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// One transaction, with what is known from those before it.
    pub(crate) fn write<T>(
        &mut self,
        body: impl FnOnce(&Connection, &mut Memory) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // What is known of rows that are undone is not put back.
        let mut memory = std::mem::take(&mut self.memory);
        let value = self.database.write(|connection| {
            memory.begin();
            body(connection, &mut memory)
        })?;
        self.memory = memory;
        Ok(value)
    }

    /// Registers this process and writes its `first` entries, in one transaction. The first process of a session also adds the
    /// session and the execution context. Returns the context's `ENV_H`.
    ///
    /// `session` is called if the file has no such session yet, `context` if neither `process.env_h` nor another process with
    /// this machine key names a context that is in the file. Both may be slow: other processes wait for this one and then need
    /// not look up the same.
    ///
    /// `first` is called last, with the process as it is registered. Its clock is that of the first process of the same run, so
    /// that tests keep their order even if somebody sets the system's clock between two processes.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written; nothing is registered then.
    pub fn register<'e>(
        &mut self,
        mut process: Process,
        session: impl FnOnce() -> (Session, Option<String>),
        context: impl FnOnce() -> (ExecutionContext, ContextClass),
        first: impl FnOnce(&Process) -> &'e [Entry],
    ) -> Result<String, StoreError> {
        self.memory.expect_once(true);
        let env_h = self.write(|connection, memory| {
            memory.refresh(connection)?;
            let (has_session, known, clock_offset_us) = known_to(connection, &process)?;
            if process.clock_offset_us.is_some() {
                process.clock_offset_us = clock_offset_us.or(process.clock_offset_us);
            }
            if !has_session {
                let (session, lockfile) = session();
                insert::session(connection, &session, lockfile.as_deref())?;
            }
            process.env_h = match known {
                None => environment_of(connection, &process.machine_key)?,
                known => known,
            };
            let env_h = match process.env_h.clone() {
                Some(env_h) => env_h,
                None => {
                    let (context, class) = context();
                    insert::context(connection, &context, Some(&class))?;
                    process.env_h.insert(context.env_h).clone()
                }
            };
            let numbers = insert::process(connection, memory, &process, insert::RUNNING)?;
            memory.keep_numbers(&process, &env_h, numbers);
            first(&process).iter().try_for_each(|entry| insert::entry(connection, memory, entry))?;
            Ok(env_h)
        })?;
        self.process = Some(process);
        Ok(env_h)
    }

    /// Writes the entries in one transaction.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written; none of the entries is in it then.
    pub fn apply(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        self.apply_with(|| entries)
    }

    /// As [`Writer::apply`], but calls `entries` when this process holds the lock, so that a time in them is not from before a
    /// long wait.
    ///
    /// # Errors
    ///
    /// As [`Writer::apply`].
    pub fn apply_with<'e>(&mut self, entries: impl FnOnce() -> &'e [Entry]) -> Result<(), StoreError> {
        self.memory.expect_once(false);
        let again = if self.ended { self.process.clone() } else { None };
        self.write(|connection, memory| {
            again.map_or(Ok(()), |process| settle::go_on(connection, &process))?;
            entries().iter().try_for_each(|entry| insert::entry(connection, memory, entry))
        })?;
        self.ended = false;
        Ok(())
    }

    /// As [`Writer::apply`], for a process that probably writes nothing more: notes in the same transaction that the process
    /// ends, for which [`Writer::close`] would need another one.
    ///
    /// # Errors
    ///
    /// As [`Writer::apply`].
    pub fn apply_last(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let process = self.process.clone();
        self.memory.expect_once(true);
        self.write(|connection, memory| {
            entries.iter().try_for_each(|entry| insert::entry(connection, memory, entry))?;
            process.map_or(Ok(()), |process| settle::end(connection, &process))
        })?;
        self.ended = true;
        Ok(())
    }

    /// Writes the module rows of the registered process, which has run its last test, and the session's row if
    /// no other process can belong to its session: what its `scopes` ask for. The second call does nothing.
    ///
    /// Where tests are processes of their own (cargo-nextest, isolation), do not call it: once the session is over,
    /// the next process that opens the file writes the rows of all.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written; the rows are then due for a later process.
    pub fn summarise(&mut self) -> Result<(), StoreError> {
        let Some(process) = &self.process else {
            return Ok(());
        };
        self.database.write(|connection| settle::sum_up_process(connection, process))?;
        self.ended = true;
        Ok(())
    }

    /// Notes that the registered process ends, and closes the file.
    ///
    /// With `fold` the write-ahead log goes back into the file, so that one complete file is left, unless other
    /// processes have it open: then the last of them does it. It takes some ten milliseconds. Without, the file stays open
    /// until the process ends.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written; no row is lost by it.
    pub fn close(self, fold: bool) -> Result<(), StoreError> {
        if let Some(process) = self.process.as_ref().filter(|_| !self.ended) {
            self.database.write(|connection| settle::end(connection, process))?;
        }
        if fold {
            self.database.is_intact()?;
            return self.database.close();
        }
        self.leave();
        Ok(())
    }

    /// Leaves the file open until the process ends. Committed rows are safe. Use it after [`StoreError::Lost`], when closing
    /// might close a descriptor that now belongs to another file.
    pub fn leave(self) {
        self.database.leave();
    }
}

/// Whether the session of `process` is in the file, and the context: what the caller knows, which may have been deleted
/// since, or that of an earlier process of this session on this machine; and the clock of an earlier process of the same run.
fn known_to(connection: &Connection, process: &Process) -> rusqlite::Result<(bool, Option<String>, Option<i64>)> {
    let sql = "SELECT EXISTS (SELECT 1 FROM TEST_SESSIONS WHERE SESSION_H = ?1), \
               (SELECT ENV_H FROM EXECUTION_CONTEXTS WHERE ENV_H = coalesce(?3, \
                   (SELECT ENV_H FROM PROCESSES WHERE SESSION_H = ?1 AND MACHINE_KEY = ?2 LIMIT 1))), \
               (SELECT CLOCK_OFFSET_US FROM PROCESSES WHERE SESSION_H = ?1 AND BOOT_ID = ?4 AND LEADER_PID = ?5 \
                   AND LEADER_STARTED = ?6 AND CLOCK_OFFSET_US NOTNULL LIMIT 1)";
    let Process { session_h, machine_key, env_h, boot_id, leader_pid, leader_started, .. } = process;
    let values = params![session_h, machine_key, env_h, boot_id, leader_pid, integer(*leader_started)];
    connection.query_row(sql, values, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// The context of an earlier process with the same machine key, of any session.
///
/// An index by machine would cost every process a page; only the first of a session looks at all of them.
fn environment_of(connection: &Connection, machine_key: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT ENV_H FROM PROCESSES WHERE MACHINE_KEY = ?1 AND ENV_H IN (SELECT ENV_H FROM EXECUTION_CONTEXTS) LIMIT 1";
    connection.query_row(sql, [machine_key], |row| row.get(0)).optional()
}
