//! One run of the tests under our runner.

use std::ffi::OsString;

use anyhow::{Context as _, bail};
use monitor_core::outside::{COUNTS_BY, UNKNOWN_FEATURES};
use tempfile::TempDir;

use super::names::{FOLDER, UNCOUNTED};
use super::runner::SUBCOMMAND;
use super::valgrind::{Valgrind, unknown_to_valgrind};
use crate::output;
use crate::outside::{self, Setting};

/// One run of the tests under our runner.
#[derive(Debug)]
pub(crate) struct Run {
    /// Removed when dropped.
    folder: TempDir,
    setting: Setting,
    valgrind: Valgrind,
}

impl Run {
    /// Prepares a run with arguments for cargo.
    ///
    /// # Errors
    ///
    /// If nothing can be counted here.
    pub(crate) fn new(arguments: &[OsString]) -> anyhow::Result<Self> {
        let valgrind = Valgrind::find()?;
        let setting = Setting::find(arguments)?;
        if let Some(program) = setting.chain.first() {
            bail!(
                "cargo is configured to run tests of {} in {program}, which callgrind cannot look into: unset that runner \
                 to count instructions",
                setting.target
            );
        }
        let used = setting.target_features()?;
        let unknown = UNKNOWN_FEATURES.iter().filter(|(feature, _)| used.iter().any(|used| used == feature));
        let unknown: Vec<&str> = unknown.map(|(_, name)| *name).collect();
        if !unknown.is_empty() {
            return Err(unknown_to_valgrind(&unknown.join(", ")));
        }
        let folder = tempfile::Builder::new().prefix("cargo-monitor-").tempdir();
        let folder = folder.context("cannot make a folder for temporary files")?;
        Ok(Self { folder, setting, valgrind })
    }

    /// What cargo must find in its environment.
    pub(crate) fn variables(&self) -> anyhow::Result<Vec<(OsString, OsString)>> {
        let mut variables = outside::as_runner(&self.setting, SUBCOMMAND, self.folder.path())?;
        variables.push((COUNTS_BY.into(), self.valgrind.version.clone().into()));
        variables.push((FOLDER.into(), self.folder.path().into()));
        Ok(variables)
    }

    /// Tells which tests of this run were not counted.
    pub(crate) fn tell(&self) {
        let uncounted = std::fs::read_to_string(self.folder.path().join(UNCOUNTED)).unwrap_or_default();
        for test in uncounted.lines() {
            output::note(&format!("{test}: not counted, it has no #[monitored]"));
        }
    }
}
