//! Whether cargo would take the dependency: a program links one SQLite.

use std::fs;
use std::path::Path;

use crate::output;
use crate::sources::packages::{self, Linking};

/// The versions `0.N` of libsqlite3-sys that the rusqlite we take may bring: of rusqlite 0.25 and 0.42. The book's page has
/// them, and `tests/tests/links.rs` tries them.
const FITTING: std::ops::RangeInclusive<u32> = 22..=40;

/// Why there can be no SQLite of ours beside what the workspace links already; `None` if there can, or if cargo does not know.
pub(super) fn conflict(root: &Path) -> anyhow::Result<Option<String>> {
    match without_the_lock_file(root, || packages::linking(root, "sqlite3"))? {
        Ok(linking) => Ok(linking.iter().find(|package| !fits(package)).map(told)),
        Err(error) => {
            output::note(&format!("cannot tell whether another SQLite is in the way: {error:#}"));
            Ok(None)
        }
    }
}

fn fits(package: &Linking) -> bool {
    let mut numbers = package.version.split('.').map(|number| number.parse::<u32>().ok());
    package.name == "libsqlite3-sys"
        && numbers.next() == Some(Some(0))
        && numbers.next().flatten().is_some_and(|minor| FITTING.contains(&minor))
}

fn told(package: &Linking) -> String {
    let Linking { name, version, used_by } = package;
    let by = if used_by.is_empty() { String::new() } else { format!(", by which {} works,", used_by.join(", ")) };
    format!(
        "{name} {version}{by} links to the native library sqlite3, and a program links one; update the crate that brings it to one \
         with libsqlite3-sys 0.{} to 0.{}, as the book's chapter on SQLite says, or measure from outside: cargo monitor nextest",
        FITTING.start(),
        FITTING.end()
    )
}

/// Does what makes cargo write the lock file, and leaves that as it was: what is to be added is for the next build to add.
pub(super) fn without_the_lock_file<T>(root: &Path, asked: impl FnOnce() -> T) -> anyhow::Result<T> {
    let lock = root.join("Cargo.lock");
    let before = fs::read(&lock).ok();
    let answer = asked();
    match before {
        Some(before) if fs::read(&lock).ok().as_ref() != Some(&before) => fs::write(&lock, before)?,
        None if lock.exists() => fs::remove_file(&lock)?,
        _ => {}
    }
    Ok(answer)
}

/// Lets cargo take out of the lock file what builds have added for the dependency. If it can't now, its next command does.
pub(super) fn out_of_the_lock_file(root: &Path) {
    if fs::read_to_string(root.join("Cargo.lock")).is_ok_and(|lock| lock.contains("name = \"monitor-core\"")) {
        let _ = packages::resolve(root);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_what_the_runtime_may_bring() {
        let fits = |name: &str, version: &str| {
            fits(&Linking { name: name.to_owned(), version: version.to_owned(), used_by: Vec::new() })
        };
        assert!(fits("libsqlite3-sys", "0.22.2") && fits("libsqlite3-sys", "0.40.0"));
        assert!(
            !fits("libsqlite3-sys", "0.21.0") && !fits("libsqlite3-sys", "0.41.0") && !fits("libsqlite3-sys", "1.30.0")
        );
        assert!(!fits("sqlite3-src", "0.30.0"));
        // The newest that there is here is the newest that fits.
        let lock =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock")).expect("a lock file");
        assert!(lock.contains(&format!("name = \"libsqlite3-sys\"\nversion = \"0.{}.", FITTING.end())));
    }
}
