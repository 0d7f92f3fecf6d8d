//! File descriptors in a process that also runs other people's code, which may close them.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::Path;

/// How a writer protects its files in a process whose other code may close file descriptors that it does not own.
///
/// This crate has no `unsafe` code and cannot look at SQLite's descriptors itself: the caller gives these functions. Most
/// callers need none of them and use [`Writer::open`](crate::Writer::open).
#[derive(Debug, Clone, Copy)]
pub struct Descriptors {
    /// Moves a file to a descriptor number that other code is unlikely to close.
    pub raise: fn(File) -> File,
    /// Called before the file is opened and before each transaction: an error if one of our descriptors was closed or now belongs
    /// to another file, of [`io::ErrorKind::NotFound`] if the file was deleted.
    pub intact: fn() -> io::Result<()>,
    /// Called before each transaction and while a lock is waited for: an error if the system refuses locks for another reason
    /// than that another process holds them.
    pub lockable: fn() -> io::Result<()>,
}

impl Descriptors {
    /// For a process in which no other code closes descriptors: no protection.
    pub const UNGUARDED: Self = Self { raise: |file| file, intact: || Ok(()), lockable: || Ok(()) };
}

/// A file that stays open while other people's code runs: what it is known by is looked at before it is used, and before it
/// is closed, since the number may be another file's by then.
#[derive(Debug)]
pub(crate) struct Held {
    /// `None` once it was given up.
    file: Option<File>,
    identity: Option<Identity>,
}

impl Held {
    pub(crate) fn new(file: File) -> Self {
        Self { identity: identity(&file).ok(), file: Some(file) }
    }

    /// Whether it is still the file that it was.
    pub(crate) fn is_intact(&self) -> bool {
        self.file.as_ref().and_then(|file| identity(file).ok()) == self.identity
    }

    /// Whether that name still leads to it.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|file| Some(identity_of(&file)) == self.identity)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.file.as_ref().and_then(|file| file.metadata().ok()).is_none_or(|file| file.len() == 0)
    }

    /// The file, if it still is what it was.
    pub(crate) fn intact(&self) -> Option<&File> {
        self.file.as_ref().filter(|_| self.is_intact())
    }

    /// Releases the lock for all who have this opening of the file, such as a child made by `fork`.
    pub(crate) fn unlock(&self) {
        let _ = self.intact().map(File::unlock);
    }

    /// Leaves the number to others, whatever it is by now. Before the file is opened anew: the new one may get the same number,
    /// and nothing then tells the two apart.
    pub(crate) fn give_up(&mut self) {
        std::mem::forget(self.file.take());
    }

    pub(crate) fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(text.as_bytes()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_intact() {
            self.give_up();
        }
    }
}

fn identity(file: &File) -> io::Result<Identity> {
    file.metadata().map(|file| identity_of(&file))
}

#[cfg(unix)]
pub(crate) type Identity = (u64, u64);

#[cfg(unix)]
pub(crate) fn identity_of(file: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    (file.dev(), file.ino())
}

#[cfg(not(unix))]
pub(crate) type Identity = ();

#[cfg(not(unix))]
pub(crate) fn identity_of(_file: &Metadata) -> Identity {}
