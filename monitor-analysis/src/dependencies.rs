//! How the dependencies of two sessions differ, by their `Cargo.lock`.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use toml::{Table, Value};

/// Why a lockfile could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LockfileError {
    /// Not TOML.
    #[error("the lockfile is not valid TOML")]
    Toml(#[from] toml::de::Error),
    /// A package entry has no name, or its version is not valid.
    #[error("package {index} of the lockfile has no name or no valid version")]
    Package {
        /// The number of the entry, the first is 1.
        index: usize,
    },
}

/// A version of a package, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// Registry, or repository with revision; `None` for a package of the workspace.
    pub source: Option<String>,
}

impl std::fmt::Display for Release {
    /// The version, with the first digits of the revision where a repository is the source.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.version)?;
        let git = self.source.as_deref().filter(|source| source.starts_with("git+"));
        if let Some((_, revision)) = git.and_then(|source| source.rsplit_once('#')) {
            write!(f, " ({})", revision.chars().take(8).collect::<String>())?;
        }
        Ok(())
    }
}

/// What happened to a package between two lockfiles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DependencyChange {
    /// It was not there before.
    Added(Release),
    /// It is no longer there.
    Removed(Release),
    /// It moved to another version or revision.
    Updated {
        /// The release before.
        from: Release,
        /// The release after; lower if it was downgraded.
        to: Release,
    },
}

/// A package that differs between two lockfiles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangedDependency {
    /// Its name.
    pub name: String,
    /// What happened to it.
    pub change: DependencyChange,
}

impl std::fmt::Display for ChangedDependency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.change {
            DependencyChange::Added(release) => write!(f, "{} {release} added", self.name),
            DependencyChange::Removed(release) => write!(f, "{} {release} removed", self.name),
            DependencyChange::Updated { from, to } => write!(f, "{} {from} -> {to}", self.name),
        }
    }
}

/// The packages that differ between the texts of two lockfiles, sorted by name.
///
/// A lockfile may have several releases of one package. Releases that are gone are paired with releases that are new, in
/// ascending order; what remains was removed or added.
///
/// # Errors
///
/// [`LockfileError`] if one of the texts is not a lockfile.
///
/// ```
/// use monitor_analysis::dependencies::diff;
/// let before = "[[package]]\nname = \"rand\"\nversion = \"0.9.0\"";
/// let after = "[[package]]\nname = \"rand\"\nversion = \"0.10.1\"";
/// assert_eq!(diff(before, after).unwrap()[0].to_string(), "rand 0.9.0 -> 0.10.1");
/// ```
pub fn diff(before: &str, after: &str) -> Result<Vec<ChangedDependency>, LockfileError> {
    let (before, after) = (releases(before)?, releases(after)?);
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let none = BTreeSet::new();
    let mut changes = Vec::new();
    for name in names {
        let (old, new) = (before.get(name).unwrap_or(&none), after.get(name).unwrap_or(&none));
        let (mut left, mut came) = (old.difference(new).cloned(), new.difference(old).cloned());
        loop {
            let change = match (left.next(), came.next()) {
                (Some(from), Some(to)) => DependencyChange::Updated { from, to },
                (Some(release), None) => DependencyChange::Removed(release),
                (None, Some(release)) => DependencyChange::Added(release),
                (None, None) => break,
            };
            changes.push(ChangedDependency { name: name.clone(), change });
        }
    }
    Ok(changes)
}

/// The releases in a lockfile by package name.
fn releases(lockfile: &str) -> Result<BTreeMap<String, BTreeSet<Release>>, LockfileError> {
    let lockfile: Table = lockfile.parse()?;
    let packages = lockfile.get("package").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut releases: BTreeMap<String, BTreeSet<Release>> = BTreeMap::new();
    for (index, package) in packages.iter().enumerate() {
        let field = |name| package.get(name).and_then(Value::as_str);
        let version = field("version").and_then(|version| Version::parse(version).ok());
        let (Some(name), Some(version)) = (field("name"), version) else {
            return Err(LockfileError::Package { index: index + 1 });
        };
        let release = Release { version, source: field("source").map(str::to_owned) };
        releases.entry(name.to_owned()).or_default().insert(release);
    }
    Ok(releases)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn lockfile(packages: &[(&str, &str, &str)]) -> String {
        let mut text = String::from("# made by cargo\nversion = 4\n");
        for (name, version, source) in packages {
            text += &format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
            if !source.is_empty() {
                text += &format!("source = \"{source}\"\nchecksum = \"00\"\ndependencies = [\n \"libc\",\n]\n");
            }
        }
        text
    }

    fn changes(before: &[(&str, &str, &str)], after: &[(&str, &str, &str)]) -> Vec<String> {
        diff(&lockfile(before), &lockfile(after)).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn added_removed_updated() {
        let before = [("gone", "1.0.0", REGISTRY), ("moved", "1.9.0", REGISTRY), ("same", "2.0.0", REGISTRY)];
        let after = [("moved", "1.10.0", REGISTRY), ("new", "0.1.0", REGISTRY), ("same", "2.0.0", REGISTRY)];
        assert_eq!(changes(&before, &after), ["gone 1.0.0 removed", "moved 1.9.0 -> 1.10.0", "new 0.1.0 added"]);
        assert!(changes(&before, &before).is_empty());
    }

    #[test]
    fn releases_side_by_side_are_paired_by_version() {
        let before = [("syn", "1.0.9", REGISTRY), ("syn", "2.0.0", REGISTRY)];
        let after = [("syn", "1.0.10", REGISTRY), ("syn", "2.0.1", REGISTRY), ("syn", "3.0.0", REGISTRY)];
        assert_eq!(changes(&before, &after), ["syn 1.0.9 -> 1.0.10", "syn 2.0.0 -> 2.0.1", "syn 3.0.0 added"]);
    }

    #[test]
    fn another_revision_is_an_update() {
        let git = |revision| format!("git+https://example.org/dep?branch=main#{revision}");
        let (old, new) = (git("0123456789abcdef"), git("fedcba9876543210"));
        let changes = changes(&[("dep", "1.0.0", &old)], &[("dep", "1.0.0", &new)]);
        assert_eq!(changes, ["dep 1.0.0 (01234567) -> 1.0.0 (fedcba98)"]);
    }

    #[test]
    fn what_is_no_lockfile_is_an_error() {
        assert!(matches!(diff("[[package]", ""), Err(LockfileError::Toml(_))));
        let nameless = "[[package]]\nversion = \"1.0.0\"";
        assert_eq!(
            diff("", nameless).unwrap_err().to_string(),
            "package 1 of the lockfile has no name or no valid version"
        );
        assert!(diff("", "version = 4").unwrap().is_empty());
    }
}
