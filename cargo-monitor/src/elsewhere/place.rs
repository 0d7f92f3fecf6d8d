//! Where tests of other commits run.

use std::cell::Cell;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::{Context as _, bail, ensure};
use monitor_analysis::callgrind::{Dump, Edits, Inlined};
use monitor_analysis::heap_sites::Point;
use monitor_store::{Monitor, Sessions, StoreError, Test, TestId};

use super::worktree::{self, Worktree};
use crate::counting::{INLINED, KEEP, ONLY};
use crate::output;

/// What is run of each commit.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// The test.
    pub(crate) test: TestId,
    /// Whether its instructions are counted.
    pub(crate) counts: bool,
    /// How often it runs.
    pub(crate) runs: u32,
    /// Further arguments for `cargo test`.
    pub(crate) cargo: Vec<String>,
}

/// What a commit gave.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The runs of the test.
    Ran(Vec<Test>),
    /// It does not build, or the test does not pass or is not there: the last lines that cargo printed.
    Failed(String),
}

/// Where tests of other commits run.
#[derive(Debug)]
pub(crate) struct Place {
    worktree: Worktree,
    folder: PathBuf,
    build: PathBuf,
    /// What the compiler says of itself: another one makes other instructions of a commit.
    compiler: String,
    /// So many commits were built.
    built: Cell<u64>,
    /// Ctrl-C was pressed.
    interrupted: Arc<AtomicBool>,
}

impl Place {
    /// Makes it; `workspace` is the user's.
    pub(crate) fn new(workspace: &Path) -> anyhow::Result<Self> {
        let folder = worktree::folder(workspace);
        let interrupted = Arc::new(AtomicBool::new(false));
        // The worktree is to be removed.
        signal_hook::flag::register(signal_hook::consts::SIGINT, interrupted.clone())?;
        Ok(Self {
            worktree: Worktree::new(workspace, &folder)?,
            folder,
            build: worktree::build_folder(workspace),
            compiler: compiler(workspace)?,
            built: Cell::new(0),
            interrupted,
        })
    }

    /// The runs of the test at a commit: those of an earlier question, or new ones.
    pub(crate) fn run(&self, task: &Task, commit: &str) -> anyhow::Result<Outcome> {
        let known = self.known(task, commit)?;
        if known.len() >= task.runs as usize {
            return Ok(Outcome::Ran(known));
        }
        self.built.set(self.built.get() + 1);
        let finished = self
            .worktree
            .check_out(commit)
            .and_then(|()| self.command(task, commit)?.output().context("cannot run cargo monitor"));
        // Ctrl-C ends git and cargo too.
        let is_interrupted = self.interrupted.load(Relaxed);
        ensure!(!is_interrupted, "interrupted; results so far are kept, and the same command continues from there");
        let finished = finished?;
        let ran = self.known(task, commit)?;
        if ran.is_empty() {
            let said = String::from_utf8_lossy(&finished.stderr);
            return Ok(Outcome::Failed(reason(&said)));
        }
        Ok(Outcome::Ran(ran))
    }

    /// How many commits were built here, those that do not build included.
    pub(crate) fn built(&self) -> u64 {
        self.built.get()
    }

    /// What callgrind counted of a run.
    pub(crate) fn dump(&self, run: &Test) -> anyhow::Result<Dump> {
        let path = self.kept(run);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let inlined = std::fs::read_to_string(path.with_extension(INLINED)).unwrap_or_default();
        Ok(Dump::parse_inlined(&text, &Inlined::parse(&inlined)))
    }

    /// What was edited between two commits, with packages whose version changed.
    pub(crate) fn edits(
        &self,
        base: &str,
        head: &str,
        packages: impl IntoIterator<Item = String>,
    ) -> anyhow::Result<Edits> {
        Ok(Edits::new(&self.worktree.diff(base, head)?, &self.worktree.root().to_string_lossy(), packages))
    }

    /// Who asked for memory in a run; empty if that is not known.
    pub(crate) fn heap(&self, run: &Test) -> Vec<Point> {
        std::fs::read_to_string(self.kept(run).with_extension("dhat")).map(|text| points(&text)).unwrap_or_default()
    }

    /// The file with the results.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("commits.pymon")
    }

    fn kept(&self, run: &Test) -> PathBuf {
        crate::counting::kept(&self.dumps(), run.profile.as_ref().map_or("", |profile| &profile.key.process_h))
    }

    fn dumps(&self) -> PathBuf {
        self.folder.join("dumps")
    }

    fn known(&self, task: &Task, commit: &str) -> anyhow::Result<Vec<Test>> {
        let monitor = match Monitor::open(&self.file()) {
            Err(StoreError::Missing { .. }) => return Ok(Vec::new()),
            monitor => monitor?,
        };
        let sessions = monitor.sessions(&Sessions::all().newest_first())?;
        let of_commit = sessions.iter().filter(|session| session.scm_id == commit);
        let asked = task.key(&self.compiler);
        let sessions: Vec<&str> = of_commit
            .filter(|session| session.description.iter().any(|(key, value)| key == TASK && *value == asked))
            .map(|session| session.session_h.as_str())
            .collect();
        let mut runs = monitor.runs(&task.test, &sessions)?;
        runs.retain(monitor_report::measure::passed);
        Ok(runs)
    }

    fn command(&self, task: &Task, commit: &str) -> anyhow::Result<Command> {
        let program = env::current_exe().context("cannot find the path of this program")?;
        let mut command = Command::new(program);
        command.current_dir(self.worktree.path());
        command.arg("test").arg(format!("--tag={TASK}={}", task.key(&self.compiler))).arg("--format=json");
        if task.counts {
            command.arg("--instructions").env(ONLY, &task.test.variant);
        }
        if task.runs > 1 {
            command.arg(format!("--repeat={}", task.runs));
        }
        command.args(["--quiet", "--package", &task.test.package]).args(&task.cargo);
        // One thread: other tests of the filter must not run beside it.
        command.args(["--", &task.filter(), "--test-threads=1"]);
        command.env("CARGO_TARGET_DIR", &self.build).env("MONITOR_DB", self.file());
        command.env("MONITOR_SCM_ID", commit).env(KEEP, self.dumps());
        for inherited in ["MONITOR_SESSION", "MONITOR_TAGS", "MONITOR_DESCRIPTION"] {
            command.env_remove(inherited);
        }
        command.stdin(Stdio::null());
        Ok(command)
    }
}

