//! The file and what lies beside it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use monitor_analysis::quantity::{Quantity, Unit};
use monitor_store::{Monitor, SessionDetails, Sessions, StoreError, location};

use super::finding::Finding;

/// A write-ahead log larger than this is not being folded back.
const LARGE_LOG_BYTES: u64 = 16 << 20;

/// So many sessions must agree in what they ran on, and are read.
const RECENT: u64 = 20;

pub(super) fn check(file: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let monitor = match Monitor::open(file) {
        Ok(monitor) => Some(monitor),
        Err(error @ StoreError::Missing { .. }) => {
            findings.push(Finding::doubtful("file", error.to_string(), "run `cargo monitor test`"));
            None
        }
        Err(error) => {
            findings.push(Finding::wrong("file", error.to_string(), "see the message"));
            None
        }
    };
    if let Some(monitor) = &monitor {
        findings.extend(contents(file, monitor));
    }
    drop(monitor);
    findings.push(filesystem(file));
    findings.extend(log(file));
    findings.push(spool(file));
    findings
}

fn contents(file: &Path, monitor: &Monitor) -> Vec<Finding> {
    let recent = monitor.session_details(&Sessions::all().newest(RECENT));
    let sessions = monitor.count_sessions(&Sessions::all());
    let (recent, sessions) = match (recent, sessions) {
        (Ok(recent), Ok(sessions)) => (recent, sessions),
        (Err(error), _) | (_, Err(error)) => return vec![Finding::wrong("file", error.to_string(), "see the message")],
    };
    let size = fs::metadata(file).map_or(0, |file| file.len());
    let plural = if sessions == 1 { "" } else { "s" };
    let found = format!("{}, {sessions} session{plural}, {}", file.display(), size_text(size));
    let mut findings = vec![Finding::fine("file", found)];
    findings.extend(rows(monitor, &recent));
    let distinct = |of: fn(&monitor_store::ContextClass) -> &str| -> BTreeSet<&str> {
        recent.iter().filter_map(|details| details.class.as_ref()).map(of).collect()
    };
    let profiles = distinct(|class| &class.profile);
    if profiles.len() > 1 {
        let found = format!("the last {} sessions were built as {}", recent.len(), list(&profiles));
        findings.push(Finding::doubtful(
            "profiles",
            found,
            "compare sessions of one profile; others are never compared",
        ));
    }
    let classes = distinct(|class| &class.class_h);
    if classes.len() > 1 && profiles.len() == 1 {
        let found = format!("the last {} sessions ran on {} classes of machines", recent.len(), classes.len());
        findings.push(Finding::doubtful(
            "machines",
            found,
            "compare within a class; `sessions --format json` names it",
        ));
    }
    findings
}

/// What no answer about the last sessions has.
fn rows(monitor: &Monitor, recent: &[SessionDetails]) -> Option<Finding> {
    for details in recent {
        if let Err(error) = monitor.tests(&details.session.session_h) {
            return Some(Finding::wrong("rows", error.to_string(), "see the message"));
        }
    }
    let left_out = monitor.left_out();
    (left_out.count() > 0).then(|| Finding::doubtful("rows", left_out.to_string(), left_out.remedy()))
}

fn filesystem(file: &Path) -> Finding {
    if location::is_on_network(file) {
        let remedy = "set MONITOR_DB to a local path, and copy or merge the file afterwards";
        return Finding::doubtful(
            "file system",
            "the file lies on a network: slow, and without write-ahead log",
            remedy,
        );
    }
    Finding::fine("file system", "local")
}

fn log(file: &Path) -> Option<Finding> {
    let mut log = OsString::from(file);
    log.push("-wal");
    let size = fs::metadata(&log).ok()?.len();
    (size > LARGE_LOG_BYTES).then(|| {
        let found = format!("{} has {}: a program keeps the file open", log.to_string_lossy(), size_text(size));
        Finding::doubtful("write-ahead log", found, "end that program; the next one that closes the file folds it in")
    })
}

/// The spool files that are left after the file was opened, which imports what it can.
pub(crate) fn waiting(file: &Path) -> Vec<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = format!("{}.spool-", file.file_name().unwrap_or_default().to_string_lossy());
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(&prefix))
        .collect()
}

fn spool(file: &Path) -> Finding {
    let waiting = waiting(file);
    if waiting.is_empty() {
        return Finding::fine("spool files", "none");
    }
    let found = format!("rows wait in {}", waiting.join(", "));
    Finding::doubtful(
        "spool files",
        found,
        "if no test runs now, make the file writable (if it is of a newer version: update cargo monitor) and run `cargo monitor sessions`, which \
         imports them",
    )
}

#[expect(clippy::cast_precision_loss, reason = "exact below 8 PiB")]
fn size_text(bytes: u64) -> String {
    Quantity { value: bytes as f64, unit: Unit::Bytes }.to_string()
}

fn list(words: &BTreeSet<&str>) -> String {
    words.iter().copied().collect::<Vec<_>>().join(" and ")
}
