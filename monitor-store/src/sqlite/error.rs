//! What an error of SQLite says to a user.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

use crate::error::StoreError;

impl StoreError {
    /// What became of the open file.
    pub(crate) fn of_descriptors(path: &Path, reason: io::Error) -> Self {
        let path = path.to_owned();
        if reason.kind() == io::ErrorKind::NotFound { Self::Deleted { path } } else { Self::Lost { path, reason } }
    }

    /// The error of `path` that SQLite's `source` stands for, after `waited` of waiting for locks.
    pub(crate) fn from_sqlite(path: &Path, source: rusqlite::Error, waited: Duration) -> Self {
        let path = path.to_owned();
        let reason = source.to_string();
        match sqlite_error(&source).map(|error| error.code) {
            _ if is_locked(&source) => Self::Locked { path, waited },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, reason },
            Some(ErrorCode::CannotOpen) if path.parent().is_some_and(is_missing) => {
                Self::Unwritable { path, reason: "its folder does not exist".to_owned() }
            }
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::Unwritable { path, reason }
            }
            Some(ErrorCode::SystemIoFailure) if has_code(&source, IOERR_SHMSIZE) => Self::Full { path },
            Some(ErrorCode::SystemIoFailure) if has_code(&source, IOERR_WRITE) => {
                Self::Unwritable { path, reason: format!("{reason} (a quota, `ulimit -f`, or the disk)") }
            }
            _ => match source {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Row { path, reason },
                source => Self::Sqlite { path, source: source.into() },
            },
        }
    }
}

/// Whether another try may succeed.
pub(crate) fn is_locked(error: &rusqlite::Error) -> bool {
    matches!(
        sqlite_error(error).map(|error| error.code),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed)
    )
}

/// What SQLite itself said; rusqlite has a method for it since 0.28 only.
fn sqlite_error(error: &rusqlite::Error) -> Option<&rusqlite::ffi::Error> {
    match error {
        rusqlite::Error::SqliteFailure(error, _) => Some(error),
        _ => None,
    }
}

fn is_missing(folder: &Path) -> bool {
    !folder.as_os_str().is_empty() && folder.try_exists().is_ok_and(|exists| !exists)
}

/// What SQLite makes of a full disk when it grows its shared memory file.
const IOERR_SHMSIZE: i32 = 4874;

/// What it makes of every write that fails, but for a full disk.
const IOERR_WRITE: i32 = 778;

fn has_code(error: &rusqlite::Error, code: i32) -> bool {
    sqlite_error(error).is_some_and(|error| error.extended_code == code)
}
