//! Where the runtime comes from, and the line of a manifest that says so.

use std::env;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};
use similar::{ChangeTag, TextDiff};
use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

/// The runtime, under the name that expansions call it by.
const NAME: &str = "monitor-runtime";

/// Without an allocator, for packages that have one.
const CORE: &str = "monitor-core";

/// Where the runtime comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A clone of its repository.
    Path(PathBuf),
    Git(String),
    Version(String),
}

impl Source {
    /// What the user says; else the clone that this program was built in, if it is still there; else this program's version.
    pub(super) fn choose(path: Option<&Path>, git: Option<&str>, version: Option<&str>) -> anyhow::Result<Self> {
        if let Some(path) = path {
            let path = std::path::absolute(path).context("cannot find the current folder")?;
            let found = [path.clone(), path.join("..")].into_iter().find(|folder| has_runtime(folder));
            let Some(found) = found else {
                bail!("{} is not a clone of the repository of monitor-runtime", path.display());
            };
            return Ok(Self::Path(real(&found)));
        }
        if let Some(url) = git {
            return Ok(Self::Git(url.to_owned()));
        }
        if let Some(version) = version {
            return Ok(Self::Version(version.to_owned()));
        }
        let clone = real(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        if !has_runtime(&clone) {
            return Ok(Self::Version(env!("CARGO_PKG_VERSION").to_owned()));
        }
        // Cargo's own, which it may clean up. A user's folder may be called so too, but not both.
        let parts: Vec<_> = clone.components().map(Component::as_os_str).collect();
        if parts.windows(2).any(|pair| pair == ["git", "checkouts"]) {
            bail!(
                "cargo monitor was installed from git: give the same URL with --git URL, so that the tests use the same version"
            );
        }
        Ok(Self::Path(clone))
    }

    /// The right side of the line, in a manifest in `folder`.
    fn value(&self, package: &str, folder: &Path) -> Value {
        let renamed = package != NAME;
        if let (Self::Version(version), false) = (self, renamed) {
            return Value::from(version.as_str());
        }
        let mut table = InlineTable::new();
        if renamed {
            table.insert("package", package.into());
        }
        match self {
            Self::Path(clone) => {
                let path = relative(folder, &clone.join(package));
                table.insert("path", path.to_string_lossy().replace('\\', "/").into())
            }
            Self::Git(url) => table.insert("git", url.as_str().into()),
            Self::Version(version) => table.insert("version", version.as_str().into()),
        };
        table.into()
    }
}

fn has_runtime(folder: &Path) -> bool {
    folder.join(NAME).join("Cargo.toml").is_file() && folder.join(CORE).join("Cargo.toml").is_file()
}

/// Adds the dev-dependency to a package's manifest: the runtime, or the core if `own_allocator`.
pub(super) fn add(text: &str, folder: &Path, source: &Source, own_allocator: bool) -> anyhow::Result<String> {
    let package = if own_allocator { CORE } else { NAME };
    edited(text, |manifest| {
        set(table(manifest.as_table_mut(), "dev-dependencies")?, source.value(package, folder).into())
    })
}

/// As [`add`], inherited from the workspace.
pub(super) fn inherit(text: &str) -> anyhow::Result<String> {
    edited(text, |manifest| {
        let mut inherited = Table::new();
        inherited.set_dotted(true);
        inherited.insert("workspace", true.into());
        set(table(manifest.as_table_mut(), "dev-dependencies")?, Item::Table(inherited))
    })
}

/// Adds the dependency to the root manifest of a workspace whose members inherit theirs; `None` if they do not.
pub(super) fn add_to_workspace(text: &str, folder: &Path, source: &Source) -> anyhow::Result<Option<String>> {
    let manifest: DocumentMut = text.parse()?;
    let inherits = manifest.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let Some(inherited) = inherits.and_then(Item::as_table_like) else { return Ok(None) };
    if inherited.contains_key(NAME) {
        return Ok(Some(text.to_owned()));
    }
    let add = |manifest: &mut DocumentMut| {
        let workspace = table(manifest.as_table_mut(), "workspace")?;
        let dependencies = workspace.get_mut("dependencies").and_then(Item::as_table_like_mut);
        dependencies
            .context("`workspace.dependencies` is not a table")?
            .insert(NAME, source.value(NAME, folder).into());
        Ok(())
    };
    edited(text, add).map(Some)
}

fn set(dependencies: &mut Table, item: Item) -> anyhow::Result<()> {
    dependencies.insert(NAME, item);
    Ok(())
}

/// A table, which is made if there is none.
fn table<'a>(parent: &'a mut Table, name: &str) -> anyhow::Result<&'a mut Table> {
    let item = parent.entry(name).or_insert_with(|| Item::Table(Table::new()));
    item.as_table_mut().with_context(|| format!("`{name}` is not a table of its own"))
}