/// Tag of sessions: what was asked.
const TASK: &str = "asked";

impl Task {
    /// The part of the harness's name that all cases of the test have.
    fn filter(&self) -> String {
        let module = self.test.path.split_once("::").map_or("", |(_, module)| module);
        let item = self.test.item();
        if module.is_empty() { item.to_owned() } else { format!("{module}::{item}") }
    }

    /// What a result is of, but for the commit.
    fn key(&self, compiler: &str) -> String {
        // Of a test that is counted only the one case runs.
        let test = if self.counts { &self.test.variant } else { "" };
        let (filter, counts) = (self.filter(), self.counts.to_string());
        let what = [&filter, &self.test.package, &self.test.binary, test, &counts, compiler];
        let hash = monitor_store::hash_hex(what.into_iter().chain(self.cargo.iter().map(String::as_str)));
        hash[..16].to_owned()
    }
}

/// What cargo's compiler says of itself in the workspace, where another one may be set for it.
fn compiler(workspace: &Path) -> anyhow::Result<String> {
    let program = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&program).arg("-vV").current_dir(workspace).output();
    let output = output.with_context(|| format!("cannot run {}", program.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What of cargo's output tells why nothing was recorded.
fn reason(said: &str) -> String {
    let errors: Vec<&str> =
        said.lines().filter(|line| line.starts_with("error") || line.contains("panicked at")).collect();
    let lines: Vec<&str> = if errors.is_empty() { said.lines().rev().take(3).collect() } else { errors };
    match lines.first() {
        Some(line) => (*line).to_owned(),
        None => "the test did not run: it is not there, or has no #[monitored]".to_owned(),
    }
}

/// Runs the test at a commit that must give a result.
pub(crate) fn must_run(place: &Place, task: &Task, commit: &str) -> anyhow::Result<Vec<Test>> {
    output::note(&format!("building and running {} at {}", task.test.variant, output::short(commit)));
    match place.run(task, commit)? {
        Outcome::Ran(runs) => Ok(runs),
        Outcome::Failed(reason) => bail!("commit {} gives no result: {reason}", output::short(commit)),
    }
}

/// The points of a file of DHAT (<https://valgrind.org/docs/manual/dh-manual.html>).
fn points(text: &str) -> Vec<Point> {
    let Ok(file) = serde_json::from_str::<serde_json::Value>(text) else { return Vec::new() };
    let frames: Vec<&str> = file["ftbl"].as_array().into_iter().flatten().filter_map(|frame| frame.as_str()).collect();
    let point = |point: &serde_json::Value| {
        let bytes = |key: &str| point[key].as_u64().unwrap_or(0);
        let stack = point["fs"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_u64);
        let stack = stack.filter_map(|number| frames.get(usize::try_from(number).ok()?));
        Point {
            total_bytes: bytes("tb"),
            peak_bytes: bytes("gb"),
            end_bytes: bytes("eb"),
            frames: stack.map(|frame| (*frame).to_owned()).collect(),
        }
    };
    file["pps"].as_array().into_iter().flatten().map(point).collect()
}

#[cfg(test)]
mod tests {
    use monitor_analysis::heap_sites::sites;

    use super::*;

    /// What DHAT has written of a real test that leaks a sieve; most of what the harness asks for, and the paths, were changed.
    const LEAK: &str = include_str!("../../tests/fixtures/leak.dhat");

    #[test]
    fn who_asks_for_memory_is_read_from_what_dhat_writes() {
        let points = points(LEAK);
        assert!(points.len() > 3, "{points:#?}");
        let sites = sites(&points, "primes_demo::sieve::tests::test_not_prime", &Edits::default());
        let (site, asked) = sites.iter().max_by_key(|(_, asked)| asked.point.end_bytes).expect("some are of the test");
        let (line, leaked) = (&asked.line, &asked.point);
        assert_eq!(site.functions[0].0, "primes_demo::sieve::is_prime");
        assert!(line.ends_with("/src/sieve.rs:15"), "{line}");
        assert_eq!((leaked.total_bytes, leaked.peak_bytes, leaked.end_bytes), (52_371, 52_371, 52_371));
        assert_eq!(super::points("{"), []);
    }
}
