//! The one connection through which a test process writes.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::descriptors::Descriptors;
use crate::entry::Entry;
use crate::error::StoreError;
use crate::rows::{ContextClass, ExecutionContext, Process, Session};
use crate::spool::{self, Imported, Kept};
use crate::sqlite::database::{DEFAULT_PATIENCE, Database};
use crate::sqlite::insert;
use crate::sqlite::memory::{KnownNumbers, Memory, Texts};
use crate::sqlite::processes;
use crate::sqlite::settle;
use crate::sqlite::statements::Statements;
use crate::sqlite::types::integer;

/// An open `.pymon` file that takes rows.
///
/// Every call that writes is one transaction. When it returns, the rows stay in the file even if the process is killed. A crash
/// of the whole machine may lose the last rows, but does not damage the file.
#[derive(Debug)]
pub struct Writer {
    pub(super) database: Database,
    process: Option<Process>,
    memory: Memory,
    /// Whether the file says already that the process has ended.
    ended: bool,
    kept: Vec<Kept>,
    /// How many spool files were imported when the file was opened.
    imported: usize,
    /// Whether what others left is settled when the process registers: that needs no statement of its own.
    settles_late: bool,
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
        let writer = Self::of(Database::open(path, patience)?, false)?;
        writer.settle()?;
        Ok(writer)
    }

    /// [`Writer::open`] in a process whose other code may close file descriptors, protected by `descriptors`. `for_one_test` is
    /// true in a process that runs only one test, and makes the file open with settings that cost less. What processes that died
    /// left is settled by [`Writer::register`].
    ///
    /// # Errors
    ///
    /// As [`Writer::open`], and [`StoreError::Lost`], with which later calls may fail too.
    pub fn open_guarded(path: &Path, descriptors: Descriptors, for_one_test: bool) -> Result<Self, StoreError> {
        Self::of(Database::open_guarded(path, DEFAULT_PATIENCE, descriptors, for_one_test)?, true)
    }

    fn of(mut database: Database, settles_late: bool) -> Result<Self, StoreError> {
        let Imported { mut kept, files } = spool::import(&database)?;
        kept.extend(database.moved_log.take().map(|path| Kept::Log { path }));
        Ok(Self {
            database,
            process: None,
            memory: Memory::default(),
            ended: false,
            kept,
            imported: files,
            settles_late,
        })
    }

    /// Spool files beside the file that this build does not understand. They are left there; tell the user.
    #[must_use]
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// Imports the spool files whose processes are gone, and marks the rows of tests that died, as [`Writer::open`] does. Returns
    /// how many files were imported since the writer was opened.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written; the spool files are then still there.
    pub fn bring(&mut self) -> Result<usize, StoreError> {
        let Imported { kept, files } = spool::import(&self.database)?;
        self.kept.extend(kept);
        settle::settle(&self.database)?;
        Ok(std::mem::take(&mut self.imported) + files)
    }

    /// Marks rows of tests whose process has died since, as [`Writer::open`] does.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written.
    pub fn settle(&self) -> Result<(), StoreError> {
        settle::settle(&self.database)
    }

    /// One transaction, with what is known from those before it.
    pub(crate) fn write<T>(
        &mut self,
        body: impl FnOnce(&Connection, &mut Memory) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // What is known of rows that are undone is not put back.
        let mut memory = std::mem::take(&mut self.memory);
        let value = self.database.write(|connection| {
            memory.is_refreshed = false;
            body(connection, &mut memory)
        })?;
        self.memory = memory;
        Ok(value)
    }

    /// Registers this process and writes its `first` entries, in one transaction. The first process of a session also adds the
    /// session and the execution context. Returns the context's `ENV_H`.
    ///
    /// `session` is called if the file has no such session yet, `context` if neither `process.env_h` nor another process of the
    /// session with this machine key names a context that is in the file. Both may be slow: other processes wait for this one and then need
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
        self.memory.once = true;
        let mut others_are_due = false;
        let begins_log = self.database.begin_log()?;
        let registered = self.write(|connection, memory| {
            memory.refresh(connection)?;
            let mut known = Known::to(connection, &process)?;
            others_are_due = known.has_unsettled;
            if process.clock_offset_us.is_some() {
                process.clock_offset_us = known.clock_offset_us.or(process.clock_offset_us);
            }
            known.numbers.group = known.numbers.group.filter(|_| process.clock_offset_us == known.clock_offset_us);
            if !known.has_session {
                let (session, lockfile) = session();
                insert::session(connection, &session, lockfile.as_deref())?;
            }
            let (env_h, numbers) = match known.env_h {
                Some(env_h) => (env_h, known.numbers),
                None => {
                    let (context, class) = context();
                    insert::context(connection, &context, Some(&class))?;
                    let texts = Texts { env_h: Some(&context.env_h), ..Texts::of(&process) };
                    let numbers = KnownNumbers::of(memory.statements(connection), texts)?;
                    (context.env_h, numbers)
                }
            };
            process.env_h = Some(env_h.clone());
            let numbers = processes::add_beside(connection, memory, &process, processes::RUNNING, numbers)?;
            memory.keep_numbers(&process, &env_h, numbers);
            first(&process).iter().try_for_each(|entry| insert::entry(connection, memory, entry))?;
            Ok(env_h)
        });
        if begins_log {
            self.database.choose_syncs()?;
        }
        let env_h = registered?;
        self.process = Some(process);
        if others_are_due && self.settles_late {
            self.settle()?;
        }
        Ok(env_h)
    }

    /// Writes the entries in one transaction.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that says why the file cannot be written; none of the entries is in it then.
    pub fn apply(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        self.memory.once = false;
        if let ([entry], false) = (entries, self.ended) {
            let Self { database, memory, .. } = self;
            database.is_lockable()?;
            // One statement, which is a transaction by itself.
            if database.patiently(|connection| insert::ends_in_place(connection, memory, entry))? {
                return Ok(());
            }
        }
        self.apply_with(|| entries)
    }

    /// As [`Writer::apply`], but calls `entries` when this process holds the lock, so that a time in them is not from before a
    /// long wait.
    ///
    /// # Errors
    ///
    /// As [`Writer::apply`].
    pub fn apply_with<'e>(&mut self, entries: impl FnOnce() -> &'e [Entry]) -> Result<(), StoreError> {
        self.memory.once = false;
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
        self.memory.once = true;
        self.write(|connection, memory| {
            entries.iter().try_for_each(|entry| insert::entry(connection, memory, entry))?;
            process.map_or(Ok(()), |process| settle::end(connection, memory, &process).map(drop))
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
        self.database.write(|connection| settle::sum_up_process(connection, &self.memory, process))?;
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
            self.database.write(|connection| settle::end(connection, &self.memory, process))?;
        }
        if fold {
            self.database.is_intact()?;
            return self.database.close();
        }
        self.leave();
        Ok(())
    }

    /// Whether the file was moved or deleted since it was opened; what is committed is in it then, without a log.
    #[must_use]
    pub fn is_left(&self) -> bool {
        self.database.is_left()
    }

    /// Leaves the file open until the process ends. Committed rows are safe. Use it after [`StoreError::Lost`], when closing
    /// might close a descriptor that now belongs to another file, and where the end is near: what is committed is on disk, and to
    /// take everything down first costs a process of one test a tenth of its time.
    pub fn leave(self) {
        std::mem::forget(self.database);
    }
}

