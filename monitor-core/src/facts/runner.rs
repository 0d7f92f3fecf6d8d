//! Who runs the tests of this process: cargo, cargo-nextest, or somebody by hand.

use std::env;
use std::ffi::OsString;

use monitor_store::hash_hex;

use super::binary::binary_id;
use super::process::{self, ProcessIdentity, Relative};
use crate::__private::Item;
use crate::config::Config;

/// How this process was started, and the session that follows from it.
#[derive(Debug)]
pub(crate) struct Runner {
    pub kind: RunnerKind,
    pub session_h: String,
    /// The process whose life is the session's: cargo or cargo-nextest.
    pub leader: Option<Leader>,
    /// 1, or more for nextest's retries.
    pub attempt: u32,
    /// Which test binary this is, named as nextest does.
    pub binary: String,
    /// The runner only wants to know which tests there are.
    pub lists_only: bool,
    /// The process runs its tests one after another.
    pub single_test: bool,
    /// Whether the write-ahead log goes back into the file when the process ends.
    pub folds_wal: bool,
}

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

/// Finds out, for `item` and its like in the process that `identity` is of.
pub(crate) fn runner(config: &Config, item: &Item, identity: &ProcessIdentity) -> Runner {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let executable = env::current_exe().unwrap_or_default();
    let nextest = variable("NEXTEST_RUN_ID");
    let leader_name = if nextest.is_some() { "cargo-nextest" } else { "cargo" };
    let leader = leader_among(process::lineage(), leader_name);
    let kind = match (&nextest, &leader) {
        (Some(_), _) => RunnerKind::Nextest,
        (None, Some(_)) => RunnerKind::Cargo,
        (None, None) => RunnerKind::Direct,
    };
    let session_h = match (&config.session, nextest, &leader) {
        (Some(name), ..) => hash_hex(["session", name]),
        (None, Some(run), _) => hash_hex(["nextest", &run]),
        (None, None, Some(cargo)) => {
            hash_hex(["cargo", &identity.boot_id, &identity.host, &cargo.pid.to_string(), &cargo.started.to_string()])
        }
        (None, None, None) => hash_hex(["process", &identity.process_h]),
    };
    Runner {
        kind,
        session_h,
        leader: leader.map(|leader| Leader { pid: leader.pid, started: leader.started }),
        attempt: variable("NEXTEST_ATTEMPT").and_then(|attempt| attempt.parse().ok()).unwrap_or(1),
        binary: variable("NEXTEST_BINARY_ID").unwrap_or_else(|| binary_id(&executable, item)),
        lists_only: arguments.iter().any(|argument| argument == "--list"),
        single_test: kind == RunnerKind::Nextest || one_thread(&arguments, variable("RUST_TEST_THREADS").as_deref()),
        folds_wal: kind != RunnerKind::Nextest,
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The process called `name`, if it is the parent or the parent's parent (a runner around the test binary).
///
/// rustdoc does not count, and ancestors called as this process is do not: rustdoc puts all doc tests of a crate in one
/// program, which starts itself for each.
fn leader_among(mut lineage: impl Iterator<Item = Relative>, name: &str) -> Option<Relative> {
    let plain = |relative: &Relative| relative.name.strip_suffix(".exe").unwrap_or(&relative.name).to_owned();
    let this = plain(&lineage.next()?);
    let mut above = lineage.filter(|ancestor| ![this.as_str(), "rustdoc"].contains(&plain(ancestor).as_str())).take(2);
    above.find(|ancestor| plain(ancestor) == name)
}

/// Whether libtest runs one test at a time: the last flag counts, before the variable.
fn one_thread(arguments: &[OsString], variable: Option<&str>) -> bool {
    let mut threads = variable.map(str::to_owned);
    let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
    while let Some(argument) = arguments.next() {
        if argument == "--test-threads" {
            threads = arguments.next().map(|value| value.into_owned());
        } else if let Some(value) = argument.strip_prefix("--test-threads=") {
            threads = Some(value.to_owned());
        }
    }
    threads.as_deref().map(str::trim) == Some("1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_is_seen_in_every_spelling() {
        let cases: [(&[&str], Option<&str>, bool); 8] = [
            (&[], None, false),
            (&["--test-threads=1"], None, true),
            (&["--test-threads", "1"], None, true),
            (&["name", "--nocapture"], Some("1"), true),
            (&["--test-threads=4"], Some("1"), false),
            (&["--test-threads=4", "--test-threads", "1"], None, true),
            (&["--test-threads"], None, false),
            (&[], Some("8"), false),
        ];
        for (arguments, variable, expected) in cases {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert_eq!(one_thread(&arguments, variable), expected, "{arguments:?} {variable:?}");
        }
    }

    #[test]
    fn cargo_is_looked_for_two_levels_up() {
        let relative = |name: &&str| Relative { pid: 1, started: 2, name: (*name).to_owned(), parent: None };
        let found = |names: &[&str]| leader_among(names.iter().map(relative), "cargo").is_some();
        assert!(found(&["it", "cargo", "bash"]));
        assert!(found(&["it", "rustdoc", "cargo.exe"]));
        assert!(found(&["rust_out", "rust_out", "rustdoc", "cargo"]));
        assert!(found(&["rust_out", "rust_out", "bash", "rustdoc", "cargo"]));
        assert!(!found(&["it", "bash", "make", "cargo"]));
        assert!(!found(&["it", "cargo-nextest"]));
        assert!(!found(&["cargo"]));
    }
}
