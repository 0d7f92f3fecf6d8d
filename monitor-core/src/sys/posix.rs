//! What POSIX tells, for the backends of Unix: CPU clocks, `getrusage`, signals.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use super::{ChildUsage, Edge, Usage};

/// What `clock` and `getrusage` of `who` say: CPU time, page faults, switches. Storage I/O is not among it, which only some systems
/// tell in bytes; for these there is the answer of `getrusage` beside it.
pub(super) fn reading(edge: Edge, clock: libc::clockid_t, who: libc::c_int) -> (Usage, Option<libc::rusage>) {
    let (cpu_ns, rusage) = match edge {
        Edge::Begin => {
            let rusage = rusage(who);
            (clock_ns(clock), rusage)
        }
        Edge::End => (clock_ns(clock), rusage(who)),
    };
    let Some(told) = &rusage else { return (Usage { cpu_ns, ..Usage::default() }, None) };
    let usage = Usage {
        cpu_ns,
        user_ticks_ns: nanos_of(told.ru_utime),
        kernel_ticks_ns: nanos_of(told.ru_stime),
        minor_faults: count(told.ru_minflt),
        major_faults: count(told.ru_majflt),
        voluntary_switches: count(told.ru_nvcsw),
        involuntary_switches: count(told.ru_nivcsw),
        ..Usage::default()
    };
    (usage, rusage)
}

/// What child processes consumed that ended and were waited for.
pub(crate) fn children_usage() -> Option<ChildUsage> {
    let rusage = rusage(libc::RUSAGE_CHILDREN)?;
    Some(ChildUsage {
        user_ns: nanos_of(rusage.ru_utime),
        kernel_ns: nanos_of(rusage.ru_stime),
        minor_faults: count(rusage.ru_minflt)?,
        largest_peak_bytes: resident_peak_bytes(&rusage)?,
    })
}

/// The largest resident memory so far, bytes. Apple's systems tell it in bytes, all others in KiB.
pub(super) fn resident_peak_bytes(rusage: &libc::rusage) -> Option<u64> {
    const UNIT_BYTES: u64 = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    Some(count(rusage.ru_maxrss)? * UNIT_BYTES)
}

/// The signal that ended a process.
pub(crate) fn signal_of(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// Kills every process of the group that `leader` leads.
pub(crate) fn kill_group(leader: u32) {
    let Ok(leader) = libc::pid_t::try_from(leader) else { return };
    if leader > 1 {
        // SAFETY: signals the processes of one group, which we made; if it is gone already, nothing happens.
        unsafe {
            libc::kill(-leader, libc::SIGKILL);
        }
    }
}

/// `SIGKILL` for 9.
pub(crate) fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGHUP => "SIGHUP",
        libc::SIGILL => "SIGILL",
        libc::SIGINT => "SIGINT",
        libc::SIGKILL => "SIGKILL",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGSYS => "SIGSYS",
        libc::SIGTERM => "SIGTERM",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGXCPU => "SIGXCPU",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

/// A number that is never negative.
pub(super) fn count(value: libc::c_long) -> Option<u64> {
    u64::try_from(value).ok()
}

/// What a clock says, ns; `None` if there is none such.
pub(super) fn clock_ns(clock: libc::clockid_t) -> Option<u64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the answer; an unknown clock is an error code.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return None;
    }
    Some(u64::try_from(time.tv_sec).ok()? * 1_000_000_000 + u64::try_from(time.tv_nsec).ok()?)
}

/// What `getrusage` says of `who`.
pub(super) fn rusage(who: libc::c_int) -> Option<libc::rusage> {
    let mut rusage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the place is large enough, and all zeroes is a valid `rusage` whatever the call writes.
    unsafe { (libc::getrusage(who, rusage.as_mut_ptr()) == 0).then(|| rusage.assume_init()) }
}

fn nanos_of(time: libc::timeval) -> u64 {
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_usec).unwrap_or(0) * 1_000
}
