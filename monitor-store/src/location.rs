//! Where the file is: in the workspace of a package, found at run time as Cargo finds it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

pub use crate::filesystem::is_network as is_on_network;
use crate::manifest::{self, Manifest};

/// The file of a workspace: `.pymon` in its root, or the path in `variable`, the value of `MONITOR_DB`. `None` if that is `off`
/// or `/dev/null`: nothing is recorded.
///
/// A relative path starts at the workspace's root, since Cargo runs each package's tests in the package's own folder.
#[must_use]
pub fn database(workspace: &Path, variable: Option<OsString>) -> Option<PathBuf> {
    match variable.filter(|value| !value.is_empty()) {
        None => Some(workspace.join(".pymon")),
        Some(value) if value.eq_ignore_ascii_case("off") || value == "/dev/null" => None,
        Some(path) => Some(workspace.join(path)),
    }
}

/// The root of the workspace that the package in `manifest_dir` belongs to; the package itself if it is in none.
///
/// Reads only the parts of the manifests that are about workspaces. If the package is no longer where it was built (an archive
/// that runs elsewhere), the search starts in the current folder.
#[must_use]
pub fn workspace_root(manifest_dir: &Path) -> PathBuf {
    if manifest_dir.join("Cargo.toml").exists() {
        return root_of(manifest_dir);
    }
    let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let package = here.ancestors().find(|folder| folder.join("Cargo.toml").exists()).unwrap_or(&here);
    root_of(package)
}

fn root_of(package: &Path) -> PathBuf {
    let manifest = read(package);
    if manifest.is_workspace {
        return package.to_owned();
    }
    if let Some(workspace) = manifest.workspace {
        return normal(&package.join(workspace));
    }
    for folder in package.ancestors().skip(1) {
        let manifest = read(folder);
        if manifest.is_workspace {
            let is_below = |path: &String| package.starts_with(normal(&folder.join(path)));
            // As cargo does: what is a member by name is not excluded.
            let is_excluded = manifest.exclude.iter().any(is_below) && !manifest.members.iter().any(is_below);
            return if is_excluded { package } else { folder }.to_owned();
        }
    }
    package.to_owned()
}

fn read(folder: &Path) -> Manifest {
    fs::read_to_string(folder.join("Cargo.toml")).map(|text| manifest::parse(&text)).unwrap_or_default()
}

/// Without `.` and `..`, as far as the names alone tell.
fn normal(path: &Path) -> PathBuf {
    use std::path::Component;
    path.components().fold(PathBuf::new(), |mut normal, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            other => normal.push(other),
        }
        normal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_where_cargo_says() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let root = folder.path();
        let package = |path: &str, manifest: &str| {
            let path = root.join(path);
            fs::create_dir_all(&path).expect("a folder can be made");
            fs::write(path.join("Cargo.toml"), manifest).expect("a file can be written");
            path
        };
        let workspace = package("w", "workspace = { exclude = [\"out\"], members = [\"out/though\"] }\n");
        let member = package("w/crates/member", "[package]\nname = \"member\"\n");
        let own = package("w/own", "[package]\nname = \"own\"\n[workspace]\n");
        let out = package("w/out", "[package]\nname = \"out\"\n");
        let though = package("w/out/though", "[package]\nname = \"though\"\n");
        let elsewhere = package("elsewhere/deep", "[package]\nname = \"deep\"\nworkspace = \"../../w\"\n");
        let single = package("single", "[package]\nname = \"single\"\n");
        assert_eq!(workspace_root(&member), workspace);
        assert_eq!(workspace_root(&own), own);
        assert_eq!(workspace_root(&out), out);
        assert_eq!(workspace_root(&though), workspace);
        assert_eq!(workspace_root(&elsewhere), workspace);
        assert_eq!(workspace_root(&single), single);
    }

    #[test]
    fn a_relative_path_starts_at_the_workspace_and_off_is_off() {
        let file = |value: &str| database(Path::new("/w"), Some(value.into()));
        assert_eq!(database(Path::new("/w"), None), Some(PathBuf::from("/w/.pymon")));
        assert_eq!(file(""), Some(PathBuf::from("/w/.pymon")));
        assert_eq!(file("target/x.pymon"), Some(PathBuf::from("/w/target/x.pymon")));
        assert_eq!(file("/else where/x.pymon"), Some(PathBuf::from("/else where/x.pymon")));
        assert_eq!((file("OFF"), file("/dev/null")), (None, None));
    }
}
