//! One run of nextest under our runner.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context as _;
use tempfile::TempDir;

use super::chain::Chain;
use super::log::LOG;
use super::runner::SUBCOMMAND;
use super::setting::Setting;

/// One run of nextest under our runner.
#[derive(Debug)]
pub(crate) struct Run {
    /// Holds the log, and a link to this program if its path has a space; removed when dropped.
    folder: TempDir,
    setting: Setting,
}

impl Run {
    /// Prepares a run with arguments for nextest.
    pub(crate) fn new(arguments: &[OsString]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("cargo-monitor-").tempdir();
        let folder = folder.context("cannot make a folder for temporary files")?;
        Ok(Self { folder, setting: Setting::find(arguments)? })
    }

    /// How the tests are built.
    pub(crate) fn setting(&self) -> &Setting {
        &self.setting
    }

    /// What nextest must find in its environment.
    pub(crate) fn variables(&self) -> anyhow::Result<Vec<(OsString, OsString)>> {
        let mut program = std::env::current_exe().context("cannot tell this program's path")?;
        if program.to_string_lossy().contains(char::is_whitespace) {
            // Nextest splits the value at spaces.
            let link = self.folder.path().join("cargo-monitor");
            std::os::unix::fs::symlink(&program, &link).context("cannot link this program")?;
            program = link;
        }
        let mut runner = program.into_os_string();
        runner.push(format!(" {SUBCOMMAND}"));
        Ok(vec![
            (self.setting.variable().into(), runner),
            (LOG.into(), self.log().into_os_string()),
            Chain::of(&self.setting).pair(),
        ])
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.path().join("log.jsonl")
    }
}
