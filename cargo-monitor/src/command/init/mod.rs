//! `cargo monitor init`: the dependency, the attribute on every test, and back.

mod annotate;
mod change;
mod dependency;
mod links;
mod plan;

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueHint};

use self::change::Change;
use self::dependency::Source;
use self::plan::Plan;
use crate::app::App;
use crate::exit::Exit;
use crate::options::Format;
use crate::output::{self, Column, Document, Table, Tone, Value};
use crate::sources::packages::{self, Workspace};

/// What to put where.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor init --dry-run
  cargo monitor init
  cargo monitor init --modules --package core
  cargo monitor init --undo

Adds the dev-dependency monitor-runtime to each package that has tests (to one whose library brings a global \
allocator: monitor-core, under the same name), `#[monitor_runtime::monitored]` below the attributes of each test, also in a \
`macro_rules!` that writes it, and `.pymon*` to .gitignore; `#[global_allocator]` of binaries with tests becomes `#[monitor_runtime::allocator]`. Where the \
lint `unused_crate_dependencies` is on, targets without tests get `use monitor_runtime as _;`. Nothing \
else changes. What could not be changed is listed with the reason: tests that exported macros or those of other packages make, files that do not \
parse. A second run changes nothing. --undo removes all of it again and keeps your other edits.

The dependency is the clone that cargo monitor was built in, if it still exists, otherwise the version of cargo monitor.")]
pub struct Arguments {
    /// Only show what would change, as a patch
    #[arg(long)]
    dry_run: bool,
    /// Undo what earlier runs of init have done
    #[arg(long, conflicts_with_all = ["modules", "package", "path", "git", "use_version"])]
    undo: bool,
    /// Put the attribute on test modules instead of on each test, where it covers all of their tests
    #[arg(long)]
    modules: bool,
    /// Only this package (repeatable) [default: all packages of the workspace]
    #[arg(long, short, value_name = "NAME")]
    package: Vec<String>,
    /// Depend on a clone of cargo monitor's repository
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, group = "source")]
    path: Option<PathBuf>,
    /// Depend on a git repository
    #[arg(long, value_name = "URL", group = "source")]
    git: Option<String>,
    /// Depend on this version of the registry
    #[arg(long, value_name = "VERSION", group = "source")]
    use_version: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<Exit> {
    let here = env::current_dir().context("cannot find the current folder")?;
    let workspace = packages::workspace(&here)?;
    if arguments.undo {
        return undo(&workspace.root, arguments.dry_run, app);
    }
    for name in &arguments.package {
        if !workspace.packages.iter().any(|package| package.name == *name) {
            bail!("no package {name} in {}", workspace.root.display());
        }
    }
    let source = Source::choose(arguments.path.as_deref(), arguments.git.as_deref(), arguments.use_version.as_deref())?;
    let plan = plan::plan(&workspace, &arguments.package, &source, arguments.modules)?;
    let conflict = if plan.manifests.is_empty() { None } else { links::conflict(&workspace.root)? };
    if arguments.path.is_some() || arguments.git.is_some() || arguments.use_version.is_some() {
        for tests in plan.packages.iter().filter(|tests| tests.dependency.is_none()) {
            output::note(&format!(
                "left as it is: {} depends on monitor-runtime already; to depend on another, edit its manifest, or first take back what \
                 earlier runs did by `cargo monitor init --undo`",
                tests.package
            ));
        }
    }
    if arguments.dry_run {
        show(plan.manifests.iter().chain(&plan.others))?;
        for (path, what, why) in &plan.left {
            output::note(&format!("left alone: {}: {what}: {why}", path.display()));
        }
        return match conflict {
            Some(conflict) => bail!("cargo would refuse the dependency: {conflict}"),
            None => Ok(Exit::Success),
        };
    }
    if let Some(conflict) = conflict {
        bail!("nothing was changed: cargo refuses the dependency: {conflict}");
    }
    make(&workspace, &plan)?;
    app.print(&document(&plan, app.options.format))?;
    if plan.packages.is_empty() {
        output::note(&"there are no tests to monitor");
    } else {
        for tests in plan.packages.iter().filter(|tests| tests.dependency == Some("monitor-core")) {
            output::note(&format!(
                "{} links a global allocator of a library: its heap is not counted, unless #[monitor_runtime::allocator] takes the place \
                 of #[global_allocator] where the allocator is yours",
                tests.package
            ));
        }
        let is_ready = plan.packages.iter().any(|tests| tests.added + tests.monitored > 0);
        output::note(match is_ready {
            true => &"next: cargo monitor test",
            false => &"next: write the attribute where the list says; then cargo monitor test",
        });
    }
    Ok(Exit::Success)
}