/// What the file says already of a process that registers.
struct Known {
    /// What the caller knows, which may have been deleted since, or that of an earlier process of this session on this machine.
    env_h: Option<String>,
    /// Of an earlier process of the same run.
    clock_offset_us: Option<i64>,
    has_unsettled: bool,
    has_session: bool,
    numbers: KnownNumbers,
}

impl Known {
    fn to(connection: &Connection, process: &Process) -> rusqlite::Result<Self> {
        match Self::by_sibling(connection, process)? {
            Some(known) => Ok(known),
            None => Self::by_parts(connection, process),
        }
    }

    /// From an earlier process of the same run on this machine, which all but the first have: one short query, since a process of one
    /// test compiles it anew. Of a run whose file was moved or deleted, rows of processes may be here before the session.
    fn by_sibling(connection: &Connection, process: &Process) -> rusqlite::Result<Option<Self>> {
        if process.env_h.is_some() {
            return Ok(None);
        }
        let sql = "SELECT e.TEXT, CLOCK_OFFSET_US, EXISTS (SELECT 1 FROM TEST_PROCESSES WHERE STATE <> 'settled'), SESSION, \
                   ENV, (SELECT ID FROM TEXTS WHERE TEXT = ?6), CASE WHEN HOST = ?7 AND SCOPES = ?8 THEN g.ID END FROM TEXTS s \
                   CROSS JOIN PROCESS_GROUPS g ON SESSION = s.ID CROSS JOIN TEXTS e ON e.ID = ENV WHERE s.TEXT = ?1 \
                   AND MACHINE_KEY = ?2 AND BOOT_ID = ?3 AND LEADER_PID = ?4 AND LEADER_STARTED = ?5 \
                   AND EXISTS (SELECT 1 FROM TEST_SESSIONS WHERE SESSION_H = ?1) LIMIT 1";
        let Process { process_h, session_h, machine_key, boot_id, leader_pid, leader_started, host, scopes, .. } =
            process;
        let leader_started = integer(*leader_started);
        let values = params![session_h, machine_key, boot_id, leader_pid, leader_started, process_h, host, scopes];
        connection.query_row(sql, values, Self::of).optional()
    }

