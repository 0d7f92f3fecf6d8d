//! What the runner is told by its environment.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Names the folder in which callgrind's files are kept, one for each test.
pub(crate) const KEEP: &str = "CARGO_MONITOR_KEEP_COUNTS";

/// Where the runner keeps callgrind's files while it reads them.
pub(super) const FOLDER: &str = "CARGO_MONITOR_COUNTS_FOLDER";

/// The file of callgrind that is kept of the test that ran as a process.
pub(crate) fn kept(folder: &Path, process_h: &str) -> PathBuf {
    folder.join(format!("{process_h}.callgrind"))
}

/// In that folder, the names of tests that were to be counted and could not be, one a line.
pub(super) const UNCOUNTED: &str = "uncounted";

/// Notes that a test is not counted; if it can't be noted, it is not told.
pub(super) fn append(folder: &Path, test: &str) {
    let file = OpenOptions::new().append(true).create(true).open(folder.join(UNCOUNTED));
    // One write, which no other one can come into.
    let _ = file.and_then(|mut file| file.write_all(format!("{test}\n").as_bytes()));
}
