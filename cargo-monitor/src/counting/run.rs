//! One run of the tests under our runner.

use std::ffi::OsString;

use anyhow::{Context as _, bail};
use monitor_core::outside::COUNTS_BY;
use tempfile::TempDir;

use super::names::FOLDER;
use super::runner::SUBCOMMAND;
use super::valgrind::Valgrind;
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
}
