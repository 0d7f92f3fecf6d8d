//! Variables of the environment, as Cargo would set them for a test.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use toml::{Table, Value};

/// A variable: of this process, else of the `[env]` tables of `.cargo/config.toml` in `here` and the folders above, the
/// nearest first. Cargo sets those for tests but not for its subcommands.
#[must_use]
pub fn variable(here: &Path, name: &str) -> Option<OsString> {
    let own = env::var_os(name);
    let configured = || here.ancestors().find_map(|folder| configured(folder, name));
    match configured() {
        Some(entry) if own.is_none() || entry.force => Some(entry.value),
        _ => own,
    }
}

/// Cargo, which tells its subcommands which one it is.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// The text of a file; `None` if it is not there.
pub(crate) fn text_of(file: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        text => text.map(Some).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// The user's folder for copies that can be made again.
///
/// # Errors
///
/// If the user has none.
pub fn cache() -> anyhow::Result<PathBuf> {
    let told = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = told.or_else(|| Some(env::home_dir()?.join(".cache")));
    Ok(folder.context("no folder for copies of the server's sessions: set XDG_CACHE_HOME")?.join("cargo-monitor"))
}

struct Entry {
    value: OsString,
    /// It stands even where the process has the variable.
    force: bool,
}

/// <https://doc.rust-lang.org/cargo/reference/config.html#env>
fn configured(folder: &Path, name: &str) -> Option<Entry> {
    let files = ["config.toml", "config"].map(|file| folder.join(".cargo").join(file));
    let config: Table = files.iter().find_map(|file| fs::read_to_string(file).ok())?.parse().ok()?;
    match config.get("env")?.get(name)? {
        Value::String(value) => Some(Entry { value: value.into(), force: false }),
        Value::Table(table) => {
            let value = table.get("value")?.as_str()?;
            let is = |key: &str| table.get(key).and_then(Value::as_bool).unwrap_or(false);
            let value = if is("relative") { folder.join(value).into_os_string() } else { value.into() };
            Some(Entry { value, force: is("force") })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_configuration_counts() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inner = folder.path().join("inner");
        for (place, text) in [
            (folder.path(), "[env]\nMONITOR_T_A = \"outer\"\nMONITOR_T_B = \"outer\""),
            (&inner, "[env]\nMONITOR_T_A = \"inner\"\nMONITOR_T_C = { value = \"x.pymon\", relative = true }"),
        ] {
            fs::create_dir_all(place.join(".cargo")).expect("a folder");
            fs::write(place.join(".cargo/config.toml"), text).expect("a file");
        }
        assert_eq!(variable(&inner, "MONITOR_T_A"), Some("inner".into()));
        assert_eq!(variable(&inner, "MONITOR_T_B"), Some("outer".into()));
        assert_eq!(variable(&inner, "MONITOR_T_C"), Some(inner.join("x.pymon").into_os_string()));
        assert_eq!(variable(&inner, "MONITOR_T_D"), None);
        assert_eq!(variable(&inner, "PATH"), env::var_os("PATH"));
    }
}
