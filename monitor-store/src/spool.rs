//! Where rows go while the file cannot be written: `<db>.spool-<pid>.jsonl`, one JSON line per entry.
//!
//! The writing process holds a lock on its spool file as long as it lives; whoever gets that lock may import
//! the file. That holds between containers and after a reboot, where process ids mean nothing.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::database::Database;
use crate::descriptors::{Descriptors, Held};
use crate::entry::Entry;
use crate::error::StoreError;

/// A spool file of this process, for the rows that a `.pymon` file did not take.
#[derive(Debug)]
pub struct Spool {
    file: Held,
    path: PathBuf,
    db: PathBuf,
    pid: u32,
    descriptors: Descriptors,
}

impl Spool {
    /// Creates or reopens `<db>.spool-<pid>.jsonl`, or the one with the next number if another process holds that:
    /// one with the same id in another container, or an importer.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] if the folder of `db` cannot be written.
    pub fn create(db: &Path, pid: u32) -> Result<Self, StoreError> {
        Self::create_guarded(db, pid, Descriptors::UNGUARDED)
    }

    /// [`Spool::create`] beside code that may close the file under it.
    ///
    /// # Errors
    ///
    /// As [`Spool::create`].
    pub fn create_guarded(db: &Path, pid: u32, descriptors: Descriptors) -> Result<Self, StoreError> {
        let mut number = pid;
        loop {
            let path = spool_path(db, number);
            let failed = |source| StoreError::Io { path: path.clone(), action: "create", source };
            let file = OpenOptions::new().create(true).append(true).read(true).open(&path).map_err(failed)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    number = number.wrapping_add(1);
                    continue;
                }
                Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
                    return Err(failed(error));
                }
                _ => {}
            }
            // An importer may have removed the file of an earlier process with this id meanwhile.
            if path.exists() {
                let file = Held::new((descriptors.raise)(file));
                let mut spool = Self { file, path, db: db.to_owned(), pid, descriptors };
                spool.end_torn_line()?;
                return Ok(spool);
            }
        }
    }

    /// An earlier process with this id may have died, or run out of disk, in the middle of a line.
    fn end_torn_line(&mut self) -> Result<(), StoreError> {
        if self.file.is_empty() { Ok(()) } else { self.write("\n") }
    }

    fn write(&mut self, text: &str) -> Result<(), StoreError> {
        self.file.write(text).map_err(|source| StoreError::Io { path: self.path.clone(), action: "write", source })
    }

    /// Appends the entries, each line in one write. A file that was closed by others is opened anew.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] if the system refuses; the lines before stay.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        if !self.file.is_intact() {
            *self = Self::create_guarded(&self.db, self.pid, self.descriptors)?;
        }
        for entry in entries {
            self.write(&(entry.to_line() + "\n"))?;
        }
        Ok(())
    }

    /// The spool file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn spool_path(db: &Path, pid: u32) -> PathBuf {
    let mut path = OsString::from(db);
    path.push(format!(".spool-{pid}.jsonl"));
    path.into()
}

/// The spool files beside `db`.
pub(crate) fn beside(db: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (db.parent(), db.file_name()) else {
        return Vec::new();
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(files) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let name = name.as_encoded_bytes();
    files
        .flatten()
        .map(|file| file.file_name())
        .filter(|file| {
            let rest = file.as_encoded_bytes().strip_prefix(name);
            let pid = rest.and_then(|r| r.strip_prefix(b".spool-")).and_then(|r| r.strip_suffix(b".jsonl"));
            pid.is_some_and(|pid| !pid.is_empty() && pid.iter().all(u8::is_ascii_digit))
        })
        .map(|file| folder.join(file))
        .collect()
}

/// Imports and removes the spool files beside the database whose writers are gone.
///
/// A file that cannot be read stays for the next process. Lines that are torn are skipped.
pub(crate) fn import(database: &Database) -> Result<(), StoreError> {
    for path in beside(database.path()) {
        if let Ok(Some((text, file))) = read_if_abandoned(&path) {
            let entries: Vec<_> = text.lines().filter_map(Entry::from_line).collect();
            if !entries.is_empty() {
                database.write(|connection| entries.iter().try_for_each(|entry| entry.apply(connection)))?;
            }
            // Importing twice adds nothing: if it cannot be removed, the next process tries again.
            let _ = fs::remove_file(&path);
            drop(file);
        }
    }
    Ok(())
}

/// The text of a spool file, and the file whose lock keeps other importers away.
fn read_if_abandoned(path: &Path) -> io::Result<Option<(String, File)>> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), file)))
}
