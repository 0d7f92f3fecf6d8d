//! Which cargo or cargo-nextest runs this process, and which variables of the environment are about this run.
//!
//! The nearest one above decides, and not what stands in the environment: a test that runs cargo itself hands down the
//! variables of its own runner.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use monitor_store::location::workspace_root;
use once_cell::sync::OnceCell;

use super::process::{self, Relative};
use super::program::without_hash;

/// How this process was started.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub kind: RunnerKind,
    /// The process whose life is the session's: cargo or cargo-nextest.
    pub leader: Option<Leader>,
    /// When this process began, as `monitor_store::liveness::started` gives it; `None` if unknown.
    pub started: Option<u64>,
    /// The nearest process between the runner and this one that runs the same program: code under test has started it anew.
    pub starter: Option<u32>,
    /// Whether `CARGO_*` and `NEXTEST_*` come from the runner of this process.
    is_told_by_runner: bool,
    /// The first process that does not belong to this run.
    above: Option<u32>,
    /// This process, its runner, and those between them.
    up_to_runner: Vec<u32>,
    /// What the test was started with inside which this run takes place, if it does.
    outer: OnceCell<Vec<String>>,
    /// Reads a variable.
    environment: Environment,
}

/// Where variables are read.
pub(crate) type Environment = fn(&str) -> Option<OsString>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunnerKind {
    Cargo,
    Nextest,
    Direct,
}

impl RunnerKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Nextest => "nextest",
            Self::Direct => "direct",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leader {
    pub pid: u32,
    pub started: u64,
}

/// Variable with the path of a file, whose name ends with the id of the process that measures a test from outside. The test's process
/// makes the file when its first test with the attribute begins, whether the test is recorded or skipped.
pub const MONITORED: &str = "CARGO_MONITOR_OUTSIDE_MONITORED";

/// Variables that `cargo monitor` gives to each run, whatever it was given itself.
const OF_CARGO_MONITOR: [&str; 3] = [MONITORED, "MONITOR_DB", "MONITOR_SESSION"];

/// Variables that describe one run. If a test runs cargo, those that it was given itself are not meant for that run.
const OF_ONE_RUN: [&str; 7] = [
    "MONITOR_DB",
    "MONITOR_SESSION",
    "MONITOR_DESCRIPTION",
    "MONITOR_TAGS",
    "MONITOR_COMPONENT",
    "MONITOR_COMPONENT_PREFIX",
    "MONITOR_SCM_ID",
];

impl Invocation {
    /// Looks at the processes above this one.
    pub(crate) fn find() -> Self {
        Self::find_in(|name| env::var_os(name))
    }

    /// The same, with variables of another `environment` than that of now.
    pub(crate) fn find_in(environment: Environment) -> Self {
        let is_set = |name| environment(name).is_some_and(|value| !value.is_empty());
        let executable = env::current_exe().unwrap_or_default();
        let program = executable.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let starts = |pid| process::arguments(pid).iter().any(|argument| argument.contains(&program));
        let mut up_to_runner = Vec::new();
        let lineage = process::lineage(std::process::id()).inspect(|relative| up_to_runner.push(relative.pid));
        let mut lineage = lineage.peekable();
        let started = lineage.peek().map(|this| this.started);
        let (kind, leader, above) = match Above::of(lineage, &starts) {
            Above::Runner(kind, leader) => {
                let above = leader.parent;
                (kind, Some(Leader { pid: leader.pid, started: leader.started }), above)
            }
            Above::Somebody(pid) => (RunnerKind::Direct, None, Some(pid)),
            // As in a namespace of its own: what is in the environment has to do.
            Above::Nobody if is_set("NEXTEST_RUN_ID") => (RunnerKind::Nextest, None, None),
            Above::Nobody if is_set("CARGO_MANIFEST_DIR") => (RunnerKind::Cargo, None, None),
            Above::Nobody => (RunnerKind::Direct, None, None),
        };
        let is_told_by_runner = kind != RunnerKind::Direct;
        let runner = leader.as_ref().map(|leader| leader.pid);
        let mut above_this = up_to_runner.iter().copied().skip(1).filter(|pid| Some(*pid) != runner);
        let starter = above_this.find(|pid| process::program(*pid).as_ref() == Some(&executable));
        Self {
            kind,
            leader,
            started,
            starter,
            is_told_by_runner,
            above,
            up_to_runner,
            outer: OnceCell::new(),
            environment,
        }
    }

