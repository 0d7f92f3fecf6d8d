//! Crates of the registry, as they were published.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{Project, run};

/// The crate's source as the registry has it; `None` if it can't be fetched.
#[must_use]
pub fn source(name: &str, version: &str) -> Option<PathBuf> {
    let manifest = format!(
        "[package]\nname = \"of-{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{name} = \"={version}\"\n"
    );
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/lib.rs", "")]);
    let _ = run(online(project.cargo(&["fetch", "--quiet"])));
    let fetch = project.cargo(&["metadata", "--format-version=1"]);
    let told = run(online(fetch));
    let metadata: serde_json::Value = serde_json::from_str(&told.stdout).ok()?;
    let mut packages = metadata["packages"].as_array()?.iter();
    let package = packages.find(|package| package["name"] == name && package["version"] == version)?;
    Some(PathBuf::from(package["manifest_path"].as_str()?).parent()?.to_owned())
}

/// Copies a folder of a crate's source into a project, manifest and lock file left out.
///
/// # Panics
///
/// If a file can't be copied.
pub fn copied(source: &Path, folder: &Path, project: &Project) {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(project.path(&folder.to_string_lossy())).expect("a folder can be made");
        for entry in fs::read_dir(source.join(&folder)).expect("a folder can be read").flatten() {
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if !["Cargo.toml", "Cargo.lock"].iter().any(|name| path == Path::new(name)) {
                fs::copy(entry.path(), project.path(&path.to_string_lossy())).expect("a file can be copied");
            }
        }
    }
}

/// Crates' own dependencies are not among those of this repository.
#[must_use]
pub fn online(mut command: Command) -> Command {
    command.env("CARGO_NET_OFFLINE", "false");
    command
}
