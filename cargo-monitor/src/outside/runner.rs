//! The hidden subcommand that runs one test binary and measures it.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use std::{fs, io};

use anyhow::Context as _;
use monitor_core::outside;
use monitor_store::{Outcome, Timestamp};
use nix::sys::resource::{Resource, UsageWho, getrusage, setrlimit};
use nix::sys::time::TimeValLike as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::chain::Chain;
use super::log::{LOG, Line};
use crate::exit::Exit;

/// Name of the subcommand.
pub(crate) const SUBCOMMAND: &str = "__run-test";

/// The system counts a child's peak from its birth as a copy of this process, and counts pages in batches on each
/// processor: only what is so many bytes above this process's own peak is the child's.
const PEAK_ERROR: u64 = 512 * 1024;

/// Runs `BINARY ARGUMENTS…` as nextest asks, and ends as it ends.
pub(crate) fn run(arguments: &[OsString]) -> anyhow::Result<Exit> {
    let (binary, rest) = arguments.split_first().context("no test binary to run")?;
    let mut command = Chain::command(binary);
    command.args(rest).env_remove(LOG);
    let (Some(log), Some(test)) = (env::var_os(LOG), test_name(rest)) else {
        // Listing tests, and whatever else is no test.
        let name = command.get_program().to_string_lossy().into_owned();
        return Err(command.exec()).with_context(|| format!("cannot run {name}"));
    };
    // Nextest stops a test by a signal to its whole group; this process must outlive it to tell.
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    let has_attribute = Path::new(&log).with_file_name(format!("monitored-{}", std::process::id()));
    command.env(outside::MONITORED, &has_attribute);
    let (start, since_boot_us, clock) = (Timestamp::now(), outside::since_boot_us(), Instant::now());
    let mut child = command.spawn().with_context(|| format!("cannot run {}", binary.to_string_lossy()))?;
    // Of this process when the child was born, or a little more.
    let own_peak = peak_bytes(UsageWho::RUSAGE_SELF);
    let process_h = outside::process_h(child.id());
    let status = wait(&mut child)?;
    if fs::remove_file(&has_attribute).is_ok() {
        // It has recorded itself, or is not to be recorded.
        return Ok(end_like(status));
    }
    let wall_seconds = clock.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    #[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
    let seconds = |time: nix::sys::time::TimeVal| time.num_microseconds() as f64 / 1e6;
    let count = |count: i64| u64::try_from(count).unwrap_or(0);
    let ran = Ran { test: &test, binary: Path::new(binary), process_h, start, since_boot_us, status };
    let line = Line {
        wall_seconds,
        user_seconds: seconds(usage.user_time()),
        kernel_seconds: seconds(usage.system_time()),
        resident_peak_bytes: Some(peak_bytes(UsageWho::RUSAGE_CHILDREN)).filter(|peak| *peak > own_peak + PEAK_ERROR),
        minor_faults: count(usage.minor_page_faults()),
        major_faults: count(usage.major_page_faults()),
        voluntary_switches: count(usage.voluntary_context_switches()),
        involuntary_switches: count(usage.involuntary_context_switches()),
        ..ran.line()
    };
    // A test never fails because it could not be measured.
    if let Err(error) = line.append(Path::new(&log)) {
        crate::output::note(&format!("cannot note what {} cost: {error}", line.test));
    }
    Ok(end_like(status))
}

/// A test without the attribute that ran as a process.
#[derive(Debug)]
pub(crate) struct Ran<'t> {
    /// Its name in the binary.
    pub(crate) test: &'t str,
    /// The binary.
    pub(crate) binary: &'t Path,
    /// The process, as it would identify itself.
    pub(crate) process_h: String,
    /// When it was started.
    pub(crate) start: Timestamp,
    /// The same by the clock since boot, microseconds.
    pub(crate) since_boot_us: Option<i64>,
    /// How it ended.
    pub(crate) status: ExitStatus,
}

