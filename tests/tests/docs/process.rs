//! `monitor-server` in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::programs::folder_of;

/// A server, until the test is over.
pub(crate) struct Process {
    pub(crate) address: String,
    process: Child,
    _folder: Option<TempDir>,
}

impl Process {
    /// With its database in a folder, or in one that goes with it.
    pub(crate) fn start(folder: Option<&Path>) -> Self {
        let own = folder.is_none().then(|| tempfile::tempdir().expect("a temporary folder can be made"));
        let folder = folder.or_else(|| own.as_ref().map(TempDir::path)).expect("one of the two");
        let mut command = Command::new(folder_of("monitor-server").join("monitor-server"));
        command.args(["--listen", "127.0.0.1:0"]).current_dir(folder).env_remove("MONITOR_DATABASE");
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut said = String::new();
        let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
        let _ = output.read_line(&mut said).expect("it says where it is");
        let (before, address) = said.trim_end().rsplit_once(' ').expect("an address is its last word");
        assert_eq!(before, "monitor-server serves monitor.db at", "as the chapter shows");
        Self { address: address.trim_end_matches('/').to_owned(), process, _folder: own }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
