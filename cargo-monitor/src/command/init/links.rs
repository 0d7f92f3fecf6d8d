//! Whether cargo would take the dependency: a program links one SQLite.

use std::fs;
use std::path::Path;

use super::change::{self, Change};
use crate::output;
use crate::sources::packages::{self, Linking};

/// The versions `0.N` of libsqlite3-sys that the rusqlite we take may bring: of rusqlite 0.25 and 0.42. The book's page has
/// them, and `tests/tests/links.rs` tries them.
const FITTING: std::ops::RangeInclusive<u32> = 22..=40;

/// Why there can be no SQLite of ours beside what the workspace links already; `None` if there can, or if cargo does not know.
pub(super) fn conflict(root: &Path) -> anyhow::Result<Option<String>> {
    match beside_the_lock_file(root, || packages::linking(root, "sqlite3"))?.0 {
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

/// Does what makes cargo write the lock file, and leaves that as it was: what is to be added is for the next build to add. With what
/// the next build makes of the file, if there is one.
pub(super) fn beside_the_lock_file<T>(root: &Path, asked: impl FnOnce() -> T) -> anyhow::Result<(T, Option<Change>)> {
    let lock = root.join(change::LOCK);
    let before = fs::read_to_string(&lock).ok();
    let answer = asked();
    let Ok(after) = fs::read_to_string(&lock) else { return Ok((answer, None)) };
    let Some(before) = before else {
        fs::remove_file(&lock)?;
        return Ok((answer, None));
    };
    let change = Change::of(root, &lock, Some(before), after);
    change.iter().try_for_each(|change| change.unmake(root))?;
    Ok((answer, change))
}

/// Lets cargo take out of the lock file what builds have added for the dependency. If it can't now, its next command does.
pub(super) fn out_of_the_lock_file(root: &Path) {
    if fs::read_to_string(root.join(change::LOCK)).is_ok_and(|lock| lock.contains("name = \"monitor-core\"")) {
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