impl Ran<'_> {
    /// Appends what callgrind counted of it to the log of a run under nextest.
    pub(crate) fn append(self, instructions: u64, log: &Path) -> io::Result<()> {
        Line { instructions: Some(instructions), ..self.line() }.append(log)
    }

    /// It, before anything was measured.
    fn line(self) -> Line {
        Line {
            test: self.test.to_owned(),
            root: root(self.binary),
            package: variable("CARGO_PKG_NAME"),
            binary: variable("NEXTEST_BINARY_ID"),
            attempt: variable("NEXTEST_ATTEMPT").parse().unwrap_or(1),
            process_h: self.process_h,
            start: self.start,
            since_boot_us: self.since_boot_us,
            wall_seconds: 0.0,
            user_seconds: 0.0,
            kernel_seconds: 0.0,
            resident_peak_bytes: None,
            minor_faults: 0,
            major_faults: 0,
            voluntary_switches: 0,
            involuntary_switches: 0,
            outcome: outcome(self.status),
            instructions: None,
        }
    }
}

/// The test that nextest asks for: `--exact NAME`, or the name before it. None while it lists them.
pub(crate) fn test_name(arguments: &[OsString]) -> Option<String> {
    if arguments.iter().any(|argument| argument == "--list") {
        return None;
    }
    let exact = arguments.iter().position(|argument| argument == "--exact")?;
    let is_name = |name: &&OsString| !name.as_encoded_bytes().starts_with(b"-");
    let before = || exact.checked_sub(1).and_then(|before| arguments.get(before)).filter(is_name);
    let name = arguments.get(exact + 1).filter(is_name).or_else(before)?;
    Some(name.to_string_lossy().into_owned())
}

/// Module path of a binary's root: its name without the hash that cargo puts behind it.
fn root(binary: &Path) -> String {
    let stem = binary.file_stem().unwrap_or_default().to_string_lossy();
    outside::without_hash(&stem).replace('-', "_")
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn wait(child: &mut Child) -> io::Result<ExitStatus> {
    loop {
        match child.wait() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Largest resident set, bytes; 0 if the system does not tell.
fn peak_bytes(who: UsageWho) -> u64 {
    let peak = getrusage(who).map_or(0, |usage| u64::try_from(usage.max_rss()).unwrap_or(0));
    // Kibibytes, but on macOS bytes.
    if env::consts::OS == "macos" { peak } else { peak * 1024 }
}

fn outcome(status: ExitStatus) -> Outcome {
    match status.code() {
        Some(0) => Outcome::Passed,
        Some(_) => Outcome::Failed,
        None => Outcome::Crashed,
    }
}

/// Ends this process by the signal that ended the test, so that nextest tells it as it would without us.
fn end_like(status: ExitStatus) -> Exit {
    if let Some(signal) = status.signal() {
        // The test has left its core file, if it was to leave one.
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
        let _ = signal_hook::low_level::emulate_default_handler(signal);
        if let Ok(signal) = nix::sys::signal::Signal::try_from(signal) {
            // Once for Rust's handler of stack overflows, which then gives way to the system's.
            let _ = nix::sys::signal::raise(signal);
            let _ = nix::sys::signal::raise(signal);
        }
        return Exit::Cargo(u8::try_from(128 + signal).unwrap_or(1));
    }
    Exit::Cargo(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(line: &str) -> Option<String> {
        test_name(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_test_is_told_from_a_list() {
        assert_eq!(name("--exact tests::prime --nocapture"), Some("tests::prime".to_owned()));
        assert_eq!(name("tests::prime --exact"), Some("tests::prime".to_owned()));
        assert_eq!(name("tests::prime --exact --nocapture"), Some("tests::prime".to_owned()));
        assert_eq!(name("--list --format terse"), None);
        assert_eq!(name("--nocapture"), None);
    }

    #[test]
    fn the_root_is_the_binary_without_its_hash() {
        assert_eq!(root(Path::new("/t/deps/primes_demo-0123456789abcdef")), "primes_demo");
        assert_eq!(root(Path::new("/t/deps/with-dash-0123456789abcdef")), "with_dash");
        assert_eq!(root(Path::new("/t/plain")), "plain");
    }
}