    /// The folder of the package under test: where it is now, rather than where it was compiled. They differ if several
    /// work trees share a target folder, and in an archive of tests.
    pub(crate) fn manifest_dir(&self, compiled_in: &str) -> PathBuf {
        let now = self.runner_variable("CARGO_MANIFEST_DIR").map(PathBuf::from);
        now.filter(|folder| folder.is_absolute()).unwrap_or_else(|| PathBuf::from(compiled_in))
    }

    /// The root of the workspace of the package in `manifest_dir`. cargo-nextest tells it, which spares every process the reading
    /// of manifests.
    pub(crate) fn workspace(&self, manifest_dir: &Path) -> PathBuf {
        let told = self.runner_variable("NEXTEST_WORKSPACE_ROOT").filter(|_| self.kind == RunnerKind::Nextest);
        let told = told.map(PathBuf::from).filter(|root| root.is_absolute() && manifest_dir.starts_with(root));
        told.unwrap_or_else(|| workspace_root(manifest_dir))
    }

    /// A variable that cargo or cargo-nextest sets, if they set it for this process.
    pub(crate) fn runner_variable(&self, name: &str) -> Option<String> {
        let value =
            (self.environment)(name).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty());
        value.filter(|_| self.is_told_by_runner)
    }

    /// A variable of the user's; none if it describes the run around this one.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        let value = (self.environment)(name)?;
        let is_switch = value.eq_ignore_ascii_case("off") || value == "/dev/null";
        let may_be_the_outer_ones = OF_ONE_RUN.contains(&name) && !is_switch;
        (!may_be_the_outer_ones || !self.is_inherited(name, &value)).then_some(value)
    }

    /// Whether the test that this run takes place in was itself started with that value.
    pub(crate) fn is_inherited(&self, name: &str, value: &OsStr) -> bool {
        if OF_CARGO_MONITOR.contains(&name)
            && is_measured_by_one_of(&self.up_to_runner, (self.environment)(MONITORED).as_deref())
        {
            return false;
        }
        let outer = self.outer.get_or_init(|| self.above.map_or_else(Vec::new, environment_of_test_above));
        let value = value.to_string_lossy();
        outer.iter().any(|pair| pair.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) == Some(&*value))
    }
}

/// Whether one of the processes is the one that named the file `mark`, the value of [`MONITORED`], after itself.
fn is_measured_by_one_of(processes: &[u32], mark: Option<&OsStr>) -> bool {
    let measures = mark.and_then(|mark| mark.to_str()?.rsplit_once('-')?.1.parse().ok());
    measures.is_some_and(|measures| processes.contains(&measures))
}

/// What the nearest test binary was started with, from process `pid` upwards; nothing if there is none.
fn environment_of_test_above(pid: u32) -> Vec<String> {
    let is_test = |relative: &Relative| process::program(relative.pid).is_some_and(|program| is_test_binary(&program));
    let test = process::lineage(pid).find(is_test);
    test.map(|test| process::environment(test.pid)).unwrap_or_default()
}

/// Cargo's name for a test binary has a hash, other than that of a program that `cargo run` starts.
fn is_test_binary(program: &Path) -> bool {
    let name = program.file_stem().unwrap_or_default().to_string_lossy();
    name == "rust_out" || without_hash(&name) != name
}

