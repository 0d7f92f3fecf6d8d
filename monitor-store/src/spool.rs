//! Where rows go while the file cannot be written: `<db>.spool-<pid>.jsonl`, one JSON line per entry, after a line that
//! says the version of what follows.
//!
//! The writing process holds a lock on its spool file as long as it lives; whoever gets that lock may import
//! the file. That holds between containers and after a reboot, where process ids mean nothing.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::descriptors::{Descriptors, Held};
use crate::entry::Entry;
use crate::error::StoreError;
use crate::fields::Field as _;
use crate::json::Json;
use crate::sqlite::database::Database;
use crate::sqlite::insert;
use crate::sqlite::memory::Memory;

/// The version of the lines that this build writes, and the newest that it understands. The first version had no line that
/// says so.
const VERSION: u64 = 2;

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
                spool.write(&format!("{{\"spool\":{{\"version\":{VERSION}}}}}\n"))?;
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

/// The spool files beside `db` that this build may understand.
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
            let rest = file.as_encoded_bytes().strip_prefix(name).and_then(|rest| rest.strip_prefix(b".spool-"));
            rest.and_then(|rest| str::from_utf8(rest).ok()).is_some_and(may_be_understood)
        })
        .map(|file| folder.join(file))
        .collect()
}

/// Of `123.jsonl`, and of `123.jsonl.v2`, which an older build left to whoever understands it.
fn may_be_understood(name: &str) -> bool {
    let Some((pid, version)) = name.split_once(".jsonl") else { return false };
    let version = match version.strip_prefix(".v") {
        Some(version) => version.parse().unwrap_or(u64::MAX),
        None if version.is_empty() => 0,
        None => u64::MAX,
    };
    !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()) && version <= VERSION
}

/// A spool file with lines that this build does not understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where the file is now. It still holds all of its lines.
    pub path: PathBuf,
    /// The version of its lines, if it is newer than what this build reads.
    pub newer: Option<u64>,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.newer {
            Some(version) => write!(
                f,
                "{path} holds rows of a newer version ({version}, not {VERSION}), which are kept there: update \
                 monitor-runtime and cargo-monitor, which then import them"
            ),
            None => write!(
                f,
                "{path} holds lines that are no rows, which are kept there, while the others are imported: look at them, \
                 and remove the file"
            ),
        }
    }
}

/// Imports and removes the spool files beside the database whose writers are gone; those with lines that are not understood
/// get another name, and are returned.
///
/// A file that cannot be read stays for the next process. Lines that are torn are skipped.
pub(crate) fn import(database: &Database) -> Result<Vec<Kept>, StoreError> {
    let mut all_kept = Vec::new();
    for path in beside(database.path()) {
        if let Ok(Some((text, file))) = read_if_abandoned(&path) {
            let lines = Lines::of(&text);
            if !lines.entries.is_empty() {
                let mut memory = Memory::default();
                database.write(|connection| {
                    lines.entries.iter().try_for_each(|entry| insert::entry(connection, &mut memory, entry))
                })?;
            }
            // Importing twice adds nothing: if it cannot be removed or renamed, the next process tries again.
            match lines.kept_as(&path) {
                None => drop(fs::remove_file(&path)),
                Some(kept) => {
                    if fs::rename(&path, &kept.path).is_ok() {
                        all_kept.push(kept);
                    }
                }
            }
            drop(file);
        }
    }
    Ok(all_kept)
}

/// What a spool file holds.
#[derive(Default)]
struct Lines {
    entries: Vec<Entry>,
    newer: Option<u64>,
    has_others: bool,
}

impl Lines {
    fn of(text: &str) -> Self {
        let mut lines = Self::default();
        let mut is_newer = false;
        for line in text.lines() {
            // Torn, or empty because the line before was.
            let Some(json) = Json::parse(line) else { continue };
            if let Some(header) = json.get("spool") {
                let version = header.get("version").and_then(u64::from_json).unwrap_or(u64::MAX);
                is_newer = version > VERSION;
                lines.newer = lines.newer.max(Some(version).filter(|_| is_newer));
            } else if is_newer {
                continue;
            } else if let Some(entry) = Entry::from_json(json) {
                lines.entries.push(entry);
            } else {
                lines.has_others = true;
            }
        }
        lines
    }

    /// What becomes of the file, if there is something in it that was not imported.
    fn kept_as(&self, path: &Path) -> Option<Kept> {
        let behind = match self.newer {
            Some(version) => format!(".v{version}"),
            None if self.has_others => ".unread".to_owned(),
            None => return None,
        };
        let mut name = OsString::from(path);
        name.push(behind);
        Some(Kept { path: name.into(), newer: self.newer })
    }
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
