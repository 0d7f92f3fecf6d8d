//! What is to be done, without doing it: every change of a file, and what is left alone.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::annotate::{self, Annotated, Of, Style, annotate};
use super::change::Change;
use super::dependency::{self, Source};

use crate::sources;
use crate::sources::files::File;
use crate::sources::lint::{self, Lint};
use crate::sources::macros::Macros;
use crate::sources::packages::{Package, Workspace};

/// What to do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Of manifests.
    pub manifests: Vec<Change>,
    /// Of sources, and of `.gitignore`.
    pub others: Vec<Change>,
    /// The packages that have tests.
    pub packages: Vec<Tests>,
    /// What was left alone: where, what, why.
    pub left: Vec<(PathBuf, String, String)>,
}

/// The tests of a package.
#[derive(Debug)]
pub(super) struct Tests {
    pub package: String,
    pub added: usize,
    pub monitored: usize,
    /// What it depends on for them, if that was not there.
    pub dependency: Option<&'static str>,
}

/// What was found in a package.
struct Found<'a> {
    package: &'a Package,
    files: Vec<(PathBuf, String, Annotated)>,
    left: Vec<(PathBuf, String, String)>,
    /// Whether whoever uses the package has its allocator.
    hands_allocator_on: bool,
}

/// Looks at the packages that `only` names; at all if it names none.
pub(super) fn plan(workspace: &Workspace, only: &[String], source: &Source, modules: bool) -> anyhow::Result<Plan> {
    let mut seen = HashSet::new();
    let lint = Lint::of(workspace);
    let look = |package| look(package, &workspace.root, modules, &lint, &mut seen);
    let found: Vec<Found<'_>> = workspace.packages.iter().map(look).collect();
    let mut plan = Plan::default();
    let mut manifests = Manifests::default();
    for of_one in &found {
        let package = of_one.package;
        if !only.is_empty() && !only.contains(&package.name) {
            continue;
        }
        plan.left.extend(of_one.left.iter().cloned());
        let sum =
            |of: fn(&Annotated) -> usize| of_one.files.iter().map(|(_, _, annotated)| of(annotated)).sum::<usize>();
        let (added, monitored) = (sum(|annotated| annotated.added), sum(|annotated| annotated.monitored));
        if added + monitored + sum(|annotated| annotated.makers) == 0 {
            continue;
        }
        // Where the linker can't be asked, the runtime's own is in the way of any other.
        let counts = |(_, _, annotated): &(_, _, Annotated)| annotated.counts_allocator;
        let own_allocator = of_one.hands_allocator_on
            || uses_an_allocator(package, &found, &mut HashSet::new())
            || !monitor_core::CAN_TAKE_AN_ALLOCATOR && of_one.files.iter().any(counts);
        let dependency = match &package.runtime {
            Some(_) => None,
            None => Some(manifests.add(workspace, package, source, own_allocator)?),
        };
        plan.packages.push(Tests { package: package.name.clone(), added, monitored, dependency });
        for (path, text, annotated) in &of_one.files {
            plan.others.extend(Change::of(&workspace.root, path, Some(text.clone()), annotated.text.clone()));
        }
    }
    plan.manifests = manifests.changes(&workspace.root);
    if !plan.packages.is_empty() {
        plan.others.extend(ignored(&workspace.root));
    }
    Ok(plan)
}

fn look<'a>(package: &'a Package, root: &Path, modules: bool, lint: &Lint, seen: &mut HashSet<PathBuf>) -> Found<'a> {
    let mut found = Found { package, files: Vec::new(), left: Vec::new(), hands_allocator_on: false };
    let name = package.runtime.as_deref().unwrap_or("monitor_runtime");
    // Last those without rustc's harness: a file that others have too is compiled with its tests there.
    let has_harness = |(root, _): &&(PathBuf, bool)| !package.own_harness.contains(root);
    let (usual, own): (Vec<_>, Vec<_>) = package.targets.iter().partition(has_harness);
    for (target, files, macros) in &Macros::of_targets(usual.into_iter().chain(own)) {
        let has_tests = files.iter().any(|file| file.syntax.as_ref().is_ok_and(annotate::has_tests));
        // It is for all modules below, too, where only `::` finds crates then.
        let is_bare = files.iter().any(|file| file.text.contains("#![no_implicit_prelude]"));
        let runtime = &*if is_bare { format!("::{name}") } else { name.to_owned() };
        for File { path, text, syntax, for_tests } in files {
            let shown = path.strip_prefix(root).map_or_else(|_| path.clone(), Path::to_owned);
            let mut left = |what: &str, why: String| found.left.push((shown.clone(), what.to_owned(), why));
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            if !seen.insert(real) {
                continue;
            }
            if !path.starts_with(root) {
                left("file", "it is not in the workspace".to_owned());
                continue;
            }
            let has_harness = has_harness(target);
            let of = match has_tests && has_harness {
                false => Of::Other,
                true if package.programs.contains(path) => Of::Program,
                true => Of::Tests,
            };
            let style = Style { runtime, modules, for_tests: *for_tests, of, macros };
            match syntax.as_ref().map(|syntax| annotate(text, syntax, &style)) {
                Ok(annotated) if !has_harness => {
                    if annotated.added > 0 {
                        left(
                            "tests",
                            "their target has `harness = false`: rustc leaves #[test] functions out".to_owned(),
                        );
                    }
                }
                Ok(annotated) => {
                    annotated.left.iter().for_each(|(what, why)| left(what, why.clone()));
                    // A program's is nobody else's.
                    found.hands_allocator_on |= annotated.hands_allocator_on && !package.programs.contains(&target.0);
                    found.files.push((path.clone(), text.clone(), annotated));
                }
                Err(reason) => left("file", reason.clone()),
            }
        }
        name_if_unused(&mut found, root, files, runtime, lint);
    }
    for folder in ["src", "tests"] {
        for path in sources::below(&package.folder().join(folder)) {
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            let has_tests = || fs::read_to_string(&path).is_ok_and(|text| text.contains("#[test]"));
            if !seen.contains(&real) && is_of(package, &path) && has_tests() {
                let shown = path.strip_prefix(root).unwrap_or(&path).to_owned();
                found.left.push((shown, "file".into(), "no `mod` that is seen leads there from a target".into()));
            }
        }
    }
    found
}

