//! One run of nextest under our runner.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;

use super::log::LOG;
use super::runner::SUBCOMMAND;
use super::setting::Setting;
use super::stand_in::as_runner;

/// One run of nextest under our runner.
#[derive(Debug)]
pub(crate) struct Run {
    /// Holds the log, and a link to this program if its path has a space; removed when dropped.
    folder: TempDir,
    /// How the tests are built.
    pub(crate) setting: Setting,
}

impl Run {
    /// Prepares a run with arguments for nextest.
    pub(crate) fn new(arguments: &[OsString]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("cargo-monitor-").tempdir();
        let folder = folder.context("cannot make a folder for temporary files")?;
        Ok(Self { folder, setting: Setting::find(arguments)? })
    }

    /// What nextest must find in its environment.
    pub(crate) fn variables(&self) -> anyhow::Result<Vec<(OsString, OsString)>> {
        let mut variables = as_runner(&self.setting, SUBCOMMAND, self.folder.path())?;
        variables.push((LOG.into(), log(self.folder.path()).into_os_string()));
        Ok(variables)
    }

    /// The folder for temporary files of this run.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The log of a run in its folder.
pub(crate) fn log(folder: &Path) -> PathBuf {
    folder.join("log.jsonl")
}
