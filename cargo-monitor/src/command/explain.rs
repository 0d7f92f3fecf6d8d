//! `cargo monitor explain`: which functions a test's instructions are spent in, and what changed there.

use std::path::PathBuf;

use clap::Args;
use monitor_analysis::callgrind::{Edits, FunctionCost, differences, differences_of_costs};
use monitor_analysis::dependencies::{self, ChangedDependency};
use monitor_analysis::heap_sites::{self, Point};
use monitor_report::comparison::costs;
use monitor_report::document::Document;
use monitor_report::render::page::{Page, Section};
use monitor_report::view::explanation::{Differences, of_one, of_two};
use monitor_report::{measure, select};
use monitor_store::{Monitor, Session, Sessions, TestId};

use crate::app::App;
use crate::complete;
use crate::elsewhere::{self, Place, Task};
use crate::output;

/// Rows of a table, unless all are asked for.
const ROWS: usize = 15;

/// Which test, and between what.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo monitor explain 'test_prime[982451653]'
  cargo monitor explain test_prime main HEAD
  cargo monitor explain sums HEAD~1 HEAD -- --release

Costs come from sessions of `cargo monitor test --instructions`. If the file has none for a side, its commit is built and \
counted in a separate worktree; arguments after `--` are for `cargo test` there. Functions of Rust's library and the C library \
count for the function that called them.")]
pub struct Arguments {
    /// The test: its name with parameters, with its path, a glob or a part of a name that only one test has
    #[arg(value_name = "TEST", add = complete::test_completer())]
    test: String,
    /// What to compare with: a session or a commit. If it is left out, the costs of the newest counted session are shown
    #[arg(value_name = "BASE", add = complete::session_completer())]
    base: Option<String>,
    /// What to compare: a session or a commit
    #[arg(value_name = "HEAD", default_value = "HEAD", add = complete::session_completer())]
    head: String,
    /// Build and count both commits again, even if the file has their costs; this also gives lines
    #[arg(long)]
    build: bool,
    /// Write a page of HTML to this file instead
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Show every function
    #[arg(short, long)]
    all: bool,
    /// Arguments for `cargo test` in the worktree
    #[arg(last = true, value_name = "ARGUMENTS")]
    cargo: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let monitor = app.monitor()?;
    let test = select::test(&monitor, &arguments.test)?;
    let rows = if arguments.all { usize::MAX } else { ROWS };
    let Some(base) = &arguments.base else {
        let costs = newest(&monitor, &test)?;
        return show(&test, &of_one(&test, &costs, rows), arguments, app);
    };
    let known = if arguments.build {
        None
    } else {
        kept(&monitor, &test, base, app)?.zip(kept(&monitor, &test, &arguments.head, app)?)
    };
    let differences = match known {
        Some((base, head)) => {
            let total = |costs: &[FunctionCost]| costs.iter().map(|cost| cost.own).sum::<u64>();
            Differences {
                functions: differences_of_costs(&base.1, &head.1),
                totals: (total(&base.1), total(&head.1)),
                heap: Vec::new(),
                dependencies: changed_dependencies(&monitor, &base.0, &head.0)?,
            }
        }
        None => of_commits(&test, base, arguments, app)?,
    };
    show(&test, &of_two(&test, &differences, rows), arguments, app)
}

fn show(test: &TestId, document: &Document, arguments: &Arguments, app: &App) -> anyhow::Result<()> {
    let Some(path) = &arguments.html else { return app.print(document) };
    let title = format!("What {} costs", measure::full_name(test));
    let page = Page::new(&title).with(Section::new("explanation", "").with_document(document));
    output::file(path, page.render())
}

/// Counts both commits in a worktree.
fn of_commits(test: &TestId, base: &str, arguments: &Arguments, app: &App) -> anyhow::Result<Differences> {
    let workspace = app.workspace()?;
    let commits = [base, &arguments.head].map(|revision| elsewhere::commit(&workspace, revision));
    let [base, head] = commits;
    let task = Task { test: test.clone(), counts: true, runs: 1, cargo: arguments.cargo.clone() };
    explain_commits(&Place::new(&workspace)?, &task, &base?, &head?)
}

