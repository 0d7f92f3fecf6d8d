//! How a file is opened for reading: also where nothing may be written.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::filesystem;
use crate::liveness::ThisMachine;
use crate::place;
use crate::private_folder::PrivateFolder;
use crate::spool::{self, Kept};
use crate::sqlite::database::{self, Database};
use crate::sqlite::migrations;
use crate::sqlite::settle;
use crate::timestamp::Timestamp;

/// How long a reader tries to do what is due in the file before it only reads.
const PATIENCE: Duration = Duration::from_secs(1);

/// Pages that a reader keeps: 32 MiB, so that an analysis which seeks through a large file reads each once.
const CACHE: &str = "PRAGMA cache_size = -32768";

/// A connection for queries.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) database: Database,
    /// Processes whose `running` rows are `crashed` ones, because the file does not take the change.
    pub(crate) gone: HashSet<String>,
    /// Spool files that this build does not understand.
    pub(crate) kept: Vec<Kept>,
    /// Declared last: the copy is removed after the connection to it is closed.
    _copy: Option<PrivateFolder>,
}

impl Reader {
    /// Opens an existing file, or one whose rows all wait in spool files. Brings it up to date as a writer would, if it can be
    /// written.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() && !spool::is_due(path) {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        let reader = match open_writable(path) {
            Ok((database, kept)) => Ok(Self { database, gone: HashSet::new(), kept, _copy: None }),
            Err(
                StoreError::Newer { .. }
                | StoreError::Unwritable { .. }
                | StoreError::Full { .. }
                | StoreError::Locked { .. }
                | StoreError::Io { .. },
            ) => Self::open_read_only(path),
            Err(error) => Err(error),
        }?;
        reader.database.patiently(|connection| connection.execute_batch(CACHE))?;
        Ok(reader)
    }

    /// A second connection to the same file; `None` where it can't be opened in the simplest way.
    pub(crate) fn another(&self) -> Option<Database> {
        connect(self.database.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).ok()
    }

    fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let (database, copy) = match connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
            Ok(database) => (database, None),
            // A write-ahead log needs a shared memory file beside it, which this folder does not take.
            Err(StoreError::Unwritable { .. }) if filesystem::has_log(path) => {
                let copy = copy(path)?;
                (connect(&copy.file(COPY), OpenFlags::SQLITE_OPEN_READ_WRITE)?, Some(copy))
            }
            Err(StoreError::Unwritable { .. }) => (connect(&immutable_uri(path), IMMUTABLE)?, None),
            Err(error) => return Err(error),
        };
        let (database, copy) = up_to_date(database, copy)?;
        let running = database.patiently(settle::running_processes)?;
        let (here, now) = (ThisMachine::now(), Timestamp::now());
        let gone = running.into_iter().filter(|p| here.is_gone(p, now)).map(|p| p.process_h).collect();
        Ok(Self { database, gone, kept: Vec::new(), _copy: copy })
    }
}

/// The file as this build knows it: one of an earlier version, or of pytest-monitor, is migrated in a copy.
fn up_to_date(
    database: Database,
    copy: Option<PrivateFolder>,
) -> Result<(Database, Option<PrivateFolder>), StoreError> {
    if migrations::recognise(&database)? >= migrations::CURRENT {
        return Ok((database, copy));
    }
    let (database, copy) = match copy {
        Some(copy) => (database, copy),
        None => {
            let copy = copy_content(&database)?;
            (connect(&copy.file(COPY), OpenFlags::SQLITE_OPEN_READ_WRITE)?, copy)
        }
    };
    migrations::run(&database)?;
    Ok((database, Some(copy)))
}

fn open_writable(path: &Path) -> Result<(Database, Vec<Kept>), StoreError> {
    let database = Database::open(path, PATIENCE)?;
    spool::clear(path);
    let mut kept = spool::import(&database)?.kept;
    kept.extend(place::moved_logs(path).map(|path| Kept::Log { path }));
    settle::settle(&database)?;
    Ok((database, kept))
}

/// A connection that has read the schema, since SQLite opens files only when it must.
fn connect(path: &Path, flags: OpenFlags) -> Result<Database, StoreError> {
    let database = Database::connect(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX, database::DEFAULT_PATIENCE)?;
    let probe = |c: &Connection| c.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0));
    database.patiently(probe)?;
    Ok(database)
}

const IMMUTABLE: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_URI);

/// The URI by which SQLite reads a file that nobody can change, without locks and files beside it.
fn immutable_uri(path: &Path) -> PathBuf {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => uri.push(byte.into()),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri.into()
}

/// The name of a copy in its folder.
const COPY: &str = "copy.pymon";

/// A folder with a copy of a file and its write-ahead log.
fn copy(path: &Path) -> Result<PrivateFolder, StoreError> {
    let copied = || {
        let folder = PrivateFolder::new("copy")?;
        fs::copy(path, folder.file(COPY))?;
        fs::copy(filesystem::beside(path, "-wal"), filesystem::beside(&folder.file(COPY), "-wal"))?;
        Ok(folder)
    };
    copied().map_err(cannot_copy(path))
}

/// A folder with a copy of what a connection sees, whatever others write meanwhile.
fn copy_content(database: &Database) -> Result<PrivateFolder, StoreError> {
    let folder = PrivateFolder::new("copy").map_err(cannot_copy(database.path()))?;
    let file = folder.file(COPY).to_string_lossy().into_owned();
    database.patiently(|connection| connection.execute("VACUUM INTO ?1", [&file]).map(drop))?;
    Ok(folder)
}

fn cannot_copy(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    |source| StoreError::Io { path: path.to_owned(), action: "copy for reading", source }
}
