//! What can go wrong with a `.pymon` file, each with its remedy.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a `.pymon` file or a spool file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such file to read.
    #[error("no file {}: run monitored tests first, or give the path of a .pymon file", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path is a folder.
    #[error("{} is a folder: give the path of a file in it, such as {}", path.display(), path.join(".pymon").display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// The path is a pipe, a device or the like.
    #[error("{} is not a regular file: choose another path with MONITOR_DB, or record nothing with MONITOR_DB=off", path.display())]
    Special {
        /// The path.
        path: PathBuf,
    },
    /// The file or its folder may not be written, or its folder does not exist.
    #[error("cannot write {}: {reason}; make the file and its folder writable, or choose another path with MONITOR_DB", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// There is no space left for the file.
    #[error("no space left to write {} (on the disk, or by a quota or `ulimit -f`): free some space, or choose another path with MONITOR_DB", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file is no SQLite database or a damaged one. It is left as it was.
    #[error("{} is damaged or not an SQLite database ({reason}): it is not changed; move it away, or choose another path with MONITOR_DB", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// The file is a database of another kind. It is left as it was.
    #[error("{} is a database, but not a .pymon file ({reason}): choose another path with MONITOR_DB", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The file was written by a newer version of this project: it can be read, not written.
    #[error("{} has schema version {found}, newer than {known}: update monitor-runtime and cargo-monitor, or choose another path with MONITOR_DB", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its `PRAGMA user_version`.
        found: i64,
        /// The newest version that this build writes.
        known: i64,
    },
    /// Another program held the file's lock for too long.
    #[error("{} was locked by another program for {:.1} s: end that program, or choose another path with MONITOR_DB", path.display(), waited.as_secs_f64())]
    Locked {
        /// The file.
        path: PathBuf,
        /// How long this process tried.
        waited: Duration,
    },
    /// Code of the same process closed the file under its recorder.
    #[error("{} can no longer be written by this process ({reason}): close only descriptors of your own, or run that test in a process of its own (isolate, cargo-nextest)", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// What is gone.
        reason: io::Error,
    },
    /// The file was deleted while this process writes it.
    #[error("{} was deleted while its tests ran, and what they had recorded went with it: delete it before or after a run", path.display())]
    Deleted {
        /// The file.
        path: PathBuf,
    },
    /// The file got another name while this process writes it, or none.
    #[error("{} was moved away while it was written, and what it held went with it: move it before or after a run", path.display())]
    Moved {
        /// Its name before.
        path: PathBuf,
    },
    /// The system refuses locks on the file, now and later.
    #[error("cannot lock {}: {reason}; allow `fcntl` in the sandbox, or choose another path with MONITOR_DB", path.display())]
    Unlockable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// Reading or writing a file of the system failed.
    #[error("cannot {action} {}: {source}; check the disk and the permissions of its folder", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A row holds what no version of this project or of pytest-monitor writes.
    #[error("{} holds a row that cannot be read: {reason}; remove the row, or restore the file", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Which value, and what is wrong with it.
        reason: String,
    },
    /// Any other error of SQLite.
    #[error("cannot use {}: {source}; check the file with `sqlite3 FILE 'pragma integrity_check'`", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
