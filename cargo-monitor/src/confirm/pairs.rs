//! The runs: base and head in turns, each test alone.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use monitor_report::gate::Pairs;
use monitor_store::{Monitor, Session, TestId, hash_hex};
use tempfile::TempDir;

use super::plan::Plan;
use crate::elsewhere;
use crate::output::Progress;

/// A file with the runs of both sides.
pub(super) struct Measured {
    folder: TempDir,
    pairs: u32,
}

impl Measured {
    /// Builds both sides, then runs the tests in pairs.
    pub(super) fn of(head: &Path, base: &Path, tests: &BTreeSet<&TestId>, plan: Plan<'_>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for temporary files")?;
        let measured = Self { folder, pairs: plan.pairs };
        let of_base = Side { name: "base", workspace: base, target: Some(elsewhere::build_folder(head)) };
        let sides = [of_base, Side { name: "head", workspace: head, target: None }];
        for side in &sides {
            let mut command = side.cargo(tests, plan);
            command.args(["--no-run"]);
            if !command.status().context("cannot run cargo")?.success() {
                bail!("the {} does not compile in {}", side.name, side.workspace.display());
            }
        }
        let progress = Progress::of(plan.pairs as usize, "measuring again");
        for number in 0..plan.pairs {
            // The first of a pair may find the machine in another state than the second.
            let order = if number % 2 == 0 { [0, 1] } else { [1, 0] };
            for side in order {
                measured.run(&sides[side], number, tests, plan)?;
            }
            progress.advance();
        }
        Ok(measured)
    }

    fn run(&self, side: &Side<'_>, number: u32, tests: &BTreeSet<&TestId>, plan: Plan<'_>) -> anyhow::Result<()> {
        let mut command = side.cargo(tests, plan);
        command.args(["--", "--test-threads=1"]);
        // A test of this name in another module runs too; its figures are not asked for.
        command.args(tests.iter().map(|test| item(test)).collect::<BTreeSet<_>>());
        command.env("MONITOR_DB", self.file()).env("MONITOR_SESSION", name(side.name, number));
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
        if sessions.is_empty() {
            bail!("no test of the {side} was measured again");
        }
        Ok(sessions)
    }
}

/// `MONITOR_SESSION` of a run.
fn name(side: &str, number: u32) -> String {
    format!("again {side} {number}")
}

/// A test's function: what its harness knows it by, at least.
fn item(test: &TestId) -> &str {
    test.variant.split('[').next().unwrap_or_default()
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
        // Cargo sets it for its subcommands.
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
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
