//! What the runner is told by its environment.

use std::path::{Path, PathBuf};

/// Names the folder in which callgrind's files are kept, one for each test.
pub(crate) const KEEP: &str = "CARGO_MONITOR_KEEP_COUNTS";

/// Where the runner keeps callgrind's files while it reads them.
pub(super) const FOLDER: &str = "CARGO_MONITOR_COUNTS_FOLDER";

/// The file of callgrind that is kept of the test that ran as a process.
pub(crate) fn kept(folder: &Path, process_h: &str) -> PathBuf {
    folder.join(format!("{process_h}.callgrind"))
}
