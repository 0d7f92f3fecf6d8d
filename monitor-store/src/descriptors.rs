//! What a process that runs other people's code knows of its descriptors, and does about them.

use std::fs::File;
use std::io::{self, Write as _};

/// Asked for by whoever writes beside code that may close descriptors that are not its own.
///
/// This crate has no `unsafe` code, and so cannot look after SQLite's descriptors itself.
#[derive(Debug, Clone, Copy)]
pub struct Descriptors {
    /// The same file, out of the reach of others.
    pub raise: fn(File) -> File,
    /// An error if a descriptor of ours is closed or another file's; asked for before each transaction.
    pub intact: fn() -> io::Result<()>,
    /// An error if locks are refused for another reason than that somebody has them; asked for before each transaction, and
    /// while a lock is waited for.
    pub lockable: fn() -> io::Result<()>,
}

impl Descriptors {
    /// Of a process in which nobody touches them.
    pub const UNGUARDED: Self = Self { raise: |file| file, intact: || Ok(()), lockable: || Ok(()) };
}

/// A file that stays open while other people's code runs: what it is known by is looked at before it is used, and before it
/// is closed, since the number may be another file's by then.
#[derive(Debug)]
pub(crate) struct Held {
    /// `None` only while it is dropped.
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

    pub(crate) fn is_empty(&self) -> bool {
        self.file.as_ref().and_then(|file| file.metadata().ok()).is_none_or(|file| file.len() == 0)
    }

    pub(crate) fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(text.as_bytes()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_intact() {
            std::mem::forget(self.file.take());
        }
    }
}

#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(file: &File) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    file.metadata().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(_file: &File) -> io::Result<Identity> {
    Ok(())
}
