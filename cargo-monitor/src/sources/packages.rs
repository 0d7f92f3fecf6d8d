//! The workspace as cargo sees it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::environment;

/// A workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub root: PathBuf,
    /// Its members.
    pub packages: Vec<Package>,
}

/// A package of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub name: String,
    pub manifest: PathBuf,
    /// Root files, and whether the target is one of tests only: what dev-dependencies are there for in any case.
    pub targets: Vec<(PathBuf, bool)>,
    /// Of these, the roots of programs.
    pub programs: Vec<PathBuf>,
    /// Of these, the roots of targets with `harness = false`: rustc leaves out their `#[test]` functions.
    pub own_harness: Vec<PathBuf>,
    /// Of those, the ones that `cargo test` runs.
    pub runs_own_harness: Vec<PathBuf>,
    /// What it calls the runtime, if it depends on it already.
    pub runtime: Option<String>,
    /// Whether that brings its global allocator.
    pub installs: bool,
    /// Folders of the packages of the workspace that it uses.
    pub uses: Vec<PathBuf>,
}

impl Package {
    pub(crate) fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.manifest)
    }
}

/// Asks cargo for the workspace around a folder.
pub(crate) fn workspace(folder: &Path) -> anyhow::Result<Workspace> {
    let told = metadata(folder, &["--no-deps"])?;
    let told: Value = serde_json::from_str(&told).context("the output of cargo metadata cannot be read")?;
    let packages = list(&told["packages"]).map(package).collect();
    Ok(Workspace { root: path(&told["workspace_root"]), packages })
}

/// Whether cargo can resolve the dependencies; if not, what it says.
pub(crate) fn resolve(folder: &Path) -> anyhow::Result<()> {
    metadata(folder, &[]).map(drop)
}

/// A package of the graph that links a library of the system's.
#[derive(Debug)]
pub(crate) struct Linking {
    pub name: String,
    pub version: String,
    /// Names of the packages that depend on it.
    pub used_by: Vec<String>,
}

/// The packages of the whole graph around a folder that link this library, as cargo resolves it.
pub(crate) fn linking(folder: &Path, library: &str) -> anyhow::Result<Vec<Linking>> {
    let told: Value =
        serde_json::from_str(&metadata(folder, &[])?).context("the output of cargo metadata cannot be read")?;
    let id_of = |package: &Value| text(&package["id"]);
    let used_by = |id: &str| {
        let uses = |node: &&Value| list(&node["dependencies"]).any(|used| used == id);
        let users: Vec<_> = list(&told["resolve"]["nodes"]).filter(uses).map(id_of).collect();
        let named = list(&told["packages"]).filter(|package| users.contains(&id_of(package)));
        named.map(|package| text(&package["name"])).collect()
    };
    let linking = list(&told["packages"]).filter(|package| package["links"] == library);
    Ok(linking
        .map(|package| Linking {
            name: text(&package["name"]),
            version: text(&package["version"]),
            used_by: used_by(&id_of(package)),
        })
        .collect())
}

fn metadata(folder: &Path, more: &[&str]) -> anyhow::Result<String> {
    let mut command = environment::cargo();
    command.args(["metadata", "--format-version=1", "--color=never"]).args(more).current_dir(folder);
    let output = command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim().trim_start_matches("error: "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn package(told: &Value) -> Package {
    let is_runtime = |dependency: &&Value| {
        dependency["kind"] != "build"
            && ["monitor-runtime", "monitor-core"].iter().any(|name| dependency["name"] == *name)
    };
    let runtime = list(&told["dependencies"]).find(is_runtime).map(|dependency| {
        let name = dependency["rename"].as_str().or(dependency["name"].as_str()).unwrap_or_default();
        name.replace('-', "_")
    });
    let manifest = path(&told["manifest_path"]);
    let own_harness = own_harness(&manifest, &told["targets"]);
    let roots = |targets: &[&Value]| targets.iter().map(|target| path(&target["src_path"])).collect();
    let run: Vec<&Value> = own_harness.iter().copied().filter(|target| target["test"] == true).collect();
    Package {
        name: text(&told["name"]),
        manifest,
        targets: list(&told["targets"]).filter_map(target).collect(),
        programs: roots(&list(&told["targets"]).filter(|target| is_of(target, "bin")).collect::<Vec<_>>()),
        own_harness: roots(&own_harness),
        runs_own_harness: roots(&run),
        runtime,
        installs: list(&told["dependencies"]).any(|dependency| dependency["name"] == "monitor-runtime"),
        uses: list(&told["dependencies"])
            .filter_map(|dependency| dependency["path"].as_str())
            .map(PathBuf::from)
            .collect(),
    }
}

/// Build scripts have no tests.
fn target(told: &Value) -> Option<(PathBuf, bool)> {
    let of_tests = ["test", "bench", "example"].iter().any(|kind| is_of(told, kind));
    (!is_of(told, "custom-build")).then(|| (path(&told["src_path"]), of_tests))
}

/// The targets with `harness = false`, which cargo does not tell.
fn own_harness<'a>(manifest: &Path, targets: &'a Value) -> Vec<&'a Value> {
    let text = fs::read_to_string(manifest).unwrap_or_default();
    let Ok(manifest) = text.parse::<toml::Table>() else { return Vec::new() };
    let has_none = |table: &toml::Value| table.get("harness").and_then(toml::Value::as_bool) == Some(false);
    let is_own = |target: &&Value| {
        let kind = ["bin", "test", "bench", "example"].into_iter().find(|kind| is_of(target, kind));
        let Some(kind) = kind else { return manifest.get("lib").is_some_and(has_none) };
        let is_it = |table: &&toml::Value| table.get("name").and_then(toml::Value::as_str) == target["name"].as_str();
        manifest.get(kind).and_then(toml::Value::as_array).into_iter().flatten().find(is_it).is_some_and(has_none)
    };
    list(targets).filter(|target| !is_of(target, "custom-build")).filter(is_own).collect()
}

fn is_of(target: &Value, kind: &str) -> bool {
    list(&target["kind"]).any(|one| one == kind)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn path(value: &Value) -> PathBuf {
    PathBuf::from(text(value))
}
