//! This process and its ancestors.

use std::path::PathBuf;

use monitor_store::hash_hex;
use monitor_store::liveness::ThisMachine;
use monitor_store::procfs::{self, Stat};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

/// What tells this process from every other, on this host and elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct ProcessIdentity {
    pub process_h: String,
    pub pid: u32,
    /// As `monitor_store::liveness::started` gives it; 0 if unknown.
    pub started: u64,
    pub host: String,
    pub boot_id: String,
}

/// Asks the system who this process is. `started` is when it began, if that is known.
pub(crate) fn process_identity(started: Option<u64>) -> ProcessIdentity {
    let ThisMachine { host, boot_id } = ThisMachine::now();
    let pid = std::process::id();
    let started = started.or_else(|| self::started(pid)).unwrap_or(0);
    ProcessIdentity { process_h: hash(&host, &boot_id, pid, started), pid, started, host, boot_id }
}

/// The identifier that the process `pid` of this machine uses in its rows.
///
/// Call it while the process runs, or before its parent has waited for it: later the start of the process is unknown, and the
/// identifier is another one.
#[must_use]
pub fn process_h(pid: u32) -> String {
    let ThisMachine { host, boot_id } = ThisMachine::now();
    hash(&host, &boot_id, pid, started(pid).unwrap_or(0))
}

fn started(pid: u32) -> Option<u64> {
    look_up()(pid).map(|process| process.started)
}

fn hash(host: &str, boot_id: &str, pid: u32, started: u64) -> String {
    hash_hex([host, boot_id, &pid.to_string(), &started.to_string()])
}

/// A process, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relative {
    pub pid: u32,
    pub started: u64,
    /// Name of its program; Linux gives at most 15 bytes of it.
    pub name: String,
    pub parent: Option<u32>,
}

/// A process, its parent, the parent's parent and so on; looked up one by one as they are asked for. Ends where a process
/// can't be seen from here.
pub(super) fn lineage(pid: u32) -> impl Iterator<Item = Relative> {
    let look_up = look_up();
    let mut next = Some(pid);
    std::iter::from_fn(move || {
        let relative = look_up(next.take()?)?;
        next = relative.parent;
        Some(relative)
    })
}

/// The program that a process runs, if this one may know.
pub(super) fn program(pid: u32) -> Option<PathBuf> {
    if procfs::is_there() {
        return procfs::program(pid);
    }
    let kind = ProcessRefreshKind::nothing().with_exe(UpdateKind::Always);
    by_sysinfo(pid, kind, |process| process.exe().map(ToOwned::to_owned))?
}

/// The arguments of a process, if this one may know.
pub(super) fn arguments(pid: u32) -> Vec<String> {
    if procfs::is_there() {
        return procfs::arguments(pid);
    }
    let kind = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always);
    by_sysinfo(pid, kind, |process| texts(process.cmd())).unwrap_or_default()
}

/// The environment that a process was started with, `NAME=VALUE`, if this one may know.
pub(super) fn environment(pid: u32) -> Vec<String> {
    if procfs::is_there() {
        return procfs::environment(pid);
    }
    let kind = ProcessRefreshKind::nothing().with_environ(UpdateKind::Always);
    by_sysinfo(pid, kind, |process| texts(process.environ())).unwrap_or_default()
}

fn texts(words: &[std::ffi::OsString]) -> Vec<String> {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// How a process is found here.
fn look_up() -> fn(u32) -> Option<Relative> {
    if procfs::is_there() { relative_by_proc } else { relative_by_sysinfo }
}

fn relative_by_proc(pid: u32) -> Option<Relative> {
    let Stat { name, parent, started, .. } = Stat::of(pid)?;
    Some(Relative { pid, started, name, parent: Some(parent).filter(|parent| *parent > 0) })
}

fn relative_by_sysinfo(pid: u32) -> Option<Relative> {
    by_sysinfo(pid, ProcessRefreshKind::nothing(), |process| Relative {
        pid,
        started: process.start_time(),
        name: process.name().to_string_lossy().into_owned(),
        parent: process.parent().map(Pid::as_u32),
    })
}

fn by_sysinfo<T>(pid: u32, kind: ProcessRefreshKind, read: impl FnOnce(&sysinfo::Process) -> T) -> Option<T> {
    let id = Pid::from_u32(pid);
    let mut system = System::new();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), false, kind);
    system.process(id).map(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_find_the_same_parent() {
        let this = std::process::id();
        let parent = lineage(this).nth(1).expect("a test process has a parent");
        let by_sysinfo = relative_by_sysinfo(this).expect("sysinfo knows this process");
        assert_eq!(by_sysinfo.parent, Some(parent.pid));
        let again = relative_by_sysinfo(parent.pid).expect("sysinfo knows the parent");
        assert_eq!(again.name, parent.name);
    }

    #[test]
    fn an_identity_is_stable_within_a_process() {
        let ProcessIdentity { process_h: identity, pid, started, .. } = process_identity(None);
        assert_eq!(identity, process_identity(Some(started)).process_h);
        assert_eq!(identity, process_h(pid));
    }

    #[test]
    fn a_process_that_nobody_has_waited_for_still_has_its_identity() {
        let mut child = std::process::Command::new("true").spawn().expect("there is a `true`");
        let alive = process_h(child.id());
        while Stat::of(child.id()).is_some_and(|stat| !stat.is_dead()) {
            std::thread::yield_now();
        }
        assert_eq!(process_h(child.id()), alive);
        let _ = child.wait().expect("it ends");
    }
}
