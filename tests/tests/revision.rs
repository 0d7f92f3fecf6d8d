//! The revision of the sources, in every state that a work tree may be in.
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};

use monitor_tests::{Database, Project, Run, run};

struct Sources {
    project: Project,
    binary: PathBuf,
}

/// What a session says of its sources.
#[derive(Debug, PartialEq)]
struct Revision {
    id: String,
    branch: String,
    dirty: String,
}

impl Sources {
    /// A package that is in no repository, and its test binary.
    fn new(package: &str) -> Self {
        let project = Project::library(package, include_str!("../fixtures/one_test.rs"));
        let binary = project.test_binary();
        Self { project, binary }
    }

    fn git(&self, args: &[&str]) -> String {
        let mut git = self.project.command("git");
        git.args(["-c", "user.name=Me", "-c", "user.email=me@example.org", "-c", "core.hooksPath=/dev/null"])
            .args(args);
        run(git).succeeded().stdout.trim().to_owned()
    }

    /// Runs the tests, which pass in silence, and asks the file.
    fn revision(&self, variables: &[(&str, &str)]) -> Revision {
        let database = self.project.path(".pymon");
        let mut command = self.project.command(&self.binary);
        command.envs(variables.iter().copied());
        let Run { stdout, stderr, code } = run(command);
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
        let revision = revision(&database);
        fs::remove_file(database).expect("the file can be removed");
        revision
    }
}

fn revision(database: &Path) -> Revision {
    let row = Database::open(database).rows(
        "select SCM_ID, json_extract(RUN_DESCRIPTION, '$.git_branch'), json_extract(RUN_DESCRIPTION, '$.git_dirty') \
         from TEST_SESSIONS",
    );
    let [id, branch, dirty] = row.concat().try_into().expect("one session");
    Revision { id, branch, dirty }
}

fn says(id: &str, branch: &str, dirty: &str) -> Revision {
    Revision { id: id.to_owned(), branch: branch.to_owned(), dirty: dirty.to_owned() }
}

#[test]
fn the_revision_is_known_in_every_state_of_a_work_tree() {
    let sources = Sources::new("revision-states");
    let asked = || sources.revision(&[]);
    assert_eq!(asked(), says("", "NULL", "NULL"), "not a repository");

    fs::create_dir(sources.project.path(".git")).expect("a folder can be made");
    assert_eq!(asked(), says("", "NULL", "NULL"), "an empty .git");
    fs::remove_dir(sources.project.path(".git")).expect("the folder can be removed");

    sources.git(&["init", "--quiet", "--initial-branch", "trunk"]);
    assert_eq!(asked(), says("", "trunk", "false"), "no commit yet");

    sources.git(&["add", "Cargo.toml", "src"]);
    sources.git(&["commit", "--quiet", "--message", "one"]);
    let one = sources.git(&["rev-parse", "HEAD"]);
    assert_eq!(asked(), says(&one, "trunk", "false"), "what is not tracked does not count");

    sources.git(&["checkout", "--quiet", "-b", "topic/größe"]);
    sources.project.write("src/lib.rs", "// Changed.\n");
    assert_eq!(asked(), says(&one, "topic/größe", "true"), "changed");

    sources.git(&["commit", "--quiet", "--all", "--message", "two"]);
    let two = sources.git(&["rev-parse", "HEAD"]);
    assert_eq!(asked(), says(&two, "topic/größe", "false"));
    assert_eq!(sources.revision(&[("MONITOR_SCM_ID", "r42")]), says("r42", "topic/größe", "false"));

    sources.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(asked(), says(&two, "NULL", "false"), "a detached head");

    let clone = sources.project.outside().join("clone");
    let url = format!("file://{}", sources.project.root().display());
    sources.git(&["clone", "--quiet", "--depth", "1", "--branch", "trunk", &url, &clone.display().to_string()]);
    fs::remove_dir_all(sources.project.path(".git")).expect("the repository can be removed");
    fs::rename(clone.join(".git"), sources.project.path(".git")).expect("a folder can be renamed");
    sources.git(&["reset", "--quiet", "--hard"]);
    assert_eq!(sources.git(&["rev-parse", "--is-shallow-repository"]), "true");
    assert_eq!(asked(), says(&one, "trunk", "false"), "a shallow clone");

    // As in a work tree of `git worktree`, and in a submodule.
    let elsewhere = sources.project.outside().join("repository");
    fs::rename(sources.project.path(".git"), &elsewhere).expect("a folder can be renamed");
    sources.project.write(".git", &format!("gitdir: {}\n", elsewhere.display()));
    assert_eq!(asked(), says(&one, "trunk", "false"), "a repository elsewhere");
}

