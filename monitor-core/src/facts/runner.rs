//! How the tests of this process are run, and the session that follows from it.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use monitor_store::hash_hex;

use super::binary::binary_id;
use super::invocation::{Invocation, Leader, RunnerKind};
use super::process::ProcessIdentity;
use crate::config::Config;
use crate::item::Item;

/// What follows from who runs this process.
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
    /// Whether the runner may run other processes of tests at the same time.
    pub runs_beside_others: bool,
    /// Whether the write-ahead log goes back into the file when the process ends.
    pub folds_wal: bool,
}

/// Finds out, for `item` and its like in the process that `identity` is of.
pub(crate) fn runner(config: &Config, invocation: &Invocation, item: &Item, identity: &ProcessIdentity) -> Runner {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let executable = env::current_exe().unwrap_or_default();
    let kind = invocation.kind;
    let of_nextest = |name: &str| invocation.runner_variable(name).filter(|_| kind == RunnerKind::Nextest);
    let threads = env::var("RUST_TEST_THREADS").ok();
    Runner {
        kind,
        session_h: session_h(config, invocation, identity),
        leader: invocation.leader.clone(),
        attempt: of_nextest("NEXTEST_ATTEMPT").and_then(|attempt| attempt.parse().ok()).unwrap_or(1),
        binary: of_nextest("NEXTEST_BINARY_ID").unwrap_or_else(|| binary_id(&executable, item)),
        lists_only: arguments.iter().any(|argument| argument == "--list"),
        single_test: kind == RunnerKind::Nextest || one_thread(&arguments, threads.as_deref()),
        runs_beside_others: kind == RunnerKind::Nextest && of_nextest("NEXTEST_TEST_THREADS").as_deref() != Some("1"),
        folds_wal: kind != RunnerKind::Nextest,
    }
}

fn session_h(config: &Config, invocation: &Invocation, identity: &ProcessIdentity) -> String {
    told_session(config, invocation).unwrap_or_else(|| match &invocation.leader {
        Some(Leader { pid, started }) => {
            hash_hex(["cargo", &identity.boot_id, &identity.host, &pid.to_string(), &started.to_string()])
        }
        None => hash_hex(["process", &identity.process_h]),
    })
}

/// The session that the user or cargo-nextest names.
fn told_session(config: &Config, invocation: &Invocation) -> Option<String> {
    let run = || invocation.runner_variable("NEXTEST_RUN_ID").filter(|_| invocation.kind == RunnerKind::Nextest);
    match &config.session {
        Some(name) => Some(hash_hex(["session", name])),
        None => run().map(|run| hash_hex(["nextest", &run])),
    }
}

/// Where the rows of a nextest run go, and its session, for a process in which no test with the attribute ran.
pub(crate) fn place(invocation: &Invocation) -> Option<(PathBuf, String)> {
    let manifest_dir = invocation.manifest_dir("");
    let (config, _) = Config::from_variables(&|name| invocation.variable(name), invocation.workspace(&manifest_dir));
    let session_h = told_session(&config, invocation)?;
    Some((config.database?, session_h))
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
}