/// Who is above a process.
#[derive(Debug, PartialEq, Eq)]
enum Above {
    Runner(RunnerKind, Relative),
    /// A process that starts programs for other reasons.
    Somebody(u32),
    /// Nobody that could be seen from here.
    Nobody,
}

impl Above {
    /// `starts` says whether the arguments of a process name the program: then it is (a part of) what the user has set as
    /// runner, such as `sudo` or `xvfb-run`, or the test binary that starts itself.
    ///
    /// rustdoc does not count, and ancestors called as this process is do not: rustdoc puts all doc tests of a crate in
    /// one program, which starts itself for each.
    fn of(mut lineage: impl Iterator<Item = Relative>, starts: &dyn Fn(u32) -> bool) -> Self {
        let plain = |relative: &Relative| relative.name.strip_suffix(".exe").unwrap_or(&relative.name).to_owned();
        let Some(this) = lineage.next() else { return Self::Nobody };
        for relative in lineage {
            match plain(&relative).as_str() {
                "cargo" => return Self::Runner(RunnerKind::Cargo, relative),
                "cargo-nextest" => return Self::Runner(RunnerKind::Nextest, relative),
                "rustdoc" => {}
                name if name == plain(&this) || starts(relative.pid) => {}
                _ => return Self::Somebody(relative.pid),
            }
        }
        Self::Nobody
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_runner_is_found_through_whatever_starts_the_program_for_it() {
        // The names of the ancestors; those with a star name the program in their arguments.
        let found = |names: &[&str]| {
            let relative = |(pid, name): (u32, &&str)| Relative {
                pid,
                started: 2,
                name: name.trim_end_matches('*').to_owned(),
                parent: None,
            };
            let starts = |pid: u32| names[pid as usize].ends_with('*');
            match Above::of((0..).zip(names).map(relative), &starts) {
                Above::Runner(kind, leader) => format!("{} {}", kind.as_str(), leader.pid),
                Above::Somebody(pid) => format!("somebody {pid}"),
                Above::Nobody => "nobody".to_owned(),
            }
        };
        assert_eq!(found(&["it", "cargo", "bash"]), "cargo 1");
        assert_eq!(found(&["it", "cargo-nextest", "cargo"]), "nextest 1");
        assert_eq!(found(&["it", "sudo*", "sudo*", "sh*", "cargo.exe", "bash"]), "cargo 4");
        assert_eq!(found(&["it", "cargo", "other", "cargo-nextest"]), "cargo 1");
        assert_eq!(found(&["it", "rustdoc", "cargo.exe"]), "cargo 2");
        assert_eq!(found(&["rust_out", "rust_out", "bash*", "rustdoc", "cargo"]), "cargo 4");
        assert_eq!(found(&["it", "other", "cargo"]), "somebody 1");
        assert_eq!(found(&["it", "sh*", "other", "cargo"]), "somebody 2");
        assert_eq!(found(&["it", "bwrap*"]), "nobody");
        assert_eq!(found(&["cargo"]), "nobody");
        assert_eq!(found(&[]), "nobody");
    }

    #[test]
    fn who_measures_this_process_is_known_by_the_name_of_its_mark() {
        let is_measured = |mark: &str| is_measured_by_one_of(&[7, 5], Some(OsStr::new(mark)));
        assert!(is_measured("/tmp/cargo-monitor-x/monitored-5"));
        assert!(!is_measured("/tmp/cargo-monitor-x/monitored-55"), "whose test has started the run around this one");
        assert!(!is_measured("/tmp/x") && !is_measured("") && !is_measured_by_one_of(&[7], None));
    }

    #[test]
    fn a_test_binary_is_known_by_its_hash() {
        assert!(is_test_binary(Path::new("/t/debug/deps/it-0123456789abcdef")));
        assert!(is_test_binary(Path::new("/tmp/rustdoctestX/rust_out")));
        assert!(!is_test_binary(Path::new("/t/debug/xtask")));
        assert!(!is_test_binary(Path::new("/t/debug/my-program")));
    }
}
