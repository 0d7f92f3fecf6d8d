//! Tests measured from outside, as processes, since they do not have the attribute.
//!
//! `cargo monitor nextest` makes itself the runner of the test binaries (cargo's setting `target.<triple>.runner`). For
//! each test, [`runner`] starts the binary, waits, and appends what the process cost to a log, unless the test has the
//! attribute after all; afterwards `record` writes a row for each line. `setting` finds the runner that the user has
//! configured, which is then run by ours: `chain`.

mod chain;
mod log;
mod record;
mod runner;
mod setting;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context as _;
use tempfile::TempDir;

use self::chain::Chain;
pub(crate) use self::record::record;
pub(crate) use self::runner::{SUBCOMMAND, run};
pub(crate) use self::setting::Setting;

/// Log of the run, for the runner.
const LOG: &str = "CARGO_MONITOR_OUTSIDE_LOG";

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

    fn log(&self) -> PathBuf {
        self.folder.path().join("log.jsonl")
    }
}
