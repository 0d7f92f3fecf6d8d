//! The git repository of a folder.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use monitor_report::Repository;

/// So many ancestors are asked for at most.
const ANCESTORS: usize = 20_000;

/// What git says in a folder; nothing if there is no git or no repository.
#[derive(Debug)]
pub(crate) struct Git {
    /// Empty for the current one.
    folder: PathBuf,
}

impl Git {
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What git says; `None` if it fails.
    pub(crate) fn git(&self, args: &[&str], input: &str) -> Option<String> {
        let mut command = Command::new("git");
        if !self.folder.as_os_str().is_empty() {
            command.current_dir(&self.folder);
        }
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let mut stdin = child.stdin.take()?;
        let input = input.to_owned();
        // Git answers while it reads.
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().ok()?;
        let _ = writer.join();
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Repository for Git {
    fn commit(&self, name: &str) -> Option<String> {
        // What looks like an option is no name.
        if name.is_empty() || name.starts_with('-') {
            return None;
        }
        let commit = self.git(&["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")], "")?;
        Some(commit.trim().to_owned())
    }

    fn ancestors(&self, commit: &str) -> Option<HashSet<String>> {
        let listed = self.git(&["rev-list", &format!("--max-count={ANCESTORS}"), commit, "--"], "")?;
        Some(listed.lines().map(str::to_owned).collect())
    }

    fn known(&self, commits: &[&str]) -> HashSet<String> {
        let asked: String = commits.iter().map(|commit| format!("{commit}\n")).collect();
        let answer = self.git(&["cat-file", "--batch-check=%(objectname)"], &asked).unwrap_or_default();
        answer.lines().filter(|line| !line.contains(' ')).map(str::to_owned).collect()
    }
}
