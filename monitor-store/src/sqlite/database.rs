//! An open database file: how it is connected to, locked and waited for.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::descriptors::Descriptors;
use crate::error::StoreError;
use crate::filesystem;
use crate::place::Place;
use crate::sqlite::error::is_locked;

/// How long a writer waits for a file that another process has locked: 30 s. Then it fails with
/// [`StoreError::Locked`].
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(30);

/// How long SQLite waits by itself before this module looks at the clock, and whether it is any use to wait.
const BUSY_TIMEOUT: Duration = Duration::from_millis(10);

/// One sync per checkpoint.
const SYNCS: &str = "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 1000";

/// A checkpoint sooner than after SQLite's 1,000 pages, for processes of one test: whoever opens the file alone reads the whole log
/// first. At 100 pages that costs about what the syncs do.
const SYNCS_FOR_ONE_TEST: &str = "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 100";

/// No sync, and no checkpoint, which needs one.
const NO_SYNCS: &str = "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0";

/// Pauses between attempts of which SQLite gave up at once.
const PAUSE: Duration = Duration::from_millis(2);

/// A connection, with the path for messages and the patience for locks.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    path: PathBuf,
    patience: Duration,
    pub(super) descriptors: Descriptors,
    /// Where the file was when it was opened for writing.
    pub(super) place: Option<Place>,
    /// The log of a moved file that was found under this name.
    pub(super) moved_log: Option<PathBuf>,
    /// Whether the process runs only one test.
    pub(super) is_for_one_test: bool,
    /// Whether there was no write-ahead log when the file was opened.
    pub(super) makes_log: bool,
}