/// Makes all changes, or none: cargo has to agree with the manifests.
fn make(workspace: &Workspace, plan: &Plan) -> anyhow::Result<()> {
    let root = &workspace.root;
    let all: Vec<Change> = plan.manifests.iter().chain(&plan.others).cloned().collect();
    if all.is_empty() {
        return Ok(());
    }
    change::remember(root, &all)?;
    let (resolved, lock) = links::beside_the_lock_file(root, || {
        plan.manifests.iter().try_for_each(|change| change.make(root))?;
        if plan.manifests.is_empty() { Ok(()) } else { packages::resolve(root) }
    })?;
    if let Err(error) = resolved {
        plan.manifests.iter().try_for_each(|change| change.unmake(root))?;
        change::forget_last(root, all.len())?;
        return Err(error.context("nothing was changed: cargo refuses the dependency"));
    }
    // Of other dependencies the next build may take newer versions, which cargo would leave so.
    lock.iter().try_for_each(|lock| change::remember(root, std::slice::from_ref(lock)))?;
    plan.others.iter().try_for_each(|change| change.make(root))
}

fn undo(root: &Path, dry_run: bool, app: &App) -> anyhow::Result<Exit> {
    let undone = change::undo(root)?;
    if undone.changes.is_empty() && undone.left.is_empty() {
        output::note(&format!("nothing to take back in {}", root.display()));
        return Ok(Exit::Success);
    }
    if dry_run {
        show(undone.changes.iter())?;
    } else {
        change::forget(root, &undone)?;
        let changed: Vec<&Change> = undone.changes.iter().filter(|c| c.before.as_ref() != Some(&c.after)).collect();
        if changed.iter().all(|change| change.path != Path::new(change::LOCK)) {
            links::out_of_the_lock_file(root);
        }
        let files = Value::count(changed.len() as u64).into();
        app.print(&Document::default().with_facts(
            "undone",
            "",
            vec![(Column::new("files", "files taken back"), files)],
        ))?;
    }
    for (path, why) in &undone.left {
        output::note(&format!("left alone: {}: {why}", path.display()));
    }
    Ok(Exit::Success)
}

fn show<'a>(changes: impl Iterator<Item = &'a Change>) -> anyhow::Result<()> {
    output::write(&changes.map(Change::diff).collect::<String>())
}

fn document(plan: &Plan, format: Format) -> Document {
    let mut packages = Table::new(&[
        ("package", "package"),
        ("added", "tests now monitored"),
        ("monitored", "monitored before"),
        ("dependency", "dependency added"),
    ]);
    for tests in &plan.packages {
        packages.push(vec![
            Value::Name(tests.package.clone()).into(),
            Value::count(tests.added as u64).into(),
            Value::count(tests.monitored as u64).into(),
            Value::text(tests.dependency.unwrap_or_default()).into(),
        ]);
    }
    let mut left = Table::new(&[("file", "file"), ("what", "what"), ("reason", "reason")]);
    for (path, what, why) in &plan.left {
        left.push(vec![
            Value::Name(path.display().to_string()).into(),
            Value::Text(what.clone()).toned(Tone::Doubtful),
            Value::Text(why.clone()).into(),
        ]);
    }
    let document = Document::default().with_table("packages", "Packages", packages);
    // Programs find the same keys always; people need not read of what is not there.
    if format == Format::Table && left.rows.is_empty() {
        document
    } else {
        document.with_table("left_alone", "Left alone", left)
    }
}
