//! A repository's head, read from its files: where git is not installed, or refuses to work since the folder belongs to
//! somebody else ("dubious ownership", as in a container). Nothing that the repository's configuration names is run.

use std::fs;
use std::path::{Path, PathBuf};

/// The commit, if there is one, and the branch, unless it is detached.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub id: String,
    pub branch: Option<String>,
}

/// The head of the repository that `folder` is in; `None` if it is in none, or it keeps its references otherwise.
pub(super) fn head(folder: &Path) -> Option<Head> {
    let repository = folder.ancestors().find_map(repository)?;
    let text = line(&repository.join("HEAD"))?;
    let Some(reference) = text.strip_prefix("ref: ").map(str::trim) else {
        return Some(Head { id: Some(text).filter(|id| is_id(id))?, branch: None });
    };
    let branch = reference.strip_prefix("refs/heads/").map(str::to_owned);
    // A work tree of `git worktree` has its own head, and shares the branches.
    let shared = line(&repository.join("commondir")).map_or_else(|| repository.clone(), |path| repository.join(path));
    let id = [&repository, &shared].into_iter().find_map(|folder| line(&folder.join(reference)));
    let id = id.or_else(|| packed(&shared, reference)).filter(|id| is_id(id));
    Some(Head { id: id.unwrap_or_default(), branch })
}

/// What `.git` is: the folder, or a file that names it.
fn repository(folder: &Path) -> Option<PathBuf> {
    let path = folder.join(".git");
    if path.join("HEAD").exists() {
        return Some(path);
    }
    Some(folder.join(line(&path)?.strip_prefix("gitdir: ")?))
}

fn packed(repository: &Path, reference: &str) -> Option<String> {
    let text = fs::read_to_string(repository.join("packed-refs")).ok()?;
    text.lines()
        .find_map(|line| line.split_once(' ').filter(|(_, name)| *name == reference))
        .map(|(id, _)| id.to_owned())
}

fn line(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
