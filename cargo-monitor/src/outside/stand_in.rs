//! This program as the runner of test binaries.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Context as _;

use super::chain::Chain;
use super::setting::Setting;

/// Variables that make a subcommand of this program the runner of test binaries, and hand on the user's own. `folder` may take
/// a link to this program.
pub(crate) fn as_runner(
    setting: &Setting,
    subcommand: &str,
    folder: &Path,
) -> anyhow::Result<Vec<(OsString, OsString)>> {
    let mut program = std::env::current_exe().context("cannot find the path of this program")?;
    if program.to_string_lossy().contains(char::is_whitespace) {
        // Cargo and nextest split the value at spaces.
        let link = folder.join("cargo-monitor");
        std::os::unix::fs::symlink(&program, &link).context("cannot link this program")?;
        program = link;
    }
    let mut runner = program.into_os_string();
    runner.push(format!(" {subcommand}"));
    Ok(vec![(setting.variable().into(), runner), Chain::of(setting).pair()])
}
