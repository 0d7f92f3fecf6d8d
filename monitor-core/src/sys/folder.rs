//! A folder that only this user may enter.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// Makes a folder; an error if anything of that name is there, a link too.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
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
        make_private_folder(&path).expect("it can be made");
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(make_private_folder(&path).is_err());
        let link = around.path().join("link");
        symlink(around.path().join("elsewhere"), &link).expect("a link can be made");
        assert!(make_private_folder(&link).is_err());
    }
}
