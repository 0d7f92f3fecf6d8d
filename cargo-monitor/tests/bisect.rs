//! `cargo monitor bisect` in a history of 64 commits, six of which do not build.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use monitor_tests::{Project, Run, manifest, run, valgrind_is_there};
use serde_json::Value;

/// Commit `{{commit}}`. What the tests cost changes at a commit each.
const LIB: &str = "
pub fn work(commit: u32) -> u32 {
    let rounds = if commit < 23 { 20_000 } else { 22_000 };
    (0..rounds).fold(commit, |sum, round| std::hint::black_box(sum ^ round))
}

pub fn wait(commit: u32) {
    let milliseconds = if commit < 41 { 1 } else { 80 };
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
}

pub fn room(commit: u32) -> usize {
    Vec::<u8>::with_capacity(if commit < 52 { 10_000 } else { 11_000 }).capacity()
}

#[cfg(test)]
mod tests {
    use monitor_runtime::monitored;

    #[test]
    #[monitored]
    fn works() {
        assert!(super::work({{commit}}) < u32::MAX);
        super::wait({{commit}});
        assert!(super::room({{commit}}) > 0);
    }
}
";

/// Two of them come in every search.
const BROKEN: [u32; 6] = [13, 14, 25, 32, 47, 58];

/// A repository with commits 0 to 63.
fn history(name: &str) -> (Project, Vec<String>) {
    let project = Project::new(&[("Cargo.toml", &manifest(name, "")), (".gitignore", "Cargo.lock\ntarget\n.pymon*\n")]);
    let _ = project.git(&["init", "--quiet"]);
    project.write("src/lib.rs", "");
    let _ = project.commit("before all");
    // All of them by one process: <https://git-scm.com/docs/git-fast-import>.
    let stream = (0..64).map(|commit: u32| {
        let text = LIB.replace("{{commit}}", &commit.to_string());
        let broken = if BROKEN.contains(&commit) { "does not build!" } else { "" };
        let from = if commit == 0 { "from HEAD\n" } else { "" };
        let subject = format!("commit {commit}");
        format!(
            "commit refs/heads/history\ncommitter a <a@example.org> {} +0000\ndata {}\n{subject}\n{from}\
             M 100644 inline src/lib.rs\ndata {}\n{text}{broken}\n",
            1_767_225_600 + commit,
            subject.len(),
            text.len() + broken.len(),
        )
    });
    project.write(".git/stream", &stream.collect::<String>());
    let mut import = project.command("git");
    let stream = File::open(project.path(".git/stream")).expect("it was written");
    import.args(["fast-import", "--quiet"]).stdin(stream);
    let _ = run(import).succeeded();
    let _ = project.git(&["checkout", "--quiet", "history"]);
    let commits = project.git(&["rev-list", "--reverse", "HEAD"]);
    (project, commits.lines().skip(1).map(str::to_owned).collect())
}

fn command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
    command.args(arguments);
    command
}

fn monitor(project: &Project, arguments: &[&str]) -> Run {
    run(command(project, arguments)).succeeded()
}

/// What was found, and by how many builds.
fn found(run: &Run) -> (String, u64, Value) {
    let said: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let bisection = &said["bisection"];
    let commit = bisection["commit"].as_str().unwrap_or_default().to_owned();
    (commit, bisection["builds"].as_u64().unwrap_or(u64::MAX), said)
}

#[test]
fn each_change_is_found_by_eight_builds_at_most() {
    let (project, commits) = history("bisected");
    let is_counted = valgrind_is_there();
    for end in [&commits[0], &commits[63]] {
        let _ = project.git(&["checkout", "--quiet", end]);
        let _ = monitor(&project, &["test", "--lib", "--repeat=3"]);
        if is_counted {
            let _ = monitor(&project, &["test", "--lib", "--instructions"]);
        }
    }
    let bisect = |metric: &str| {
        monitor(&project, &["bisect", "works", "--metric", metric, "--good", &commits[0], "--format", "json"])
    };
    for (metric, culprit) in [("wall-time", 41), ("heap-peak", 52), ("instructions", 23)] {
        if metric == "instructions" && !is_counted {
            continue;
        }
        let run = bisect(metric);
        let (commit, builds, said) = found(&run);
        assert_eq!(commit, commits[culprit], "{metric}: {}", run.stderr);
        assert!(builds <= 8, "{metric}: {builds} builds: {}", run.stderr);
        assert!(run.stderr.contains("is passed by: error"), "{}", run.stderr);
        let subject = said["bisection"]["subject"].as_str().unwrap_or_default();
        assert!(subject.starts_with(&format!("commit {culprit} ")), "{subject}");
        if metric == "instructions" {
            let reason = said["explanation"]["reason"].as_str().unwrap_or_default();
            assert!(reason.contains("bisected::work"), "{reason}");
        }
        let again = found(&bisect(metric));
        assert_eq!(again.0, commits[culprit]);
        assert!(again.1 <= 2, "only what does not build is tried again: {} builds", again.1);
    }
    assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1, "the worktree is gone");
    assert_eq!(project.git(&["status", "--porcelain"]), "", "the user's tree is as it was");
}

#[test]
fn what_was_found_out_before_ctrl_c_is_not_asked_again() {
    let (project, commits) = history("interrupted");
    let _ = project.git(&["checkout", "--quiet", &commits[10]]);
    let _ = monitor(&project, &["test", "--lib"]);
    let arguments =
        ["bisect", "works", "--metric=heap-peak", "--good", &commits[49], "--bad", &commits[57], "--format=json"];
    let mut command = command(&project, &arguments);
    // As a terminal does: what Ctrl-C reaches is the whole group.
    let mut child = command.process_group(0).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let mut building = 0;
    let mut said = String::new();
    for line in lines.by_ref().map_while(Result::ok) {
        said += &format!("{line}\n");
        building += u32::from(line.starts_with("building"));
        if building == 3 {
            let group = format!("-{}", child.id());
            let mut kill = Command::new("kill");
            kill.args(["-INT", "--", &group]);
            let _ = run(kill).succeeded();
            break;
        }
    }
    said.extend(lines.map_while(Result::ok).map(|line| line + "\n"));
    let status = child.wait().expect("it ends");
    assert!(!status.success() && said.contains("the same command continues from there"), "{status}: {said}");
    assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1, "the worktree is gone");

    let run = monitor(&project, &arguments);
    let (commit, builds, _) = found(&run);
    assert_eq!(commit, commits[52], "{}", run.stderr);
    // Both ends and three in between; of those asked before two had answered, and the third may have as Ctrl-C came.
    assert!((2..=3).contains(&builds), "{builds}: {}", run.stderr);
}
