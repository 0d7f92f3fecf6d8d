//! A worktree of git, and what is asked of a repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// A second working tree of the user's repository; removed when dropped.
#[derive(Debug)]
pub(crate) struct Worktree {
    repository: PathBuf,
    root: PathBuf,
    /// Where in the repository the workspace is.
    inside: PathBuf,
}

impl Worktree {
    /// Makes it at `root`, in place of one that an interrupted command has left there.
    pub(super) fn new(workspace: &Path, root: &Path) -> anyhow::Result<Self> {
        let top = git(workspace, &["rev-parse", "--show-toplevel"]).context("other commits need a git repository")?;
        let inside = workspace.canonicalize()?.strip_prefix(Path::new(&top).canonicalize()?)?.to_owned();
        let worktree = Self { repository: PathBuf::from(top), root: root.to_owned(), inside };
        worktree.remove();
        let path = root.to_string_lossy().into_owned();
        git(&worktree.repository, &["worktree", "add", "--quiet", "--force", "--detach", &path, "HEAD"])?;
        Ok(worktree)
    }

    /// The workspace in it.
    pub(super) fn path(&self) -> PathBuf {
        self.root.join(&self.inside)
    }

    pub(super) fn check_out(&self, commit: &str) -> anyhow::Result<()> {
        // What a build has written into the tree (a lock file) is in the way of another commit.
        git(&self.root, &["checkout", "--quiet", "--force", "--detach", commit]).map(drop)
    }

    fn remove(&self) {
        let path = self.root.to_string_lossy().into_owned();
        let _ = git(&self.repository, &["worktree", "remove", "--force", &path]);
        let _ = std::fs::remove_dir_all(&self.root);
        let _ = git(&self.repository, &["worktree", "prune"]);
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The full name of a commit.
pub(crate) fn commit(repository: &Path, revision: &str) -> anyhow::Result<String> {
    git(repository, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])
        .with_context(|| format!("{revision} names no commit"))
}

/// The commits after `good` up to `bad`, oldest first, by first parents.
pub(crate) fn first_parents(repository: &Path, good: &str, bad: &str) -> anyhow::Result<Vec<String>> {
    let range = format!("{good}..{bad}");
    Ok(git(repository, &["rev-list", "--reverse", "--first-parent", &range])?.lines().map(str::to_owned).collect())
}

/// Subject and author of a commit.
pub(crate) fn subject(repository: &Path, commit: &str) -> anyhow::Result<String> {
    git(repository, &["show", "--no-patch", "--format=%s (%an, %as)", commit])
}

fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().context("cannot run git")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
