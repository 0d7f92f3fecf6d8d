//! The user's Rust sources: which files a target is made of, and what in them is a test.

pub mod files;
pub mod known;
pub(crate) mod lint;
pub(crate) mod macros;
pub(crate) mod packages;
pub(crate) mod renamed;

use std::fs;
use std::path::{Path, PathBuf};

/// Rust sources below a folder, sorted, without what is built or hidden.
#[must_use]
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    find(folder, &mut files);
    files.sort();
    files
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        let is_built = entry.path().join("CACHEDIR.TAG").exists();
        if kind.is_dir() && !name.starts_with('.') && name != "target" && !is_built {
            find(&entry.path(), files);
        } else if kind.is_file() && name.ends_with(".rs") {
            files.push(entry.path());
        }
    }
}
