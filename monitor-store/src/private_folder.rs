//! Temporary folders that only this user may enter, with names that nobody can guess.

use std::collections::hash_map::RandomState;
use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, io};

/// A folder for temporary files, removed when dropped.
///
/// # Platforms
///
/// On Unix only this user may enter it. Elsewhere it has the permissions that the system gives to temporary files.
#[derive(Debug)]
pub struct PrivateFolder(PathBuf);

impl PrivateFolder {
    /// Makes a folder `monitor-PURPOSE-…` in the system's folder for temporary files.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made.
    pub fn new(purpose: &str) -> io::Result<Self> {
        // Seeded by the operating system.
        let number = || RandomState::new().build_hasher().finish();
        let path = env::temp_dir().join(format!("monitor-{purpose}-{:016x}{:016x}", number(), number()));
        make(&path).map(|()| Self(path))
    }

    /// The path of a file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // What cannot be removed lies in the folder for temporary files, which the system cleans.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An error if anything of that name is there, a link too.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn each_is_new_and_gone_in_the_end() {
        let [one, other] = ["test", "test"].map(|purpose| PrivateFolder::new(purpose).expect("it can be made"));
        let file = one.file("x");
        assert_ne!(file, other.file("x"));
        fs::write(&file, "").expect("it can be written");
        drop(one);
        assert!(!file.exists() && !file.parent().expect("it has a folder").exists());
    }

    #[test]
    fn nobody_else_enters_and_no_link_is_followed() {
        let around = tempfile::tempdir().expect("a temporary folder can be made");
        let path = around.path().join("private");
        make(&path).expect("it can be made");
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(make(&path).is_err());
        let link = around.path().join("link");
        symlink(around.path().join("elsewhere"), &link).expect("a link can be made");
        assert!(make(&link).is_err());
    }
}