    fn by_parts(connection: &Connection, process: &Process) -> rusqlite::Result<Self> {
        let sql = "SELECT (SELECT ENV_H FROM EXECUTION_CONTEXTS WHERE ENV_H = coalesce(?3, \
                   (SELECT TEXT FROM PROCESS_GROUPS JOIN TEXTS e ON e.ID = ENV WHERE SESSION = s.ID \
                   AND MACHINE_KEY = ?2 LIMIT 1))), \
                   (SELECT CLOCK_OFFSET_US FROM PROCESS_GROUPS WHERE SESSION = s.ID AND BOOT_ID = ?4 AND LEADER_PID = ?5 \
                   AND LEADER_STARTED = ?6 AND CLOCK_OFFSET_US NOTNULL LIMIT 1), \
                   EXISTS (SELECT 1 FROM TEST_PROCESSES WHERE STATE <> 'settled'), \
                   NULL, NULL, NULL, NULL, EXISTS (SELECT 1 FROM TEST_SESSIONS WHERE SESSION_H = ?1) \
                   FROM (SELECT 1) LEFT JOIN TEXTS s ON s.TEXT = ?1";
        let Process { process_h, session_h, machine_key, env_h, boot_id, leader_pid, leader_started, .. } = process;
        let values = params![session_h, machine_key, env_h, boot_id, leader_pid, integer(*leader_started)];
        let known = |row: &Row<'_>| Ok(Self { has_session: row.get(7)?, ..Self::of(row)? });
        let mut known = connection.query_row(sql, values, known)?;
        let texts = Texts { session_h, env_h: known.env_h.as_deref(), process_h };
        known.numbers = KnownNumbers::of(Statements::of(connection, false), texts)?;
        Ok(known)
    }

    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let numbers = KnownNumbers { session: row.get(3)?, env: row.get(4)?, process: row.get(5)?, group: row.get(6)? };
        Ok(Self {
            env_h: row.get(0)?,
            clock_offset_us: row.get(1)?,
            has_unsettled: row.get(2)?,
            has_session: true,
            numbers,
        })
    }
}
