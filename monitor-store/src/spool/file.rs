//! Where rows go that the file cannot take, or that somebody else is bound to bring into it: `<db>.spool-<pid>.jsonl`, one JSON
//! line per entry, after a line that says the version of what follows.
//!
//! The writing process holds a lock on its spool file as long as it lives; whoever gets that lock may import
//! the file. That holds between containers and after a reboot, where process ids mean nothing.

use std::fs::{OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::descriptors::{Descriptors, Held};
use crate::entry::Entry;
use crate::error::StoreError;
use crate::filesystem;

/// The version of the lines that this build writes, and the newest that it understands. The first version had no line that
/// says so; the second had no line for the end of a process.
pub(super) const VERSION: u64 = 3;

/// A spool file of this process, for the rows that a `.pymon` file did not take.
#[derive(Debug)]
pub struct Spool {
    file: Held,
    path: PathBuf,
    db: PathBuf,
    pid: u32,
    descriptors: Descriptors,
    /// Stands before the first lines of this process, and is written with them.
    begin: String,
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

    /// Whether a process with that id has left one, or is at it.
    #[must_use]
    pub fn is_there(db: &Path, pid: u32) -> bool {
        spool_path(db, pid).exists()
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
                // An earlier process with this id may have died, or run out of disk, in the middle of a line.
                let torn = if file.is_empty() { "" } else { "\n" };
                let begin = format!("{torn}{{\"spool\":{{\"version\":{VERSION}}}}}\n");
                return Ok(Self { file, path, db: db.to_owned(), pid, descriptors, begin });
            }
        }
    }

    /// Appends the entries, in one write. A file that was closed by others is opened anew.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] if the system refuses; the lines before stay.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut text = String::new();
        for entry in entries {
            entry.write(&mut text);
            text.push('\n');
        }
        if self.file.is_intact() {
            match self.write(&text) {
                Err(_) if !self.file.is_intact() => {}
                written => return written,
            }
        }
        self.file.give_up();
        *self = Self::create_guarded(&self.db, self.pid, self.descriptors)?;
        self.write(&text)
    }

    fn write(&mut self, text: &str) -> Result<(), StoreError> {
        let failed = |source| StoreError::Io { path: self.path.clone(), action: "write", source };
        let all = [&*self.begin, text].concat();
        if !all.is_empty() {
            self.file.write(&all).map_err(failed)?;
        }
        self.begin.clear();
        Ok(())
    }

    /// Gives the file to whoever imports it, even if a child made by `fork` has it open.
    pub fn release(self) {
        self.file.unlock();
    }

    /// The spool file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn spool_path(db: &Path, pid: u32) -> PathBuf {
    filesystem::beside(db, &format!(".spool-{pid}.jsonl"))
}
