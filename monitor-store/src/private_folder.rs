//! Temporary folders that only this user may enter, with names that nobody can guess.

use std::collections::hash_map::RandomState;
use std::env;
use std::fs::DirBuilder;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};

/// Makes a folder `monitor-PURPOSE-…` in the system's folder for temporary files. The caller removes it.
///
/// # Platforms
///
/// On Unix only this user may enter it. Elsewhere it has the permissions that the system gives to temporary files.
///
/// # Errors
///
/// If the folder cannot be made.
pub fn private_folder(purpose: &str) -> io::Result<PathBuf> {
    // Seeded by the operating system.
    let number = || RandomState::new().build_hasher().finish();
    let path = env::temp_dir().join(format!("monitor-{purpose}-{:016x}{:016x}", number(), number()));
    make(&path).map(|()| path)
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
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

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