#[test]
fn a_hook_of_git_changes_nothing() {
    // The repository is one folder up, where git runs its hooks.
    let sources = Sources::new("revision-hook");
    let above = ["-C", ".."];
    sources.git(&[&above[..], &["init", "--quiet", "--initial-branch", "trunk"]].concat());
    sources.git(&["add", "src"]);
    sources.git(&["commit", "--quiet", "--message", "one"]);
    let one = sources.git(&["rev-parse", "HEAD"]);
    let hook = [("GIT_DIR", ".git"), ("GIT_INDEX_FILE", ".git/index"), ("GIT_WORK_TREE", ".")];
    assert_eq!(sources.revision(&hook), says(&one, "trunk", "false"));
}

#[test]
fn without_git_the_head_is_read_from_its_files() {
    let sources = Sources::new("revision-no-git");
    let empty = sources.project.path("src").display().to_string();
    let without_git = [("PATH", empty.as_str())];
    assert_eq!(sources.revision(&without_git), says("", "NULL", "NULL"), "not a repository");
    sources.git(&["init", "--quiet", "--initial-branch", "trunk"]);
    assert_eq!(sources.revision(&without_git), says("", "trunk", "NULL"), "no commit yet");
    sources.git(&["commit", "--quiet", "--allow-empty", "--message", "one"]);
    let one = sources.git(&["rev-parse", "HEAD"]);
    assert_eq!(sources.revision(&without_git), says(&one, "trunk", "NULL"), "nobody says whether it is changed");
    sources.git(&["pack-refs", "--all"]);
    assert_eq!(sources.revision(&without_git), says(&one, "trunk", "NULL"), "packed");
    sources.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(sources.revision(&without_git), says(&one, "NULL", "NULL"), "a detached head");
}

/// As in a container, whose files belong to somebody else: git refuses to work there.
#[test]
fn a_repository_of_somebody_else_has_a_head_too() {
    let sources = Sources::new("revision-owner");
    sources.git(&["init", "--quiet", "--initial-branch", "trunk"]);
    sources.git(&["commit", "--quiet", "--allow-empty", "--message", "one"]);
    let one = sources.git(&["rev-parse", "HEAD"]);
    let others =
        [("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")];
    let mut status = sources.project.command("git");
    status.arg("status").envs(others);
    let refused = run(status);
    assert!(refused.stderr.contains("dubious ownership"), "{}", refused.stderr);
    assert_eq!(sources.revision(&others), says(&one, "trunk", "NULL"));
    let tree = sources.project.outside().join("tree").display().to_string();
    sources.git(&["worktree", "add", "--quiet", "-b", "topic/x", &tree]);
    fs::rename(sources.project.path(".git"), sources.project.outside().join("repository")).expect("it can be moved");
    let file = format!("gitdir: {}/worktrees/tree\n", sources.project.outside().join("repository").display());
    sources.project.write(".git", &file);
    assert_eq!(sources.revision(&others), says(&one, "topic/x", "NULL"), "a work tree of its own");
}