/// What changed for a test between two commits.
pub(crate) fn explain_commits(place: &Place, task: &Task, base: &str, head: &str) -> anyhow::Result<Differences> {
    let commits = (base, head);
    let runs = [elsewhere::must_run(place, task, base)?, elsewhere::must_run(place, task, head)?];
    let [base, head] = &runs;
    let (base, head) = (&base[base.len() - 1], &head[head.len() - 1]);
    let (before, now) = (place.dump(base)?, place.dump(head)?);
    let monitor = Monitor::open(&place.file())?;
    let body = format!("{}::{}", task.test.path, task.test.item());
    let dependencies = changed_dependencies(&monitor, base.session_h(), head.session_h())?;
    let packages = dependencies.iter().map(|dependency| dependency.name.clone());
    let edits = place.edits(commits.0, commits.1, packages)?;
    let points = [place.heap(base), place.heap(head)];
    if points.iter().any(Vec::is_empty) {
        output::note(&"warning: who asks for memory is not known: valgrind's DHAT has written nothing of this test");
    }
    let sites = |points: &[Point], edits: &Edits| heap_sites::sites(points, &body, edits);
    Ok(Differences {
        functions: differences(&before, &now, &edits),
        totals: (before.total, now.total),
        heap: heap_sites::differences(&sites(&points[0], &Edits::default()), &sites(&points[1], &edits)),
        dependencies,
    })
}

/// What changed in the dependencies between two commits that have run.
pub(crate) fn dependencies_of(
    place: &Place,
    task: &Task,
    base: &str,
    head: &str,
) -> anyhow::Result<Vec<ChangedDependency>> {
    let runs = [elsewhere::must_run(place, task, base)?, elsewhere::must_run(place, task, head)?];
    let [base, head] = runs.each_ref().map(|runs| runs[runs.len() - 1].session_h());
    changed_dependencies(&Monitor::open(&place.file())?, base, head)
}

fn changed_dependencies(monitor: &Monitor, base: &str, head: &str) -> anyhow::Result<Vec<ChangedDependency>> {
    let lockfiles = (monitor.lockfile(base)?, monitor.lockfile(head)?);
    Ok(match lockfiles {
        (Some(base), Some(head)) => dependencies::diff(&base, &head)?,
        _ => Vec::new(),
    })
}

/// The costs of the newest session that has some.
fn newest(monitor: &Monitor, test: &TestId) -> anyhow::Result<Vec<FunctionCost>> {
    let sessions = monitor.sessions(&Sessions::all().newest_first())?;
    match first_with_costs(monitor, test, &sessions)? {
        Some((_, costs)) => Ok(costs),
        None => anyhow::bail!(
            "no session has counted {}: run `cargo monitor test --instructions {}`",
            test.variant,
            test.item()
        ),
    }
}

/// The costs of the newest session that a text names, if it was counted.
fn kept(
    monitor: &Monitor,
    test: &TestId,
    text: &str,
    app: &App,
) -> anyhow::Result<Option<(String, Vec<FunctionCost>)>> {
    // What names no session may name a commit.
    let Ok(sessions) = select::sessions(app.records(monitor), text) else { return Ok(None) };
    first_with_costs(monitor, test, &sessions)
}

fn first_with_costs(
    monitor: &Monitor,
    test: &TestId,
    sessions: &[Session],
) -> anyhow::Result<Option<(String, Vec<FunctionCost>)>> {
    for session in sessions {
        for run in monitor.runs(test, &[&session.session_h])? {
            let costs = costs(monitor, &run)?;
            if !costs.is_empty() {
                return Ok(Some((session.session_h.clone(), costs)));
            }
        }
    }
    Ok(None)
}
