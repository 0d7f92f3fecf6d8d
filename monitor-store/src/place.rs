//! The name of a file that other programs move or delete while it is open, and what lies beside it under that name.
//!
//! SQLite finds the write-ahead log and its index by the name of the database. Whoever opens a new one under the name that a
//! moved one had would delete the log of that, and share its index with processes that still write the moved one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::descriptors::{Identity, identity_of};
use crate::filesystem::{self, folder_of};

/// Where a file is open: what its name and that of its folder led to.
#[derive(Debug)]
pub(crate) struct Place {
    file: Identity,
    folder: Identity,
}

impl Place {
    pub(crate) fn of(path: &Path) -> Option<Self> {
        Some(Self { file: identity(path).ok()?, folder: identity(folder_of(path)).ok()? })
    }

    /// Whether `path` no longer leads to the file, while its folder is where it was: a process that has gone into another root
    /// or other mounts sees neither.
    pub(crate) fn is_left(&self, path: &Path) -> bool {
        let has_left = match identity(path) {
            Ok(file) => file != self.file,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        has_left && identity(folder_of(path)).is_ok_and(|folder| folder == self.folder)
    }
}

/// Between the names of a database and of a log that it was moved without.
const INFIX: &str = ".moved-";

/// The logs to which [`make_way`] has given a name and that still hold something.
pub(crate) fn moved_logs(path: &Path) -> impl Iterator<Item = PathBuf> {
    let holds_something = |log: &PathBuf| fs::metadata(log).is_ok_and(|log| log.len() > 0);
    filesystem::named(path, INFIX, |rest| rest.ends_with("-wal")).into_iter().filter(holds_something)
}

/// Makes way for a new file at `path`, if there is none: what another has left under this name is no longer found by it. The
/// new name of its log, if it holds something.
pub(crate) fn make_way(path: &Path) -> Option<PathBuf> {
    if !is_missing(path) {
        return None;
    }
    let log = filesystem::beside(path, "-wal");
    let aside = filesystem::beside(path, &format!("{INFIX}{}-wal", std::process::id()));
    let kept = if_left(path, &log, |held| match held.metadata()?.len() {
        0 => fs::remove_file(&log).map(|()| None),
        _ => fs::rename(&log, &aside).map(|()| Some(aside)),
    });
    let index = filesystem::beside(path, "-shm");
    if_left(path, &index, |_| fs::remove_file(&index));
    kept.flatten()
}

/// Does `action` if `file` belongs to a database that is not there, for which others make way at the same time: only who has the
/// lock may touch it, and a database that one of them has made since was there before its log.
fn if_left<T>(database: &Path, file: &Path, action: impl FnOnce(&File) -> io::Result<T>) -> Option<T> {
    let held = File::open(file).ok()?;
    held.lock().ok()?;
    let is_it = identity(file).ok()? == identity_of(&held.metadata().ok()?);
    if is_it && is_missing(database) { action(&held).ok() } else { None }
}

/// Empty is what a program leaves that only looked for it; no database of which there is a log is empty.
fn is_missing(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(file) => file.is_file() && file.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// What `path` leads to.
pub(crate) fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|file| identity_of(&file))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_left_when_only_its_name_leads_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let [path, other] = ["x.pymon", "y.pymon"].map(|name| folder.path().join("in").join(name));
        let is_left_after = |change: &dyn Fn()| {
            let _ = fs::remove_dir_all(folder.path().join("in"));
            fs::create_dir(folder.path().join("in")).unwrap();
            fs::write(&path, "x").unwrap();
            let place = Place::of(&path).unwrap();
            change();
            place.is_left(&path)
        };
        assert!(!is_left_after(&|| fs::write(&path, "y").unwrap()));
        assert!(is_left_after(&|| fs::rename(&path, &other).unwrap()));
        assert!(is_left_after(&|| {
            fs::rename(&path, &other).unwrap();
            fs::copy(&other, &path).unwrap();
        }));
        assert!(!is_left_after(&|| fs::rename(folder.path().join("in"), folder.path().join("out")).unwrap()));
    }

    #[test]
    fn only_what_a_missing_database_has_left_makes_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pymon");
        let [log, index] = ["-wal", "-shm"].map(|end| filesystem::beside(&path, end));
        let leave = |text: &str| {
            fs::write(&log, text).unwrap();
            fs::write(&index, "index").unwrap();
        };
        leave("rows");
        fs::write(&path, "pages").unwrap();
        assert_eq!(make_way(&path), None);
        assert!(log.exists() && index.exists());

        fs::write(&path, "").unwrap();
        let kept = make_way(&path).expect("the log holds something");
        assert_eq!(fs::read_to_string(kept).unwrap(), "rows");
        fs::remove_file(&path).unwrap();
        leave("");
        assert_eq!(make_way(&path), None);
        assert!(!log.exists() && !index.exists());
    }
}
