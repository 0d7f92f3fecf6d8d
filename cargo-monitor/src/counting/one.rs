//! One test under callgrind.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use monitor_analysis::callgrind::{Dump, FunctionCost, folded, most};
use monitor_core::outside::{self, COUNTS};
use monitor_store::{Cost, Writer, hash_hex};

use super::names::{KEEP, kept};
use super::valgrind::{self, Valgrind};
use crate::output;

/// Functions that make up so much of a test are kept.
const SHARE: f64 = 0.99;

/// What came of it.
pub(super) struct Counted {
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
    let mut command = Valgrind::callgrind(&file, binary, false);
    command.args([test, "--exact", "--test-threads=1", "--include-ignored"]);
    command.env(COUNTS, &file).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let clock = Instant::now();
    let child = command.spawn().context("cannot run valgrind")?;
    let process_h = outside::process_h(child.id());
    let finished = child.wait_with_output().context("cannot wait for valgrind")?;
    let wall = clock.elapsed();
    let mut said = String::from_utf8_lossy(&finished.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&finished.stderr));
    said.push_str(&fs::read_to_string(valgrind::log(&file)).unwrap_or_default());
    let dump = body(&file).map(|text| Dump::parse(&text));
    let instructions = dump.as_ref().map(|dump| dump.total);
    if let Some(dump) = dump
        && let Err(error) = keep(most(&folded(&dump), SHARE), &process_h)
    {
        output::note(&format!("warning: what the functions of {test} cost is not kept: {error:#}"));
    }
    if let Some(folder_of_kept) = env::var_os(KEEP) {
        let kept = kept(Path::new(&folder_of_kept), &process_h);
        let _ = kept.parent().map(fs::create_dir_all);
        let _ = fs::copy(numbered(&file), &kept);
        heap(binary, test, &kept.with_extension("dhat"));
    }
    clean(folder, &file);
    Ok(Counted { status: finished.status, output: said, wall, instructions })
}

/// Runs the test once more, with nothing recorded, to learn who asks for memory. Nothing depends on it.
fn heap(binary: &OsStr, test: &str, file: &Path) {
    let mut command = Valgrind::dhat(file, binary);
    command.args([test, "--exact", "--test-threads=1", "--include-ignored"]).env("MONITOR", "off");
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
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
    let (Some(file), Some(session)) = (env::var_os("MONITOR_DB"), env::var("MONITOR_SESSION").ok()) else {
        return Ok(());
    };
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
    let mut writer = Writer::open(Path::new(&file))?;
    writer.add_costs(&hash_hex(["session", session.as_str()]), process_h, &costs)?;
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
