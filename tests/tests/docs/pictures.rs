//! The pictures of README and book are what the commands print today of sessions that were really recorded; `docs/pictures`
//! records them anew.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use monitor_tests::terminal::Terminal;
use monitor_tests::{repository, run, skipped};

use crate::programs::folder_of_cargo_monitor;

/// Between these lines of the README stands the comment.
const COMMENT: [&str; 2] = ["<!-- comment -->\n", "<!-- end of comment -->\n"];

/// A folder with a recorded file, where commands find it.
struct Recorded {
    folder: tempfile::TempDir,
    path: String,
}

impl Recorded {
    fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let recorded = repository().join("tests/fixtures/pictures").join(name);
        fs::copy(&recorded, folder.path().join(".pymon")).expect("docs/pictures has recorded it");
        let path = format!("{}:{}", folder_of_cargo_monitor().display(), env::var("PATH").unwrap_or_default());
        Self { folder, path }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("MONITOR") || name.starts_with("NEXTEST")) {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path()).env("PATH", &self.path).env("MONITOR_DB", self.file(".pymon"));
        command
    }
}

/// Compares with what is kept. `UPDATE_PICTURES=1` keeps what was made.
fn is_kept(file: &str, made: &str) {
    let path = repository().join(file);
    if env::var_os("UPDATE_PICTURES").is_some() {
        fs::write(&path, made).expect("the picture can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = made.lines().zip(kept.lines()).find(|(made, kept)| made != kept);
    assert!(
        made == kept,
        "{file} is older than what is printed, first at {differs:?}: UPDATE_PICTURES=1 cargo test -p monitor-tests --test docs \
         pictures"
    );
}

#[test]
fn pictures_of_the_terminal_are_what_is_printed() {
    if Command::new("script").arg("--version").output().is_err() {
        return skipped("no program `script` on this machine, so the book's pictures of a terminal are not compared");
    }
    let recorded = Recorded::of("shop.pymon");
    let terminal = Terminal::run(100, "cargo monitor compare", recorded.command("script"));
    is_kept("docs/src/pictures/regression.svg", &terminal.svg("cargo monitor compare"));
}

#[test]
fn pictures_of_charts_are_what_is_drawn() {
    let recorded = Recorded::of("evolution.pymon");
    let mut plot = recorded.command("cargo");
    plot.args(["monitor", "plot", "test_prime[982451653]", "--output", "evolution.svg"]);
    let _ = run(plot).succeeded();
    let made = fs::read_to_string(recorded.file("evolution.svg")).expect("the command has written it");
    is_kept("docs/src/evolution.svg", &made);
}

/// By the action's own script.
#[test]
fn pictures_of_a_comment_are_what_is_written() {
    let recorded = Recorded::of("shop.pymon");
    let mut gate = recorded.command("bash");
    gate.arg(repository().join("action/gate.sh")).env("RUNNER_TEMP", recorded.folder.path());
    gate.envs([("BASELINE", "last:20"), ("METRICS", "allocations heap-peak cpu-time")]);
    gate.env("THRESHOLDS", "cpu-time=50%+50ms");
    for name in ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"] {
        gate.env(name, recorded.file(name));
    }
    let _ = run(gate).succeeded();
    let comment = fs::read_to_string(recorded.file("gate.md")).expect("the script has written it");
    let quoted: String = comment.lines().map(|line| format!("> {line}").trim_end().to_owned() + "\n").collect();
    let readme = fs::read_to_string(Path::new(&repository()).join("README.md")).expect("the README");
    let [begin, end] = COMMENT;
    let (before, rest) = readme.split_once(begin).expect("the comment begins");
    let (_, after) = rest.split_once(end).expect("the comment ends");
    is_kept("README.md", &format!("{before}{begin}\n{quoted}\n{end}{after}"));
}