/// The manifest with a change. Lines that stay keep their line ends, which the editor does not.
fn edited(text: &str, change: impl FnOnce(&mut DocumentMut) -> anyhow::Result<()>) -> anyhow::Result<String> {
    let mut manifest: DocumentMut = text.parse()?;
    change(&mut manifest)?;
    let (before, after) = (text.replace("\r\n", "\n"), manifest.to_string().replace("\r\n", "\n"));
    let end = if text.matches("\r\n").count() * 2 > text.matches('\n').count() { "\r\n" } else { "\n" };
    let mut original = text.split_inclusive('\n');
    let mut result = String::new();
    for line in TextDiff::from_lines(&before, &after).iter_all_changes() {
        match line.tag() {
            ChangeTag::Equal => result += original.next().unwrap_or_default(),
            ChangeTag::Delete => drop(original.next()),
            ChangeTag::Insert => result += &line.value().replace('\n', end),
        }
    }
    Ok(result)
}

/// `to` as seen from the folder `from`.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to) = (real(from), real(to));
    let common = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    if common == 0 {
        return to;
    }
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> String {
        add(text, Path::new("."), &Source::Version("0.1.0".into()), false).expect("the manifest is right")
    }

    #[test]
    fn only_its_line_is_added() {
        let package = "[package]\nname = \"a\" # comment\n";
        assert_eq!(added(package), format!("{package}\n[dev-dependencies]\nmonitor-runtime = \"0.1.0\"\n"));
        let with =
            format!("{package}[dev-dependencies]\n# why\nb  =  \"1\"\n\n# last\n[features]\nx = [\n  \"a\",\n]\n");
        assert_eq!(added(&with), with.replace("\"1\"\n", "\"1\"\nmonitor-runtime = \"0.1.0\"\n"));
        let of_windows = with.replace('\n', "\r\n");
        assert_eq!(added(&of_windows), of_windows.replace("\"1\"\r\n", "\"1\"\r\nmonitor-runtime = \"0.1.0\"\r\n"));
        let mixed = of_windows.replacen("\r\n", "\n", 1);
        assert_eq!(added(&mixed), mixed.replace("\"1\"\r\n", "\"1\"\r\nmonitor-runtime = \"0.1.0\"\r\n"));
        let of_tables = format!("{package}[dev-dependencies.b]\nversion = \"1\"\n");
        let manifest: DocumentMut = added(&of_tables).parse().expect("it is TOML");
        assert!(manifest["dev-dependencies"]["b"].is_table_like() && manifest["dev-dependencies"][NAME].is_str());
    }

    #[test]
    fn a_package_with_an_allocator_gets_the_core() {
        let text = add("[dev-dependencies]\n", Path::new("."), &Source::Git("https://x".into()), true).expect("right");
        let line = "monitor-runtime = { package = \"monitor-core\", git = \"https://x\" }";
        assert_eq!(text, format!("[dev-dependencies]\n{line}\n"));
    }

    #[test]
    fn a_workspace_that_shares_dependencies_shares_this_one() {
        let source = Source::Version("0.1.0".into());
        let shared = |text: &str| add_to_workspace(text, Path::new("."), &source).expect("right");
        assert_eq!(shared("[workspace]\nmembers = []\n"), None);
        let text = "[workspace]\nmembers = []\n\n[workspace.dependencies]\na = \"1\"\n";
        assert_eq!(shared(text), Some(format!("{text}monitor-runtime = \"0.1.0\"\n")));
        let member = inherit("[dev-dependencies]\na.workspace = true\n").expect("right");
        assert_eq!(member, "[dev-dependencies]\na.workspace = true\nmonitor-runtime.workspace = true\n");
    }

    #[test]
    fn paths_lead_from_one_folder_to_another() {
        assert_eq!(relative(Path::new("/a/b/c"), Path::new("/a/d")), Path::new("../../d"));
        assert_eq!(relative(Path::new("/a"), Path::new("/a/d/e")), Path::new("d/e"));
    }
}