/// What GitHub checks out for a pull request: a shallow clone of a merge that it has made for the occasion.
#[test]
fn a_pull_requests_merge_is_known_by_its_head_and_base() {
    let sources = Sources::new("revision-merge");
    sources.git(&["init", "--quiet", "--initial-branch", "trunk"]);
    sources.git(&["add", "Cargo.toml", "src"]);
    sources.git(&["commit", "--quiet", "--message", "fork"]);
    sources.git(&["checkout", "--quiet", "-b", "topic"]);
    sources.git(&["commit", "--quiet", "--allow-empty", "--message", "head"]);
    sources.git(&["checkout", "--quiet", "trunk"]);
    sources.git(&["commit", "--quiet", "--allow-empty", "--message", "base"]);
    let [fork, base, head] = ["trunk~1", "trunk", "topic"].map(|name| sources.git(&["rev-parse", name]));
    sources.git(&["checkout", "--quiet", "-b", "merge"]);
    sources.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "topic"]);
    let merge = sources.git(&["rev-parse", "HEAD"]);
    sources.git(&["checkout", "--quiet", "--detach"]);
    let recorded = |variables: &[(&str, &str)]| {
        let database = sources.project.path(".pymon");
        let mut command = sources.project.command(&sources.binary);
        command.envs(variables.iter().copied());
        let _ = run(command).succeeded();
        let keys = ["pull_request", "git_base", "git_merge_base", "git_merge"];
        let values = keys.map(|key| format!("RUN_DESCRIPTION ->> '{key}'")).join(", ");
        let row = Database::open(&database).rows(&format!("select SCM_ID, {values} from TEST_SESSIONS")).concat();
        fs::remove_file(database).expect("the file can be removed");
        row
    };
    let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_REF", "refs/pull/7/merge"), ("GITHUB_SHA", &merge)];
    assert_eq!(recorded(&github), [&head, "7", &base, &fork, &merge]);
    let gitlab = [
        ("CI_MERGE_REQUEST_IID", "8"),
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", &head),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &fork),
        ("CI_COMMIT_SHA", &merge),
    ];
    assert_eq!(recorded(&gitlab), [&head, "8", &base, &fork, &merge]);
    assert_eq!(recorded(&[("GITHUB_REF", "refs/heads/trunk"), ("GITHUB_SHA", &merge)])[0], merge);

    // As `actions/checkout` does.
    let clone = sources.project.outside().join("clone");
    let url = format!("file://{}", sources.project.root().display());
    sources.git(&["clone", "--quiet", "--depth", "1", "--branch", "merge", &url, &clone.display().to_string()]);
    fs::remove_dir_all(sources.project.path(".git")).expect("the repository can be removed");
    fs::rename(clone.join(".git"), sources.project.path(".git")).expect("a folder can be renamed");
    assert_eq!(recorded(&github), [&head, "7", &base, "NULL", &merge], "too shallow for where they branched off");
}

/// Puts a shell script in the project's folder `tools`, under the name of a tool.
#[cfg(unix)]
fn stand_in(sources: &Sources, tool: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;

    let path = format!("tools/{tool}");
    sources.project.write(&path, &format!("#!/bin/sh\n{script}\n"));
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(sources.project.path(&path), executable).expect("a file can be made executable");
}

#[cfg(unix)]
#[test]
fn a_git_that_hangs_is_given_up() {
    let sources = Sources::new("revision-hangs");
    stand_in(&sources, "git", "exec sleep 600");
    fs::create_dir(sources.project.path(".git")).expect("a folder can be made");
    let path = format!("{}:/usr/bin:/bin", sources.project.path("tools").display());
    assert_eq!(sources.revision(&[("PATH", &path)]), says("", "NULL", "NULL"));
}

/// Each tool, seldom installed, is stood in for by a script that answers the one question it is to be asked.
#[cfg(unix)]
#[test]
fn other_tools_are_asked_where_git_knows_nothing() {
    let sources = Sources::new("revision-others");
    let tools = [
        ("p4", "changes -m1 #have", "Change 4711 on 2026/11/23 by me@here 'text'"),
        ("hg", "log --rev . --template {node}", "abcdef0123"),
        ("jj", "log --no-graph --ignore-working-copy --revisions @ --template commit_id", "fedcba9876"),
    ];
    for (tool, question, answer) in tools {
        stand_in(&sources, tool, &format!("[ \"$*\" = '{question}' ] && echo \"{answer}\""));
    }
    let path = format!("{}:/usr/bin:/bin", sources.project.path("tools").display());
    assert_eq!(sources.revision(&[("PATH", &path)]), says("", "NULL", "NULL"), "no folder of theirs, so not asked");
    fs::create_dir(sources.project.path(".jj")).expect("a folder can be made");
    assert_eq!(sources.revision(&[("PATH", &path)]).id, "fedcba9876");
    fs::create_dir(sources.project.path(".hg")).expect("a folder can be made");
    assert_eq!(sources.revision(&[("PATH", &path)]).id, "abcdef0123");
    assert_eq!(sources.revision(&[("PATH", &path), ("P4CLIENT", "mine")]).id, "4711");
}
