//! The runs: base and head in turns, each test alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use monitor_report::gate::Pairs;
use monitor_store::{Monitor, Session, TestId, hash_hex};
use tempfile::TempDir;

use super::plan::Plan;
use crate::elsewhere;
use crate::environment;
use crate::output::Progress;

/// A file with the runs of both sides.
pub(super) struct Measured<'a> {
    folder: TempDir,
    sides: [Side<'a>; 2],
    plan: Plan<'a>,
    pairs: u32,
}

impl<'a> Measured<'a> {
    /// Builds both sides.
    pub(super) fn of(
        head: &'a Path,
        base: &'a Path,
        tests: &BTreeSet<&TestId>,
        plan: Plan<'a>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for temporary files")?;
        let of_base = Side { name: "base", workspace: base, target: Some(elsewhere::build_folder(head)) };
        let sides = [of_base, Side { name: "head", workspace: head, target: None }];
        for side in &sides {
            let mut command = side.cargo(tests, plan);
            command.args(["--no-run"]);
            let status = command.status().context("cannot run cargo")?;
            ensure!(status.success(), "the {} does not compile in {}", side.name, side.workspace.display());
        }
        Ok(Self { folder, sides, plan, pairs: 0 })
    }

    /// Runs these tests in as many pairs as are planned, after those before.
    pub(super) fn run(&mut self, tests: &BTreeSet<&TestId>) -> anyhow::Result<()> {
        let progress = Progress::of(self.plan.pairs as usize, "measuring again");
        for _ in 0..self.plan.pairs {
            // The first of a pair may find the machine in another state than the second.
            let order = if self.pairs.is_multiple_of(2) { [0, 1] } else { [1, 0] };
            for side in order {
                self.run_side(&self.sides[side], tests)?;
            }
            self.pairs += 1;
            progress.advance();
        }
        Ok(())
    }

    fn run_side(&self, side: &Side<'_>, tests: &BTreeSet<&TestId>) -> anyhow::Result<()> {
        let mut command = side.cargo(tests, self.plan);
        command.args(["--", "--test-threads=1"]);
        // What a harness knows a test by, at least. A test of this name in another module runs too; its figures are not asked for.
        command.args(tests.iter().map(|test| test.item()).collect::<BTreeSet<_>>());
        command.env("MONITOR_DB", self.file()).env("MONITOR_SESSION", name(side.name, self.pairs));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // A test that fails has no figures; that is told by what is missing.
        command.status().context("cannot run cargo")?;
        Ok(())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("again.pymon")
    }

    pub(super) fn open(&self) -> anyhow::Result<Monitor> {
        Monitor::open(&self.file()).context("no monitored test was measured again")
    }

    pub(super) fn pairs(&self) -> anyhow::Result<Pairs> {
        Ok(Pairs { base: self.sessions("base")?, head: self.sessions("head")? })
    }

    fn sessions(&self, side: &str) -> anyhow::Result<Vec<Session>> {
        let monitor = self.open()?;
        let mut sessions = Vec::new();
        for number in (0..self.pairs).rev() {
            sessions.extend(monitor.session(&hash_hex(["session", name(side, number).as_str()]))?);
        }
        ensure!(!sessions.is_empty(), "no test of the {side} was measured again");
        Ok(sessions)
    }
}

/// `MONITOR_SESSION` of a run.
fn name(side: &str, number: u32) -> String {
    format!("again {side} {number}")
}

/// One side as cargo sees it.
struct Side<'a> {
    name: &'static str,
    workspace: &'a Path,
    /// Its target folder, if it is not the user's own.
    target: Option<PathBuf>,
}

impl Side<'_> {
    /// `cargo test` of the packages that the tests are in, or of what the user says.
    fn cargo(&self, tests: &BTreeSet<&TestId>, plan: Plan<'_>) -> Command {
        let mut command = environment::cargo();
        command.args(["test", "--quiet"]).args(plan.cargo).current_dir(self.workspace).stdin(Stdio::null());
        if plan.cargo.is_empty() {
            let packages: BTreeSet<&str> = tests.iter().map(|test| test.package.as_str()).collect();
            for package in packages.into_iter().filter(|package| !package.is_empty()) {
                command.args(["--package", package]);
            }
        }
        if let Some(target) = &self.target {
            command.env("CARGO_TARGET_DIR", target);
        }
        command
    }
}
