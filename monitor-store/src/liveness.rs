//! Whether a process that wrote to the file still lives, asked from another process.

use std::fs;

use crate::procfs::{self, Stat};
use crate::rows::Process;
use crate::timestamp::Timestamp;

/// Seconds after which a process counts as gone where its life cannot be checked: it ran on another host, or on a system
/// without `/proc`.
pub const UNREACHABLE_PROCESS_LIFETIME_SECONDS: f64 = 24.0 * 3600.0;

/// The machine and boot on which this process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThisMachine {
    /// Host name, empty where the system does not tell it in a file.
    pub host: String,
    /// Boot and process-id namespace, empty where unknown, and the user, if `/proc` shows each only his own processes
    /// (`hidepid`). Whether a process lives can be seen only where all are equal, or by whom sees everybody's.
    pub boot_id: String,
}

impl ThisMachine {
    /// Asks the system, which takes 20 to 40 microseconds.
    #[must_use]
    pub fn now() -> Self {
        let line = |path: &str| procfs::read(path).map_or_else(String::new, |text| text.trim().to_owned());
        let boot = line("/proc/sys/kernel/random/boot_id");
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        Self {
            host: line("/proc/sys/kernel/hostname"),
            boot_id: format!("{boot} {}{}", namespace.display(), only_user()).trim().to_owned(),
        }
    }

    /// Whether `process` has ended.
    pub(crate) fn is_gone(&self, process: &Process, now: Timestamp) -> bool {
        self.has_ended(process, process.pid, process.pid_started, now)
    }

    /// Whether the process that the session of `process` is an invocation of has ended; true if there is none.
    pub(crate) fn is_leader_gone(&self, process: &Process, now: Timestamp) -> bool {
        process.leader_pid.is_none_or(|pid| self.has_ended(process, pid, process.leader_started.unwrap_or(0), now))
    }

    fn has_ended(&self, witness: &Process, pid: u32, pid_started: u64, now: Timestamp) -> bool {
        let same_host = !self.host.is_empty() && self.host == witness.host;
        let boot = |id: &str| id.split_once(' ').map_or_else(|| id.to_owned(), |(boot, _)| boot.to_owned());
        if same_host && self.sees(witness) && procfs::is_there() {
            return started(pid).is_none_or(|found| pid_started != 0 && found != pid_started);
        }
        if same_host && boot(&self.boot_id) != boot(&witness.boot_id) {
            return true;
        }
        now.seconds_since(witness.started_at) > UNREACHABLE_PROCESS_LIFETIME_SECONDS
    }

    /// Whether `/proc` would show the process to this one.
    fn sees(&self, process: &Process) -> bool {
        let rest = process.boot_id.strip_prefix(&self.boot_id);
        rest.is_some_and(|user| user.is_empty() || user.starts_with(ONLY_USER))
    }
}

/// What stands before the user in [`ThisMachine::boot_id`].
const ONLY_USER: &str = " uid:";

/// The user, if the first of all processes, which is root's, cannot be seen.
#[cfg(unix)]
fn only_user() -> String {
    use std::os::unix::fs::MetadataExt as _;

    if fs::metadata("/proc/1/stat").is_ok() {
        return String::new();
    }
    fs::metadata("/proc/self").map_or_else(|_| String::new(), |this| format!("{ONLY_USER}{}", this.uid()))
}

#[cfg(not(unix))]
fn only_user() -> String {
    String::new()
}

/// Start of a process in clock ticks since boot (field 22 of `/proc/<pid>/stat`), which tells it
/// from a later process with the same id. `None` if there is no such process, it is a zombie, or
/// the system has no `/proc`.
#[must_use]
pub fn started(pid: u32) -> Option<u64> {
    Stat::of(pid).filter(|stat| !stat.is_dead()).map(|stat| stat.started)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(here: &ThisMachine, pid: u32, pid_started: u64) -> Process {
        Process {
            process_h: "p".into(),
            session_h: "s".into(),
            env_h: None,
            machine_key: String::new(),
            host: here.host.clone(),
            boot_id: here.boot_id.clone(),
            pid,
            pid_started,
            leader_pid: None,
            leader_started: None,
            scopes: "function".into(),
            started_at: Timestamp::now(),
            clock_offset_us: None,
            clock_cost_ns: None,
            scope_cost_ns: None,
            allocation_cost_ns: None,
        }
    }

    #[test]
    fn the_rule_of_each_distance() {
        let here = ThisMachine { host: "a".into(), boot_id: "boot pid:[1]".into() };
        let now = Timestamp::now();
        let later = now.after_seconds(UNREACHABLE_PROCESS_LIFETIME_SECONDS + 60.0);
        let other = |host: &str, boot_id: &str| ThisMachine { host: host.into(), boot_id: boot_id.into() };
        let known = process(&here, 1, 5);

        assert!(other("a", "next pid:[1]").is_gone(&known, now), "another boot of the same host");
        assert!(!other("b", "boot pid:[1]").is_gone(&known, now), "another host");
        assert!(other("b", "boot pid:[1]").is_gone(&known, later), "another host, a day later");
        assert!(!other("a", "boot pid:[2]").is_gone(&known, now), "another container");
        assert!(other("a", "boot pid:[2]").is_gone(&known, later), "another container, a day later");
        assert!(!other("", "").is_gone(&process(&other("", ""), 1, 0), now), "unknown host");

        // A process that cannot be seen is not one that has ended.
        let mine = other("a", "boot pid:[1] uid:7");
        let hidden = process(&mine, u32::MAX, 5);
        assert!(mine.is_gone(&hidden, now), "one of the same user");
        assert!(here.is_gone(&hidden, now), "one of a user, to root");
        for unseeing in ["boot pid:[1] uid:77", "boot pid:[1] uid:8"] {
            assert!(!other("a", unseeing).is_gone(&hidden, now) && !other("a", unseeing).is_gone(&known, now));
            assert!(other("a", unseeing).is_gone(&hidden, later), "a day later");
        }
    }

    #[test]
    fn this_process_lives_and_its_id_reused_does_not() {
        let here = ThisMachine::now();
        let pid = std::process::id();
        let Some(start) = started(pid) else {
            println!("skipped: no /proc");
            return;
        };
        assert!(!here.is_gone(&process(&here, pid, start), Timestamp::now()));
        assert!(here.is_gone(&process(&here, pid, start + 1), Timestamp::now()));
        assert!(here.is_gone(&process(&here, u32::MAX, start), Timestamp::now()));
    }
}
