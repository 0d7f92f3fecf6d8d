//! One file, in this process: a writer, and readers beside it.

mod arrivals;
mod checkpoint;
mod connection;
mod numbers;
#[cfg(test)]
mod plans;
mod read;
mod write;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, params_from_iter};

use self::checkpoint::Checkpoints;
pub(super) use self::checkpoint::empty_journal;
use self::connection::{PATIENCE, connect, explain, migrate, reserve, unopened};
use self::read::Readers;
use self::write::Writer;
use super::cells::Cells;
use super::figures;
use super::sql::{Dialect, Sql};
use super::{Outcome, Store, StoreError, Wait, Write, Writers};

/// A SQLite database.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    writer: Mutex<Writer>,
    /// Whether metrics wait to become runs.
    is_unsettled: AtomicBool,
    checkpoints: Checkpoints,
    readers: Readers,
    figures: figures::Memory,
    _reserved: Option<File>,
}

impl Sqlite {
    /// Opens or makes a file.
    ///
    /// # Errors
    ///
    /// If that is not possible, or the file is of a newer version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::with(path, connect(path)?, None)
    }

    /// As [`Sqlite::open`], for a server: what it remembers is not what another one has written since.
    ///
    /// # Errors
    ///
    /// As there, and if another server has it, in this or any other process.
    pub fn open_alone(path: &Path) -> Result<Self, StoreError> {
        let connection = connect(path)?;
        Self::with(path, connection, Some(reserve(path)?))
    }

    fn with(path: &Path, mut connection: Connection, reserved: Option<File>) -> Result<Self, StoreError> {
        migrate(path, &mut connection)?;
        connection.execute_batch("PRAGMA wal_autocheckpoint = 0").map_err(explain)?;
        let (checkpoints, readers) = (Checkpoints::start(path)?, Readers::new(path));
        let writer = Writer::new(connection).map_err(explain)?;
        let is_unsettled = AtomicBool::new(writer.waiting() > 0);
        let (writer, figures) = (Mutex::new(writer), figures::Memory::default());
        Ok(Self { path: path.to_owned(), writer, is_unsettled, checkpoints, readers, figures, _reserved: reserved })
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic in a write has left a transaction that was rolled back, and nothing else.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(&self, sql: &Sql, each: &mut dyn FnMut(Cells)) -> Result<(), StoreError> {
        if self.is_unsettled.load(Acquire) {
            let mut writer = self.writer();
            // On a full disk, or where another program does not give the file back, the answer lacks what waits.
            let _ = writer.connection().busy_timeout(PATIENCE).and_then(|()| writer.settle());
            self.is_unsettled.store(writer.waiting() > 0, Release);
        }
        self.readers.query(sql, each)
    }

    fn execute(&self, sql: &Sql) -> Result<u64, StoreError> {
        let changed = self.writer().connection().execute(&sql.text, params_from_iter(&sql.values)).map_err(explain)?;
        Ok(changed as u64)
    }

    fn remembered(&self) -> &figures::Memory {
        &self.figures
    }

    fn write(&self, requests: &[&Write], wait: Wait) -> Result<Vec<Outcome>, StoreError> {
        let mut writer = self.writer();
        let patience = if wait == Wait::Yes { PATIENCE } else { Duration::ZERO };
        if wait == Wait::No && writer.waiting() >= arrivals::MANY {
            return Err(StoreError::Unavailable("many metrics are about to become runs".to_owned()));
        }
        writer.connection().busy_timeout(patience).map_err(explain)?;
        let outcomes = writer.group(requests).map_err(explain)?;
        self.is_unsettled.store(writer.waiting() > 0, Release);
        let rows = requests.iter().map(|request| request.runs.len()).sum();
        self.checkpoints.committed(writer.connection(), rows, wait);
        Ok(outcomes)
    }

    fn writers(&self) -> Writers {
        Writers::Here
    }

    fn delete(&self, project: &str, sessions: &[String]) -> Result<u64, StoreError> {
        self.writer().delete(project, sessions).map_err(explain)
    }

    fn backup(&self, file: &Path) -> Result<(), StoreError> {
        let connection = connect(&self.path)?;
        // Made here, so that what is deleted below is nobody else's. SQLite takes an empty file for none.
        let made = File::create_new(file);
        if made.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
            return Err(StoreError::Unfit(format!("{} is there already: name a new file", file.display())));
        }
        let copied = connection.execute("VACUUM INTO ?1", [file.to_string_lossy()]);
        if copied.is_err() && made.is_ok() {
            // Half a copy would be in the way of the next.
            let _ = fs::remove_file(file);
        }
        copied.map(|_| ()).map_err(|error| unopened(file, error))
    }
}
