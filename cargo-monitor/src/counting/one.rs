//! One test under callgrind.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use monitor_analysis::callgrind::{Dump, FunctionCost, folded, most};
use monitor_core::outside::{self, COUNTS};
use monitor_store::{Cost, CountFlags, StoreError, Writer, hash_hex};

use super::inlined::inlined;
use super::names::{INLINED, KEEP, kept};
use super::valgrind::{self, Counts, Valgrind};
use crate::output;

/// Functions that make up so much of a test are kept.
const SHARE: f64 = 0.99;

/// What came of it.
pub(super) struct Counted {
    /// The process, as it would identify itself.
    pub(super) process_h: String,
    pub(super) status: ExitStatus,
    /// What the harness printed.
    pub(super) output: String,
    pub(super) wall: Duration,
    /// Instructions of the body; `None` if callgrind wrote none.
    pub(super) instructions: Option<u64>,
}

/// Runs the test of this name, which records itself, and adds what its functions cost.
pub(super) fn count(binary: &OsStr, test: &str, folder: &Path) -> anyhow::Result<Counted> {
    // Of one length: the test's process has it in its memory.
    let file = folder.join(format!("counts-{:010}", std::process::id()));
    let counts = if env::var_os(KEEP).is_some() { Counts::ByAddress } else { Counts::ByLine };
    let mut command = Valgrind::callgrind(&file, binary, test, counts);
    let (process_h, finished, wall) = run(command.env(COUNTS, &file))?;
    let mut said = String::from_utf8_lossy(&finished.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&finished.stderr));
    said.push_str(&fs::read_to_string(valgrind::log(&file)).unwrap_or_default());
    let text = body(&file);
    let has_ended = text.is_some();
    // Callgrind's last file, if the body did not end, has the costs up to there.
    let text = text.or_else(|| fs::read_to_string(&file).ok());
    let dump = text.map(|text| Dump::parse(&text)).filter(|dump| dump.total > 0);
    let instructions = dump.as_ref().map(|dump| dump.total);
    let flags = match finished.status.code() {
        _ if has_ended => None,
        None => Some(CountFlags::ABORT),
        Some(_) if dump.is_some() => Some(CountFlags::EXIT),
        // Another program took the place of the test's.
        Some(_) => Some(CountFlags::EXEC),
    };
    if let Some(flags) = flags
        && let Err(error) = write(|writer, session_h| writer.add_count(session_h, &process_h, instructions, flags))
    {
        output::note(&format!("warning: how {test} ended is not kept: {error:#}"));
    }
    if let Some(dump) = dump
        && let Err(error) = keep(most(&folded(&dump), SHARE), &process_h)
    {
        output::note(&format!("warning: what the functions of {test} cost is not kept: {error:#}"));
    }
    if let Some(folder_of_kept) = env::var_os(KEEP) {
        let kept = kept(Path::new(&folder_of_kept), &process_h);
        let _ = kept.parent().map(fs::create_dir_all);
        let _ = fs::copy(numbered(&file), &kept);
        if let Err(error) = body(&file).map_or(Ok(()), |dump| keep_inlined(&dump, binary, &kept)) {
            output::note(&format!("warning: what is inlined in {test} is not known: {error:#}"));
        }
        heap(binary, test, &kept.with_extension("dhat"));
    }
    clean(folder, &file);
    Ok(Counted { process_h, status: finished.status, output: said, wall, instructions })
}

/// Runs a test that does not record itself, and counts its process from the first instruction to the last.
pub(super) fn count_whole(binary: &OsStr, test: &str, folder: &Path) -> anyhow::Result<Counted> {
    let file = folder.join(format!("counts-{:010}", std::process::id()));
    let mut command = Valgrind::callgrind(&file, binary, test, Counts::Everything);
    let (process_h, finished, wall) = run(command.env("MONITOR", "off"))?;
    let text = fs::read_to_string(&file).unwrap_or_default();
    let instructions = Some(Dump::parse(&text).total).filter(|total| *total > 0);
    clean(folder, &file);
    let output = String::from_utf8_lossy(&finished.stderr).into_owned();
    Ok(Counted { process_h, status: finished.status, output, wall, instructions })
}

/// The process of the test, what it said and how it ended, and how long that took.
fn run(command: &mut Command) -> anyhow::Result<(String, Output, Duration)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let clock = Instant::now();
    let child = command.spawn().context("cannot run valgrind")?;
    let process_h = outside::process_h(child.id());
    let finished = child.wait_with_output().context("cannot wait for valgrind")?;
    Ok((process_h, finished, clock.elapsed()))
}

/// Writes beside the kept dump which functions are inlined where.
fn keep_inlined(dump: &str, binary: &OsStr, kept: &Path) -> anyhow::Result<()> {
    let text = inlined(dump, Path::new(binary))?.text();
    fs::write(kept.with_extension(INLINED), text).context("cannot write it")
}

/// Runs the test once more, with nothing recorded, to learn who asks for memory. Nothing depends on it.
fn heap(binary: &OsStr, test: &str, file: &Path) {
    let mut command = Valgrind::dhat(file, binary, test);
    let _ = command.env("MONITOR", "off").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let _ = fs::remove_file(valgrind::log(file));
}

/// The first dump that has costs: the body's.
fn body(file: &Path) -> Option<String> {
    fs::read_to_string(numbered(file)).ok()
}

fn numbered(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.1", file.display()))
}

/// Writes what the functions cost into the file in which the test has recorded itself.
fn keep(functions: &[FunctionCost], process_h: &str) -> anyhow::Result<()> {
    let costs: Vec<Cost> = functions
        .iter()
        .map(|function| Cost {
            name: function.name.clone(),
            line: function.line,
            file: function.file.clone(),
            package: function.package.clone(),
            own: function.own,
            inclusive: function.inclusive,
            calls: function.calls,
        })
        .collect();
    write(|writer, session_h| writer.add_costs(session_h, process_h, &costs))
}

/// Writes to the file in which the test has recorded itself, as of its session.
fn write(what: impl FnOnce(&mut Writer, &str) -> Result<(), StoreError>) -> anyhow::Result<()> {
    let (Some(file), Some(session)) = (env::var_os("MONITOR_DB"), env::var("MONITOR_SESSION").ok()) else {
        return Ok(());
    };
    let mut writer = Writer::open(Path::new(&file))?;
    what(&mut writer, &hash_hex(["session", session.as_str()]))?;
    writer.close(true)?;
    Ok(())
}

/// Removes what callgrind has written, and the files of children that the test made by `fork`.
fn clean(folder: &Path, file: &Path) {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&name) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