impl Database {
    /// A connection whose busy timeout is set before anything else.
    pub(crate) fn connect(path: &Path, flags: OpenFlags, patience: Duration) -> Result<Self, StoreError> {
        let failed = |source| StoreError::from_sqlite(path, source, Duration::ZERO);
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(BUSY_TIMEOUT.min(patience)).map_err(failed)?;
        // As everywhere but in some builds of SQLite: a metric row may come before its session or context.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false).map_err(failed)?;
        // Else SQLite compiles a kept statement that joins tables anew for each use, in case another plan suited its new values.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            patience,
            descriptors: Descriptors::UNGUARDED,
            place: None,
            moved_log: None,
            is_for_one_test: false,
            makes_log: false,
        })
    }

    /// Whether the write-ahead log stays as it is when the connection is closed.
    pub(super) fn keep_log(&self, keep: bool) -> Result<(), StoreError> {
        self.patiently(|c| c.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep).map(drop))
    }

    /// Write-ahead log with one sync per checkpoint; on a network file system the rollback journal.
    ///
    /// A commit is then safe from a crash of the process; a crash of the machine may lose the last
    /// ones, never the file.
    ///
    /// With `has_log`, the file had a write-ahead log when it was opened: SQLite then uses it without being told.
    pub(super) fn choose_journal(&mut self, has_log: bool) -> Result<(), StoreError> {
        let is_network = filesystem::is_network(&self.path);
        if is_network || !has_log {
            let wanted = if is_network { "delete" } else { "wal" };
            let query = |sql: &str| self.patiently(|c| c.query_row(sql, [], |row| row.get::<_, String>(0)));
            if query("PRAGMA journal_mode")? != wanted {
                query(&format!("PRAGMA journal_mode = {wanted}"))?;
            }
        }
        self.makes_log = !is_network && !has_log;
        self.choose_syncs()
    }

    /// When the write-ahead log goes back into the file, and with it what is synced.
    pub(super) fn choose_syncs(&self) -> Result<(), StoreError> {
        let syncs = if self.is_for_one_test { SYNCS_FOR_ONE_TEST } else { SYNCS };
        self.patiently(|c| c.execute_batch(syncs))
    }

    /// If the next transaction is the first of a new write-ahead log, it is written without a sync: true, and [`Self::choose_syncs`]
    /// is due after it.
    ///
    /// SQLite syncs the head of each log, which one that begins anew over an older one needs: after a crash of the machine, parts
    /// of both might be taken for one. Here there is no older one, and whatever of the log is then on disk, its checksums tell how
    /// far it is whole; it is synced before a page of it goes into the file.
    pub(super) fn begin_log(&self) -> Result<bool, StoreError> {
        let begins = self.makes_log && !filesystem::has_log(&self.path);
        if begins {
            self.patiently(|c| c.execute_batch(NO_SYNCS))?;
        }
        Ok(begins)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `action`, again and again while the file is locked, until the patience is over.
    pub(crate) fn patiently<T>(
        &self,
        mut action: impl FnMut(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        loop {
            match action(&self.connection) {
                Err(error) if is_locked(&error) && started.elapsed() < self.patience => {
                    self.is_lockable()?;
                    thread::sleep(PAUSE);
                }
                result => return result.map_err(|error| self.explain_after(error, started.elapsed())),
            }
        }
    }

    /// Runs `body` in one transaction that holds the write lock from its start: committed if `body` succeeds,
    /// undone if it fails or panics.
    pub(crate) fn transaction<T>(
        &self,
        body: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.is_lockable()?;
        self.patiently(|c| run(c, "BEGIN IMMEDIATE"))?;
        let guard = Rollback(&self.connection);
        let value = body(&self.connection)?;
        // In a rollback journal readers may block the commit, which then can be tried again.
        self.patiently(|c| run(c, "COMMIT"))?;
        drop(guard);
        Ok(value)
    }

    /// As [`Database::transaction`], for bodies that only speak to SQLite.
    pub(crate) fn write<T>(&self, body: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.transaction(|c| body(c).map_err(|e| self.explain(e)))
    }

    pub(crate) fn explain(&self, error: rusqlite::Error) -> StoreError {
        self.explain_after(error, self.patience)
    }

    /// What an error after `waited` of waiting for locks says, unless it only follows from another.
    fn explain_after(&self, error: rusqlite::Error, waited: Duration) -> StoreError {
        self.is_intact().err().unwrap_or_else(|| StoreError::from_sqlite(&self.path, error, waited))
    }

    /// An error if it is no use to wait for a lock: SQLite takes every refusal for another's lock, and tries for ten seconds
    /// by itself to begin to read.
    pub(super) fn is_lockable(&self) -> Result<(), StoreError> {
        self.is_intact()?;
        (self.descriptors.lockable)().map_err(|reason| {
            let unlockable = StoreError::Unlockable { path: self.path.clone(), reason };
            self.is_intact().err().unwrap_or(unlockable)
        })
    }

    /// An error if the file is open no more, was deleted or moved, or another is in its place.
    pub(crate) fn is_intact(&self) -> Result<(), StoreError> {
        (self.descriptors.intact)().map_err(|reason| StoreError::of_descriptors(&self.path, reason))?;
        if self.is_left() { Err(StoreError::Moved { path: self.path.clone() }) } else { Ok(()) }
    }

    /// Whether the file was deleted or moved, or another is in its place; its log then goes back into it.
    pub(crate) fn is_left(&self) -> bool {
        let is_left = self.place.as_ref().is_some_and(|place| place.is_left(&self.path));
        if is_left {
            // The log stays under the old name, and what is in it would be missing in the moved file.
            let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        is_left
    }

    /// Closes the connection, and as the last of several moves the write-ahead log back into the file, which takes some
    /// ten milliseconds.
    pub(crate) fn close(self) -> Result<(), StoreError> {
        let Self { connection, path, patience, .. } = self;
        connection.close().map_err(|(_, source)| StoreError::from_sqlite(&path, source, patience))
    }
}

/// Refuses folders, pipes and devices, and short files, which SQLite would take for empty ones and overwrite.
///
/// Only asks for metadata: closing a file that was opened to look inside would release the locks of every
/// connection that this process has to it.
pub(crate) fn refuse_what_is_no_database(path: &Path) -> Result<(), StoreError> {
    const SMALLEST_PAGE: u64 = 512;
    match std::fs::metadata(path) {
        Ok(file) if file.is_dir() => Err(StoreError::Folder { path: path.to_owned() }),
        Ok(file) if !file.is_file() => Err(StoreError::Special { path: path.to_owned() }),
        Ok(file) if (1..SMALLEST_PAGE).contains(&file.len()) => {
            Err(StoreError::Corrupt { path: path.to_owned(), reason: format!("it has only {} bytes", file.len()) })
        }
        _ => Ok(()),
    }
}

/// Runs a statement that stays prepared.
fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// Ends a transaction that was left open, by an error or a panic.
struct Rollback<'a>(&'a Connection);

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // Nothing to tell: SQLite undoes the transaction at the latest when the file is closed.
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_kept_statement_is_compiled_once() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("x.pymon"), DEFAULT_PATIENCE).unwrap();
        let joins = "SELECT r.ID FROM ITEMS i JOIN RUNS r ON r.ITEM = i.ID WHERE r.SESSION = ?1 AND i.ITEM_PATH = ?2";
        for session in 0..3 {
            let mut kept = database.connection.prepare_cached(joins).unwrap();
            assert!(!kept.exists((session, "path")).unwrap());
            assert_eq!(kept.get_status(StatementStatus::RePrepare), 0, "use {session}");
        }
    }

    #[test]
    fn only_the_first_transaction_of_a_new_log_is_not_synced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pymon");
        let database = Database::open(&path, DEFAULT_PATIENCE).unwrap();
        assert!(!database.begin_log().unwrap(), "the migration has begun it");
        database.close().unwrap();

        let settings = |database: &Database| {
            ["synchronous", "wal_autocheckpoint"].map(|name| {
                database.patiently(|c| c.pragma_query_value(None, name, |row| row.get::<_, i64>(0))).unwrap()
            })
        };
        let database = Database::open(&path, DEFAULT_PATIENCE).unwrap();
        assert_eq!(settings(&database), [1, 1000]);
        assert!(database.begin_log().unwrap());
        assert_eq!(settings(&database), [0, 0]);
        database.write(|c| c.execute("INSERT INTO TEXTS (TEXT) VALUES ('x')", [])).unwrap();
        database.choose_syncs().unwrap();
        assert_eq!(settings(&database), [1, 1000]);
        assert!(!database.begin_log().unwrap(), "it has begun");
        let other = Database::open(&path, DEFAULT_PATIENCE).unwrap();
        assert!(!other.begin_log().unwrap(), "there was one");
    }
}
