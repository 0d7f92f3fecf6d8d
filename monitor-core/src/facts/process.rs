//! This process and its ancestors.

use std::fs;

use monitor_store::liveness::{self, Here};
use monitor_store::{hash_hex, procfs};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

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

/// Asks the system who this process is.
pub(crate) fn process_identity() -> ProcessIdentity {
    let Here { host, boot_id } = Here::now();
    let pid = std::process::id();
    let started = liveness::started(pid).or_else(|| start_by_sysinfo(pid)).unwrap_or(0);
    ProcessIdentity { process_h: hash(&host, &boot_id, pid, started), pid, started, host, boot_id }
}

/// A process, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relative {
    pub pid: u32,
    pub started: u64,
    pub name: String,
    pub parent: Option<u32>,
}

/// This process, its parent, the parent's parent and so on; looked up one by one as they are asked for.
pub(super) fn lineage() -> impl Iterator<Item = Relative> {
    let look_up = if fs::exists("/proc/self/stat").unwrap_or(false) { by_proc } else { by_sysinfo };
    std::iter::successors(look_up(std::process::id()), move |relative| relative.parent.and_then(look_up))
}

fn by_proc(pid: u32) -> Option<Relative> {
    let stat = procfs::read(format!("/proc/{pid}/stat"))?;
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    let parent = rest.split_ascii_whitespace().nth(1)?.parse().ok();
    let started = liveness::start_in(&stat).unwrap_or(0);
    Some(Relative { pid, started, name: name.to_owned(), parent: parent.filter(|parent| *parent > 0) })
}

fn by_sysinfo(pid: u32) -> Option<Relative> {
    let id = Pid::from_u32(pid);
    let mut system = System::new();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), false, ProcessRefreshKind::nothing());
    let process = system.process(id)?;
    Some(Relative {
        pid,
        started: process.start_time(),
        name: process.name().to_string_lossy().into_owned(),
        parent: process.parent().map(Pid::as_u32),
    })
}

fn start_by_sysinfo(pid: u32) -> Option<u64> {
    by_sysinfo(pid).map(|process| process.started)
}

/// The identity of another process of this machine.
pub(crate) fn process_h(pid: u32, started: u64) -> String {
    let Here { host, boot_id } = Here::now();
    hash(&host, &boot_id, pid, started)
}

fn hash(host: &str, boot_id: &str, pid: u32, started: u64) -> String {
    hash_hex([host, boot_id, &pid.to_string(), &started.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_find_the_same_parent() {
        let parent = lineage().nth(1).expect("a test process has a parent");
        let this = by_sysinfo(std::process::id()).expect("sysinfo knows this process");
        assert_eq!(this.parent, Some(parent.pid));
        let again = by_sysinfo(parent.pid).expect("sysinfo knows the parent");
        assert_eq!(again.name, parent.name);
    }

    #[test]
    fn an_identity_is_stable_within_a_process() {
        let ProcessIdentity { process_h: identity, pid, started, .. } = process_identity();
        assert_eq!(identity, process_identity().process_h);
        assert_eq!(identity, process_h(pid, started));
    }
}
