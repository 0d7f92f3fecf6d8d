//! A commit checked out beside the workspace, for as long as it is needed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::repository::Git;

/// A worktree of git; gone when dropped. What is built in it stays, so that the next one builds little.
pub(super) struct Worktree<'a> {
    git: &'a Git,
    folder: PathBuf,
    workspace: PathBuf,
}

/// Folder of what is built of other commits, in the target folder.
const FOLDER: &str = "monitor-confirm";

impl<'a> Worktree<'a> {
    /// `commit` in a folder of its own; `here` is the workspace whose like is wanted there.
    pub(super) fn of(git: &'a Git, here: &Path, commit: &str) -> anyhow::Result<Self> {
        let folder = target(here).join(FOLDER).join("worktree");
        let path = folder.to_str().with_context(|| format!("{} is no UTF-8", folder.display()))?;
        // What a run that was killed has left.
        git.git(&["worktree", "remove", "--force", path], "");
        let inside = git.git(&["rev-parse", "--show-prefix"], "").context("this is no git repository")?;
        git.git(&["worktree", "add", "--force", "--detach", path, commit], "")
            .with_context(|| format!("git cannot check out commit {commit} in {path}"))?;
        let worktree = Self { git, workspace: folder.join(prefix_of(here, inside.trim())), folder };
        let lock = worktree.workspace.join("Cargo.lock");
        // Where the lock file is no part of the history, both sides are to have the same dependencies.
        if !lock.exists() && here.join("Cargo.lock").exists() {
            fs::copy(here.join("Cargo.lock"), lock).context("cannot copy Cargo.lock")?;
        }
        Ok(worktree)
    }

    pub(super) fn workspace(&self) -> &Path {
        &self.workspace
    }
}

impl Drop for Worktree<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.folder.to_str() {
            self.git.git(&["worktree", "remove", "--force", path], "");
        }
    }
}

/// The workspace's folder in its repository: git names the current folder's, which is in the workspace.
fn prefix_of(workspace: &Path, current: &str) -> PathBuf {
    let here = env::current_dir().unwrap_or_default();
    let below = here.strip_prefix(workspace).map_or(0, |below| below.components().count());
    let current = Path::new(current);
    let kept = current.components().count().saturating_sub(below);
    current.components().take(kept).collect()
}

/// Where cargo builds the base: apart from the head's, or each would undo what the other built.
pub(super) fn target_of_base(workspace: &Path) -> PathBuf {
    target(workspace).join(FOLDER).join("target")
}

fn target(workspace: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), |folder| workspace.join(folder))
}
