//! Where an isolated process leaves its output and its report.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A folder that is made for one process, that no other user can enter, and whose name nobody can foresee. Files, not
/// pipes: what is written is there when the process has ended, whoever else may still hold them.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> io::Result<Self> {
        monitor_store::private_folder("isolated").map(Self)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// A file that takes what the process prints.
    pub(super) fn output(&self, name: &str) -> io::Result<Stdio> {
        OpenOptions::new().append(true).create_new(true).open(self.0.join(name)).map(Stdio::from)
    }

    pub(super) fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(name)).ok()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_and_gone_in_the_end() {
        let (one, other) = (Folder::new().expect("it can be made"), Folder::new().expect("it can be made"));
        let path = one.path().to_owned();
        assert_ne!(path, other.path());
        drop(one.output("stdout").expect("a file can be made"));
        assert_eq!(one.read("stdout"), Some(Vec::new()));
        assert!(one.output("stdout").is_err(), "what is there already is not taken over");
        drop(one);
        assert!(!path.exists());
    }
}
