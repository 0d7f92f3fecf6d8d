//! The revision of the sources, by the version control tools that are there.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::git_files::{self, Head};

/// A tool that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is known of the sources.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Revision {
    /// The commit; empty if unknown.
    pub id: String,
    /// `git_*` keys of the description.
    pub facts: Vec<(String, String)>,
}

/// Git, else Perforce, Mercurial, Jujutsu: the first that knows the folder.
pub(super) fn revision(folder: &Path) -> Revision {
    if let Some(revision) = git(folder).or_else(|| by_files(folder)) {
        return revision;
    }
    let others = [perforce, mercurial, jujutsu];
    let id = others.into_iter().find_map(|asked| asked(folder)).unwrap_or_default();
    Revision { id, facts: Vec::new() }
}

/// One process tells head, branch and whether anything tracked is changed.
fn git(folder: &Path) -> Option<Revision> {
    let inside = folder.ancestors().any(|folder| folder.join(".git").exists());
    if !inside && std::env::var_os("GIT_DIR").is_none() {
        return None;
    }
    let ask = |args: &[&str]| {
        let mut git = tool("git", args);
        if inside {
            // A hook of git sets these, some relative to a folder that is not ours.
            for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
                git.env_remove(name);
            }
        }
        output(folder, git)
    };
    let status = ask(&[
        "--no-optional-locks",
        "status",
        "--porcelain=v2",
        "--branch",
        "--untracked-files=no",
        "--ignore-submodules",
    ]);
    let Some(status) = status else {
        // A very large work tree, or an index that can't be read: the head alone is quick.
        let id = ask(&["rev-parse", "--verify", "HEAD"])?.trim().to_owned();
        return Some(Revision { id, facts: Vec::new() });
    };
    Some(parse_git(&status))
}

/// Whether anything is changed stays unknown.
fn by_files(folder: &Path) -> Option<Revision> {
    let Head { id, branch } = git_files::head(folder)?;
    let facts = branch.map(|branch| ("git_branch".to_owned(), branch)).into_iter().collect();
    Some(Revision { id, facts })
}

/// What is asked of git about a pull request.
pub(super) trait Git {
    /// The parents of a commit.
    fn parents(&self, id: &str) -> Vec<String>;
    /// Where two commits branched off; `None` if the history does not reach back to it.
    fn merge_base(&self, one: &str, other: &str) -> Option<String>;
}

/// The repository that a folder is in.
pub(super) struct Repository<'a>(pub &'a Path);

impl Git for Repository<'_> {
    fn parents(&self, id: &str) -> Vec<String> {
        // The commit itself: in a shallow clone, git's other commands do not know its parents.
        let commit = output(self.0, tool("git", &["cat-file", "commit", id])).unwrap_or_default();
        let header = commit.lines().take_while(|line| !line.is_empty());
        header.filter_map(|line| line.strip_prefix("parent ")).map(str::to_owned).collect()
    }

    fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        first_line(&output(self.0, tool("git", &["merge-base", one, other]))?)
    }
}

fn parse_git(status: &str) -> Revision {
    let header = |name: &str| status.lines().find_map(|line| line.strip_prefix("# branch.")?.strip_prefix(name));
    let id = header("oid ").filter(|id| *id != "(initial)").unwrap_or_default().to_owned();
    let branch = header("head ").filter(|branch| *branch != "(detached)");
    let dirty = status.lines().any(|line| !line.starts_with('#'));
    let mut facts = vec![("git_dirty".to_owned(), dirty.to_string())];
    facts.extend(branch.map(|branch| ("git_branch".to_owned(), branch.to_owned())));
    Revision { id, facts }
}

fn perforce(folder: &Path) -> Option<String> {
    std::env::var_os("P4CLIENT").or_else(|| std::env::var_os("P4CONFIG"))?;
    let change = output(folder, tool("p4", &["changes", "-m1", "#have"]))?;
    change.split_whitespace().nth(1).map(str::to_owned)
}

fn mercurial(folder: &Path) -> Option<String> {
    folder.ancestors().find(|folder| folder.join(".hg").exists())?;
    first_line(&output(folder, tool("hg", &["log", "--rev", ".", "--template", "{node}"]))?)
}

fn jujutsu(folder: &Path) -> Option<String> {
    folder.ancestors().find(|folder| folder.join(".jj").exists())?;
    let args = ["log", "--no-graph", "--ignore-working-copy", "--revisions", "@", "--template", "commit_id"];
    first_line(&output(folder, tool("jj", &args))?)
}

fn first_line(text: &str) -> Option<String> {
    text.lines().next().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)
}

fn tool(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

/// What a tool prints if it succeeds in time.
fn output(folder: &Path, mut tool: Command) -> Option<String> {
    let mut child = tool
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdout = child.stdout.take()?;
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).map(|_| text)
    });
    if !succeeds(&mut child) {
        return None;
    }
    let text = reader.join().ok()?.ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

fn succeeds(child: &mut Child) -> bool {
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if start.elapsed() < PATIENCE => thread::sleep(pause),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_understood_in_every_state() {
        let on_branch =
            parse_git("# branch.oid 1234abcd\n# branch.head feature/x\n1 .M N... 100644 100644 100644 a b f.rs\n");
        assert_eq!(on_branch.id, "1234abcd");
        let fact = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(on_branch.facts, [fact("git_dirty", "true"), fact("git_branch", "feature/x")]);
        let detached = parse_git("# branch.oid 1234abcd\n# branch.head (detached)\n");
        assert_eq!(detached, Revision { id: "1234abcd".to_owned(), facts: vec![fact("git_dirty", "false")] });
        let no_commit = parse_git("# branch.oid (initial)\n# branch.head main\n");
        assert_eq!(no_commit.id, "");
    }

    #[test]
    fn a_missing_or_failing_tool_is_no_answer() {
        let folder = std::env::temp_dir();
        assert_eq!(output(&folder, tool("no-such-tool-anywhere", &[])), None);
        assert_eq!(output(&folder, tool("git", &["no-such-command"])), None);
    }
}
