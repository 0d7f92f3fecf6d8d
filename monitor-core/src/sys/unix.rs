//! Unix without a backend of its own, macOS, FreeBSD and OpenBSD: the CPU clocks and `getrusage` of POSIX.
//!
//! Only the calling thread can be asked, storage I/O is not told in bytes, and the resident peak cannot be reset.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

pub(crate) use super::posix::{children_usage, kill_group, signal_name, signal_of};
use super::posix::{clock_ns, reading, resident_peak_bytes, rusage};
pub(crate) use super::unknown::{allowed_processors, is_runnable, thread_cpu_ns, thread_id, thread_usage_of};
use super::{Edge, Usage};

/// What the calling thread has consumed.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn thread_usage(edge: Edge) -> Usage {
    reading(edge, libc::CLOCK_THREAD_CPUTIME_ID, libc::RUSAGE_THREAD).0
}

/// Not known: a clock tells CPU time, but nobody how much of it is the kernel's.
#[cfg(target_vendor = "apple")]
pub(crate) fn thread_usage(_edge: Edge) -> Usage {
    Usage::default()
}

/// What the process has consumed, its ended threads included, its child processes not.
pub(crate) fn process_usage(edge: Edge) -> Usage {
    reading(edge, libc::CLOCK_PROCESS_CPUTIME_ID, libc::RUSAGE_SELF).0
}

/// A clock that nobody sets, which all processes of the machine share, ns.
pub(crate) fn since_boot_ns() -> Option<u64> {
    clock_ns(libc::CLOCK_MONOTONIC)
}

/// Growth of the process's resident peak. It is told since the process began, and does not show what stays below an earlier peak.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResidentPeak {
    at_start_bytes: u64,
}

impl ResidentPeak {
    /// Starts from the peak so far: it cannot be reset.
    pub(crate) fn reset() -> Option<Self> {
        Self::so_far()
    }

    /// Starts from the peak so far.
    pub(crate) fn so_far() -> Option<Self> {
        Some(Self { at_start_bytes: peak_bytes()? })
    }

    /// Most bytes resident since the process began.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        peak_bytes()
    }

    /// Bytes by which the peak now lies above the start; `None` if it does not: an earlier peak hides this one.
    pub(crate) fn growth_bytes(&self) -> Option<u64> {
        self.peak_bytes()?.checked_sub(self.at_start_bytes).filter(|bytes| *bytes > 0)
    }
}

fn peak_bytes() -> Option<u64> {
    resident_peak_bytes(&rusage(libc::RUSAGE_SELF)?)
}

/// Has no form in POSIX: a group whose process was killed from outside lives on.
#[derive(Debug)]
pub(crate) struct Lifeline;

/// Makes the process lead a process group of its own.
pub(crate) fn own_group(command: &mut Command) -> io::Result<Lifeline> {
    command.process_group(0);
    Ok(Lifeline)
}
