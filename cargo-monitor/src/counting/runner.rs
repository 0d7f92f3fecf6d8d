//! What stands in for the test binary, where a test runner starts it.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use monitor_core::outside::{COUNTS_BY, LIST, MONITORED, UNKNOWN_TO_VALGRIND, since_boot_us};
use monitor_store::{Timestamp, hash_hex};

use super::names::{self, FOLDER, ONLY};
use super::one::{self, Counted};
use super::valgrind::unknown_to_valgrind;
use crate::exit::Exit;
use crate::output;
use crate::outside::{self, Chain, Ran, test_name};

/// Name of the subcommand.
pub(crate) const SUBCOMMAND: &str = "__count-tests";

/// Runs `BINARY ARGUMENTS…` as cargo asks, then each of its monitored tests under callgrind.
pub(crate) fn run(arguments: &[OsString]) -> anyhow::Result<Exit> {
    let (binary, rest) = arguments.split_first().context("no test binary to run")?;
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else {
        return Err(command(binary, rest).exec()).with_context(|| format!("cannot run {}", binary.display()));
    };
    let list = folder.join(format!("tests-{}", std::process::id()));
    let clock = Instant::now();
    // It is there if the test has the attribute, though it is told to skip.
    let mark = folder.join(format!("monitored-{}", std::process::id()));
    let status = command(binary, rest).env(LIST, &list).env(MONITORED, &mark).env("MONITOR", "off").status();
    let status = status.with_context(|| format!("cannot run {}", binary.display()))?;
    let uncounted = clock.elapsed();
    let tests = monitored(&list, env::var(ONLY).ok().as_deref())?;
    if tests.is_empty()
        && !mark.exists()
        && status.success()
        && let Some(test) = test_name(rest)
    {
        names::say(&folder, &whole(binary, &test, &folder)?);
    }
    let mut failed = false;
    let clock = Instant::now();
    for test in &tests {
        let counted = one::count(binary, test, &folder)?;
        failed |= !counted.status.success();
        tell(test, &counted);
    }
    if !tests.is_empty() {
        tell_slowdown(binary, tests.len(), clock.elapsed(), uncounted);
    }
    match status.code() {
        Some(0) if failed => Ok(Exit::Error),
        Some(code) => Ok(Exit::Cargo(u8::try_from(code).unwrap_or(1))),
        None => Ok(Exit::Error),
    }
}

/// Counts a test that has not told that it has the attribute, as nextest runs it: in a process of its own. What is to be told.
fn whole(binary: &OsStr, test: &str, folder: &Path) -> anyhow::Result<String> {
    let (start, since_boot_us) = (Timestamp::now(), since_boot_us());
    let counted = one::count_whole(binary, test, folder)?;
    let (Some(instructions), true) = (counted.instructions, counted.status.success()) else {
        return Ok(format!("{test}: not counted, it failed under callgrind ({})", counted.status));
    };
    let (status, process_h) = (counted.status, counted.process_h);
    let ran = Ran { test, binary: Path::new(binary), process_h, start, since_boot_us, status };
    ran.append(instructions, &outside::log(folder)).context("cannot note what a test cost")?;
    Ok(format!("{test}: {instructions} instructions of the whole process, since it has no #[monitored]"))
}

/// The binary as it runs without us.
fn command(binary: &OsStr, arguments: &[OsString]) -> std::process::Command {
    let mut command = Chain::command(binary);
    command.args(arguments).env_remove(FOLDER).env_remove(COUNTS_BY);
    command
}

/// The tests that have told that they have the attribute, by the harness's names: those of this variant, if there are some.
fn monitored(list: &Path, only: Option<&str>) -> anyhow::Result<BTreeSet<String>> {
    let text = match fs::read_to_string(list) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        text => text.context("cannot read which tests are monitored")?,
    };
    if let Some(features) = text.lines().find_map(|line| line.strip_prefix(UNKNOWN_TO_VALGRIND)) {
        return Err(unknown_to_valgrind(features));
    }
    let told = || text.lines().map(|line| line.split_once('\t').unwrap_or((line, "")));
    let wanted = only.map(|variant| hash_hex([variant]));
    let of_variant = told().filter(|(_, variant)| wanted.as_deref() == Some(*variant));
    let chosen: BTreeSet<String> = of_variant.map(|(test, _)| test.to_owned()).collect();
    Ok(if chosen.is_empty() { told().map(|(test, _)| test.to_owned()).collect() } else { chosen })
}

fn tell(test: &str, counted: &Counted) {
    let seconds = counted.wall.as_secs_f64();
    match (counted.instructions, counted.status.success()) {
        (Some(count), true) => output::note(&format!("{test}: {count} instructions ({seconds:.2} s)")),
        (_, true) => output::note(&format!(
            "{test}: not counted, callgrind has written nothing: did another program take its place?"
        )),
        (_, false) => {
            output::note(&format!("{test}: FAILED under callgrind ({})", counted.status));
            output::note(&counted.output.trim_end());
        }
    }
}

fn tell_slowdown(binary: &OsStr, tests: usize, counted: Duration, uncounted: Duration) {
    let name = Path::new(binary).file_name().unwrap_or_default().to_string_lossy();
    let (counted, uncounted) = (counted.as_secs_f64(), uncounted.as_secs_f64());
    output::note(&format!(
        "{name}: {tests} tests counted in {counted:.1} s, {:.0} times what the binary takes without ({uncounted:.2} s)",
        counted / uncounted.max(1e-3)
    ));
}
