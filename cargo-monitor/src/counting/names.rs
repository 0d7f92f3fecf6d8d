//! What the runner is told by its environment.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Names the folder in which callgrind's files are kept, one for each test.
pub(crate) const KEEP: &str = "CARGO_MONITOR_KEEP_COUNTS";

/// The variant of the only test to count, if a test binary has it.
pub(crate) const ONLY: &str = "CARGO_MONITOR_COUNT_ONLY";

/// Where the runner keeps callgrind's files while it reads them.
pub(super) const FOLDER: &str = "CARGO_MONITOR_COUNTS_FOLDER";

/// The file of callgrind that is kept of the test that ran as a process.
pub(crate) fn kept(folder: &Path, process_h: &str) -> PathBuf {
    folder.join(format!("{process_h}.callgrind"))
}

/// What a kept file is called that says which functions were inlined where.
pub(crate) const INLINED: &str = "inlined";

/// In that folder, what is to be told at the end, a line for each test.
pub(super) const SAID: &str = "said";

/// Keeps a line for the end; if it can't be kept, it is not told.
pub(super) fn say(folder: &Path, line: &str) {
    let file = OpenOptions::new().append(true).create(true).open(folder.join(SAID));
    // One write, which no other one can come into.
    let _ = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
}