/// Names the runtime in a target that does not use it, where the lint is on that tells so.
fn name_if_unused(found: &mut Found<'_>, root: &Path, files: &[File], runtime: &str, lint: &Lint) {
    let [first @ File { syntax: Ok(syntax), .. }, ..] = files else { return };
    let place = |file: &File| found.files.iter().position(|(path, ..)| *path == file.path);
    let text = |file| place(file).map_or(&file.text, |at| &found.files[at].2.text);
    let is_used = lint::is_answered(files.iter().map(|file| &**text(file)), runtime);
    if !is_used && first.path.starts_with(root) && lint.asks(found.package, &first.text) {
        let text = annotate::naming(&first.text, syntax, runtime, first.for_tests);
        let named = Annotated { text, ..Annotated::default() };
        found.files.retain(|(path, ..)| *path != first.path);
        found.files.push((first.path.clone(), first.text.clone(), named));
    }
}

/// Whether no other package lies between.
fn is_of(package: &Package, path: &Path) -> bool {
    let folder = path.ancestors().skip(1).find(|folder| folder.join("Cargo.toml").exists());
    folder == Some(package.folder())
}

/// Whether a package of the workspace that this one uses, by itself or by others, has an allocator.
fn uses_an_allocator<'a>(package: &'a Package, found: &'a [Found<'_>], seen: &mut HashSet<&'a Path>) -> bool {
    package.uses.iter().any(|folder| {
        let used = found.iter().find(|other| other.package.folder() == folder);
        used.is_some_and(|used| {
            used.hands_allocator_on || seen.insert(folder) && uses_an_allocator(used.package, found, seen)
        })
    })
}

/// Manifests as they are and as they will be.
#[derive(Default)]
struct Manifests(BTreeMap<PathBuf, (String, String)>);

impl Manifests {
    /// Adds the dependency to a package, and says which.
    fn add(
        &mut self,
        workspace: &Workspace,
        package: &Package,
        source: &Source,
        own_allocator: bool,
    ) -> anyhow::Result<&'static str> {
        let root = workspace.root.join("Cargo.toml");
        if !own_allocator {
            let (_, text) = self.get(&root)?;
            let shared = dependency::add_to_workspace(text, &workspace.root, source);
            if let Some(shared) = shared.with_context(|| root.display().to_string())? {
                *text = shared;
                let (_, text) = self.get(&package.manifest)?;
                *text = dependency::inherit(text).with_context(|| package.manifest.display().to_string())?;
                return Ok("monitor-runtime");
            }
        }
        let (_, text) = self.get(&package.manifest)?;
        let added = dependency::add(text, package.folder(), source, own_allocator);
        *text = added.with_context(|| package.manifest.display().to_string())?;
        Ok(if own_allocator { "monitor-core" } else { "monitor-runtime" })
    }

    fn get(&mut self, path: &Path) -> anyhow::Result<&mut (String, String)> {
        if !self.0.contains_key(path) {
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            self.0.insert(path.to_owned(), (text.clone(), text));
        }
        self.0.get_mut(path).context("it was just put there")
    }

    fn changes(self, root: &Path) -> Vec<Change> {
        let changes =
            self.0.into_iter().filter_map(|(path, (before, after))| Change::of(root, &path, Some(before), after));
        changes.collect()
    }
}

/// The line of `.gitignore` that covers `.pymon` and what stands beside it.
fn ignored(root: &Path) -> Option<Change> {
    const LINE: &str = ".pymon*";
    let repository = root.ancestors().find(|folder| folder.join(".git").exists())?;
    let is_covered = |folder: &Path| {
        let text = fs::read_to_string(folder.join(".gitignore")).unwrap_or_default();
        text.lines().any(|line| line.trim().trim_start_matches("**").trim_start_matches('/') == LINE)
    };
    if root.ancestors().take_while(|folder| folder.starts_with(repository)).any(is_covered) {
        return None;
    }
    let path = root.join(".gitignore");
    let before = fs::read_to_string(&path).ok();
    let text = before.clone().unwrap_or_default();
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    Change::of(root, &path, before, format!("{text}{gap}{LINE}{end}"))
}
