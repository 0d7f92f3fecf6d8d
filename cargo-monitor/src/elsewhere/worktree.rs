//! A worktree of git, and what is asked of a repository.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use monitor_store::hash_hex;

use crate::output;

/// A second working tree of the user's repository; removed when dropped.
#[derive(Debug)]
pub(crate) struct Worktree {
    /// The user's own workspace.
    workspace: PathBuf,
    repository: PathBuf,
    root: PathBuf,
    /// Where in the repository the workspace is.
    inside: PathBuf,
    /// Held until the tree is removed.
    _lock: File,
}

impl Worktree {
    /// Makes it in `folder`, in place of one that an interrupted command has left there.
    pub(crate) fn new(workspace: &Path, folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let lock = locked(folder)?;
        let root = folder.join("worktree");
        let top = git(workspace, &["rev-parse", "--show-toplevel"])
            .context("measuring other commits needs a git repository")?;
        let inside = workspace.canonicalize()?.strip_prefix(Path::new(&top).canonicalize()?)?.to_owned();
        let worktree =
            Self { workspace: workspace.to_owned(), repository: PathBuf::from(top), root, inside, _lock: lock };
        worktree.remove();
        let path = worktree.root.to_string_lossy().into_owned();
        git(&worktree.repository, &["worktree", "add", "--quiet", "--force", "--detach", &path, "HEAD"])?;
        Ok(worktree)
    }

    /// The workspace in it.
    pub(crate) fn path(&self) -> PathBuf {
        self.root.join(&self.inside)
    }

    /// The repository's root in it, as compilers are told it.
    pub(crate) fn root(&self) -> PathBuf {
        self.root.canonicalize().unwrap_or_else(|_| self.root.clone())
    }

    /// Which lines differ between two commits, with the functions around them.
    pub(crate) fn diff(&self, base: &str, head: &str) -> anyhow::Result<String> {
        let plain = ["--unified=100", "--no-prefix", "--no-color", "--no-ext-diff", "--no-renames"];
        git(&self.repository, &[&["diff"], plain.as_slice(), &[base, head]].concat())
    }

    pub(crate) fn check_out(&self, commit: &str) -> anyhow::Result<()> {
        // What a build has written into the tree (a lock file) is in the way of another commit.
        git(&self.root, &["checkout", "--quiet", "--force", "--detach", commit])?;
        let (here, there) = (self.workspace.join("Cargo.lock"), self.path().join("Cargo.lock"));
        // Where the lock file is no part of the history, all commits are to have the same dependencies.
        if !there.exists() && here.exists() {
            fs::copy(here, there).context("cannot copy Cargo.lock")?;
        }
        Ok(())
    }

    fn remove(&self) {
        let path = self.root.to_string_lossy().into_owned();
        let _ = git(&self.repository, &["worktree", "remove", "--force", &path]);
        let _ = fs::remove_dir_all(&self.root);
        let _ = git(&self.repository, &["worktree", "prune"]);
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Where results of other commits and the worktree lie.
pub(crate) fn folder(workspace: &Path) -> PathBuf {
    // Several workspaces may share a target folder.
    let name = hash_hex([workspace.to_string_lossy().as_ref()]);
    in_target(workspace).join(&name[..10])
}

/// The target folder of other commits: apart from the user's, or each would undo what the other built.
pub(crate) fn build_folder(workspace: &Path) -> PathBuf {
    in_target(workspace).join("build")
}

fn in_target(workspace: &Path) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    std::path::absolute(&target).unwrap_or(target).join("monitor")
}

/// Waits until no other command uses the folder.
fn locked(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("lock");
    let lock = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    if lock.try_lock().is_err() {
        output::note(&"waiting for another command that builds other commits of this workspace");
        lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(lock)
}

/// The full name of a commit.
pub(crate) fn commit(repository: &Path, revision: &str) -> anyhow::Result<String> {
    git(repository, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])
        .with_context(|| format!("{revision} is not a commit"))
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
