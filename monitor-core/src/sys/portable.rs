//! Every platform: what `sysinfo` and `std` know. CPU time of the whole process in milliseconds, no figures of
//! single threads, resident memory without a peak.
//!
//! To ask allocates: whoever asks counts for no test meanwhile.

use std::io;
use std::process::{Command, ExitStatus};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

pub(crate) use super::unknown::{allowed_processors, is_runnable, thread_cpu_ns, thread_id, thread_usage_of};
use super::{ChildUsage, Edge, Usage};

/// Nothing is known of a single thread.
pub(crate) fn thread_usage(_edge: Edge) -> Usage {
    Usage::default()
}

/// CPU time and storage I/O of the process.
pub(crate) fn process_usage(_edge: Edge) -> Usage {
    with_this_process(ProcessRefreshKind::nothing().with_cpu().with_disk_usage(), |process| {
        let disk = process.disk_usage();
        Usage {
            cpu_ns: Some(process.accumulated_cpu_time().saturating_mul(1_000_000)),
            read_bytes: Some(disk.total_read_bytes),
            write_bytes: Some(disk.total_written_bytes),
            ..Usage::default()
        }
    })
    .unwrap_or_default()
}

/// Not known.
pub(crate) fn since_boot_ns() -> Option<u64> {
    None
}

/// Not known.
pub(crate) fn children_usage() -> Option<ChildUsage> {
    None
}

/// Growth of the process's resident memory between two looks; a peak in between is not seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResidentPeak {
    at_start_bytes: u64,
}

impl ResidentPeak {
    /// `sysinfo` knows no peak, so nothing can be reset.
    pub(crate) fn reset() -> Option<Self> {
        None
    }

    /// Starts from what is resident now.
    pub(crate) fn so_far() -> Option<Self> {
        Some(Self { at_start_bytes: resident_bytes()? })
    }

    /// Not known.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        None
    }

    /// Bytes resident now above the start.
    pub(crate) fn growth_bytes(&self) -> Option<u64> {
        Some(resident_bytes()?.saturating_sub(self.at_start_bytes))
    }
}

/// Has no portable form: a process that is left behind is not killed.
#[derive(Debug)]
pub(crate) struct Lifeline;

/// Has no portable form.
pub(crate) fn own_group(_command: &mut Command) -> io::Result<Lifeline> {
    Ok(Lifeline)
}

/// Has no portable form.
pub(crate) fn signal_of(_status: ExitStatus) -> Option<i32> {
    None
}

/// Has no portable form.
pub(crate) fn kill_group(_leader: u32) {}

/// The number alone.
pub(crate) fn signal_name(signal: i32) -> String {
    format!("signal {signal}")
}

fn resident_bytes() -> Option<u64> {
    with_this_process(ProcessRefreshKind::nothing().with_memory(), sysinfo::Process::memory)
}

fn with_this_process<T>(what: ProcessRefreshKind, read: impl FnOnce(&sysinfo::Process) -> T) -> Option<T> {
    let pid = Pid::from_u32(std::process::id());
    let mut system = System::new();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, what);
    system.process(pid).map(read)
}
