//! Spool files of processes that are gone, brought into the file.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::file::VERSION;
use crate::entry::Entry;
use crate::error::StoreError;
use crate::fields::Field as _;
use crate::filesystem;
use crate::json::Json;
use crate::sqlite::database::Database;
use crate::sqlite::insert;
use crate::sqlite::memory::Memory;

/// So many files are imported in one transaction: each is open meanwhile.
const AT_ONCE: usize = 100;

/// The spool files beside `db` that this build may understand.
fn beside(db: &Path) -> Vec<PathBuf> {
    filesystem::named(db, ".spool-", may_be_understood)
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

/// A file beside the database that could not be brought into it, and is kept there under a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A spool file with lines that this build does not understand. It still holds all of its lines.
    Lines {
        /// Where the file is now.
        path: PathBuf,
        /// The version of its lines, if it is newer than what this build reads.
        newer: Option<u64>,
    },
    /// The write-ahead log of a database that was moved or deleted without it.
    Log {
        /// Where the log is now.
        path: PathBuf,
    },
}

impl Kept {
    /// Where the file is now.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Lines { path, .. } | Self::Log { path } => path,
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        match self {
            Self::Lines { newer: Some(version), .. } => write!(
                f,
                "{path} holds rows of a newer version ({version}, not {VERSION}), which are kept there: update \
                 monitor-runtime and cargo-monitor, which then import them"
            ),
            Self::Lines { newer: None, .. } => write!(
                f,
                "{path} holds lines that are no rows, which are kept there, while the others are imported: look at them, \
                 and remove the file"
            ),
            Self::Log { .. } => write!(
                f,
                "{path} holds the last rows of a file that was moved or deleted without its write-ahead log: give it the \
                 name of the moved file with -wal behind it, or remove it"
            ),
        }
    }
}

/// What an import did.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    /// How many files are no longer there.
    pub(crate) files: usize,
    /// Those with lines that are not understood.
    pub(crate) kept: Vec<Kept>,
}

/// Imports and removes the spool files beside the database whose writers are gone; those with lines that are not understood
/// get another name.
///
/// A file that cannot be read stays for the next process. Lines that are torn are skipped.
pub(crate) fn import(database: &Database) -> Result<Imported, StoreError> {
    let mut imported = Imported::default();
    for paths in beside(database.path()).chunks(AT_ONCE) {
        let mut abandoned: Vec<Abandoned> = paths.iter().filter_map(|path| Abandoned::read(path).ok()?).collect();
        // Runs are numbered in the order in which they end.
        abandoned.sort_by_key(|spool| spool.written);
        let entries: Vec<&Entry> = abandoned.iter().flat_map(|spool| &spool.lines.entries).collect();
        if !entries.is_empty() {
            let mut memory = Memory::default();
            database.write(|connection| {
                entries.iter().try_for_each(|entry| insert::entry(connection, &mut memory, entry))
            })?;
        }
        for spool in abandoned {
            imported.files += usize::from(spool.remove(&mut imported.kept));
        }
    }
    Ok(imported)
}

/// Whether there is a spool file beside `db` whose writer is gone.
pub(crate) fn is_due(db: &Path) -> bool {
    beside(db).iter().any(|path| lock(path).is_ok_and(|file| file.is_some()))
}

/// A spool file whose writer is gone.
struct Abandoned {
    path: PathBuf,
    lines: Lines,
    written: Option<SystemTime>,
    /// Its lock keeps other importers away.
    file: File,
}

impl Abandoned {
    /// `None` if its writer lives, or another importer is at it.
    fn read(path: &Path) -> io::Result<Option<Self>> {
        let Some(mut file) = lock(path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let lines = Lines::of(&String::from_utf8_lossy(&bytes));
        let written = file.metadata().and_then(|file| file.modified()).ok();
        Ok(Some(Self { path: path.to_owned(), lines, written, file }))
    }

    /// Importing twice adds nothing: if it cannot be removed or renamed, the next process tries again.
    fn remove(self, all_kept: &mut Vec<Kept>) -> bool {
        let is_gone = match self.lines.kept_as(&self.path) {
            None => fs::remove_file(&self.path).is_ok(),
            Some(kept) => {
                let is_renamed = fs::rename(&self.path, kept.path()).is_ok();
                all_kept.extend(is_renamed.then_some(kept));
                is_renamed
            }
        };
        drop(self.file);
        is_gone
    }
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
                lines.push(entry);
            } else {
                lines.has_others = true;
            }
        }
        lines
    }

    /// The end of a test says all that its begin did.
    fn push(&mut self, entry: Entry) {
        if let (Some(Entry::Started(started)), Entry::Finished { profile, .. }) = (self.entries.last(), &entry)
            && started.key == profile.key
        {
            self.entries.pop();
        }
        self.entries.push(entry);
    }

    /// What becomes of the file, if there is something in it that was not imported.
    fn kept_as(&self, path: &Path) -> Option<Kept> {
        let behind = match self.newer {
            Some(version) => format!(".v{version}"),
            None if self.has_others => ".unread".to_owned(),
            None => return None,
        };
        Some(Kept::Lines { path: filesystem::beside(path, &behind), newer: self.newer })
    }
}

/// A spool file, locked; `None` if somebody else holds it.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    Ok(filesystem::try_alone(&file)?.then_some(file))
}
