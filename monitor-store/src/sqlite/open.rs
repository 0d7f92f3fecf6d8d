//! A file opened for writing: recognised before its first byte is changed, then migrated.

use std::path::Path;
use std::time::Duration;

use rusqlite::OpenFlags;

use crate::descriptors::Descriptors;
use crate::error::StoreError;
use crate::filesystem;
use crate::place::{self, Place};
use crate::sqlite::database::{Database, refuse_what_is_no_database};
use crate::sqlite::migrations;

impl Database {
    /// Opens `path` for writing; creates and migrates it as needed.
    pub(crate) fn open(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        Self::open_guarded(path, patience, Descriptors::UNGUARDED, false)
    }

    /// As [`Database::open`], beside code that may close the file under it; `for_one_test` by a process that runs no other.
    pub(crate) fn open_guarded(
        path: &Path,
        patience: Duration,
        descriptors: Descriptors,
        for_one_test: bool,
    ) -> Result<Self, StoreError> {
        // SQLite opens some of a file's descriptors once for a process, and would wait for locks of one that is gone.
        (descriptors.intact)().map_err(|reason| StoreError::of_descriptors(path, reason))?;
        refuse_what_is_no_database(path)?;
        let moved_log = place::make_way(path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut database = Self::connect(path, flags, patience)?;
        database.descriptors = descriptors;
        database.place = Place::of(path);
        database.moved_log = moved_log;
        database.is_for_one_test = for_one_test;
        let others_log = filesystem::has_log(path);
        if others_log {
            // To close the file as its last user would write the log into it, before it is known whose it is.
            database.keep_log(true)?;
        }
        let version = migrations::recognise(&database)?;
        migrations::refuse_newer(path, version)?;
        if others_log {
            database.keep_log(false)?;
        }
        database.choose_journal(others_log)?;
        if version < migrations::CURRENT {
            migrations::run(&database)?;
        }
        Ok(database)
    }
}
