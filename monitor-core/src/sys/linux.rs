//! Linux: thread and process CPU clocks, `getrusage`, `/proc`.

use std::fs;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use monitor_store::procfs;

pub(crate) use super::posix::{children_usage, kill_group, signal_name, signal_of};
use super::posix::{clock_ns, count, reading};
use super::{Edge, ThreadId, Usage};

/// Which signal tells that a descriptor is ready (fcntl(2)); not in `libc`.
const F_SETSIG: libc::c_int = 10;

/// This thread's kernel number.
pub(crate) fn thread_id() -> Option<ThreadId> {
    // SAFETY: `gettid` takes nothing and cannot fail.
    let number = unsafe { libc::gettid() };
    ThreadId::of(u64::try_from(number).ok()?)
}

/// What the calling thread has consumed.
pub(crate) fn thread_usage(edge: Edge) -> Usage {
    usage(edge, libc::CLOCK_THREAD_CPUTIME_ID, libc::RUSAGE_THREAD)
}

/// What the process has consumed, its ended threads included, its child processes not.
pub(crate) fn process_usage(edge: Edge) -> Usage {
    usage(edge, libc::CLOCK_PROCESS_CPUTIME_ID, libc::RUSAGE_SELF)
}

/// Stands for the set of processors that this thread may run on: equal for equal sets.
pub(crate) fn allowed_processors() -> Option<u64> {
    const LONGS: usize = 128;
    let mut set = [0_u64; LONGS];
    // SAFETY: the pointer and the size are those of `set`, of which any bytes are valid; `cpu_set_t` is but a part of it.
    let result = unsafe { libc::sched_getaffinity(0, size_of_val(&set), set.as_mut_ptr().cast()) };
    (result == 0).then(|| set.iter().fold(0, |hash: u64, long| (hash ^ long).wrapping_mul(0x0100_0000_01b3)))
}

/// A clock that nobody sets, which all processes of the machine share: time since boot, ns.
pub(crate) fn since_boot_ns() -> Option<u64> {
    clock_ns(libc::CLOCK_BOOTTIME)
}

/// CPU time of a living thread of this process, ns; `None` once it has ended.
pub(crate) fn thread_cpu_ns(thread: ThreadId) -> Option<u64> {
    // The kernel's own encoding of "CPU clock of that thread" (CPUCLOCK_PERTHREAD | CPUCLOCK_SCHED), which
    // `pthread_getcpuclockid` builds too; but that one reads the thread's memory, which may be gone.
    let number = libc::pid_t::try_from(thread.number()).ok()?;
    clock_ns((!number << 3) | 0b110)
}

/// Whether a thread of this process runs, or would if a processor were free.
pub(crate) fn is_runnable(thread: ThreadId) -> bool {
    let stat = procfs::read(format!("/proc/self/task/{}/stat", thread.number())).unwrap_or_default();
    // The state follows the name, which may hold spaces and brackets: `pid (name) S ...`.
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('R'))
}

/// What another, living thread of this process has consumed; all `None` once it has ended.
pub(crate) fn thread_usage_of(thread: ThreadId) -> Usage {
    let Some(cpu_ns) = thread_cpu_ns(thread) else { return Usage::default() };
    let folder = format!("/proc/self/task/{}", thread.number());
    let [stat, status, io] =
        ["stat", "status", "io"].map(|name| procfs::read(format!("{folder}/{name}")).unwrap_or_default());
    // Fields count from the one after the name, which may hold spaces and brackets: `pid (name) S ...`.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).and_then(|text| text.parse::<u64>().ok());
    const NANOS_PER_TICK: u64 = 10_000_000;
    Usage {
        cpu_ns: Some(cpu_ns),
        user_ticks_ns: field(14).unwrap_or(0) * NANOS_PER_TICK,
        kernel_ticks_ns: field(15).unwrap_or(0) * NANOS_PER_TICK,
        minor_faults: field(10),
        major_faults: field(12),
        voluntary_switches: number_after(&status, "\nvoluntary_ctxt_switches:"),
        involuntary_switches: number_after(&status, "\nnonvoluntary_ctxt_switches:"),
        read_bytes: number_after(&io, "\nread_bytes:"),
        write_bytes: number_after(&io, "\nwrite_bytes:"),
    }
}

/// Growth of the process's resident memory above what it was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResidentPeak {
    at_start_bytes: u64,
}

impl ResidentPeak {
    /// Resets the peak to what is resident now. `None` where the kernel does not allow it.
    pub(crate) fn reset() -> Option<Self> {
        // Writing 5 resets VmHWM: see proc_pid_clear_refs(5).
        fs::write("/proc/self/clear_refs", "5").ok()?;
        Some(Self { at_start_bytes: resident_bytes("\nVmRSS:")? })
    }

    /// Starts from the peak so far, without a reset: other tests run beside this one.
    pub(crate) fn so_far() -> Option<Self> {
        Some(Self { at_start_bytes: resident_bytes("\nVmHWM:")? })
    }

    /// Most bytes resident since the start.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        resident_bytes("\nVmHWM:")
    }

    /// Bytes by which the peak now lies above the start.
    pub(crate) fn growth_bytes(&self) -> Option<u64> {
        Some(self.peak_bytes()?.saturating_sub(self.at_start_bytes))
    }
}

/// Ties a process group to this process: however this one ends, by SIGKILL too, the group is killed.
///
/// It is a pipe on which nothing is ever sent. We hold the writing end; the group's processes inherit the reading end,
/// and the kernel signals them when the last writer is gone.
#[derive(Debug)]
pub(crate) struct Lifeline {
    reader: PipeReader,
    _writer: PipeWriter,
}

/// Makes the process lead a process group of its own, which does not outlive this process while the result lives.
pub(crate) fn own_group(command: &mut Command) -> io::Result<Lifeline> {
    let (reader, writer) = io::pipe()?;
    let inherited = reader.as_raw_fd();
    command.process_group(0);
    // SAFETY: between `fork` and `exec` only async-signal-safe system calls are made, on a descriptor that the
    // result keeps open in this process.
    unsafe {
        command.pre_exec(move || {
            let group = -libc::getpid();
            let done = libc::fcntl(inherited, libc::F_SETFD, 0) == 0
                && libc::fcntl(inherited, F_SETSIG, libc::SIGKILL) == 0
                && libc::fcntl(inherited, libc::F_SETOWN, group) == 0
                && libc::fcntl(inherited, libc::F_SETFL, libc::O_ASYNC) == 0;
            if done { Ok(()) } else { Err(io::Error::last_os_error()) }
        });
    }
    Ok(Lifeline { reader, _writer: writer })
}

impl Drop for Lifeline {
    /// Lets the group go: it has ended as it should, or was killed.
    fn drop(&mut self) {
        // SAFETY: changes flags of an open descriptor. Both processes share them.
        unsafe {
            libc::fcntl(self.reader.as_raw_fd(), libc::F_SETFL, 0);
        }
    }
}

fn usage(edge: Edge, clock: libc::clockid_t, who: libc::c_int) -> Usage {
    let (usage, rusage) = reading(edge, clock, who);
    // The kernel derives these from read_bytes and write_bytes of /proc/PID/io, in blocks of 512.
    let Some(rusage) = rusage.filter(|_| io_is_accounted()) else { return usage };
    let bytes = |blocks: libc::c_long| Some(count(blocks)? * 512);
    Usage { read_bytes: bytes(rusage.ru_inblock), write_bytes: bytes(rusage.ru_oublock), ..usage }
}

/// Whether the kernel was built to count storage I/O; without, `getrusage` says 0.
fn io_is_accounted() -> bool {
    static ACCOUNTED: once_cell::sync::OnceCell<bool> = once_cell::sync::OnceCell::new();
    *ACCOUNTED.get_or_init(|| fs::metadata("/proc/self/io").is_ok())
}

fn resident_bytes(label: &str) -> Option<u64> {
    Some(number_after(&procfs::read("/proc/self/status")?, label)? * 1024)
}

/// The number behind a label, with the end of the line before it.
fn number_after(text: &str, label: &str) -> Option<u64> {
    text.split_once(label)?.1.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_at_work_is_runnable_and_one_that_waits_is_not() {
        if procfs::read("/proc/self/stat").is_none() {
            println!("skipped: no /proc");
            return;
        }
        let this = || thread_id().expect("a thread has a number");
        assert!(is_runnable(this()));
        let (tell, told) = mpsc::channel();
        let (release, wait) = mpsc::channel::<()>();
        let waiting = thread::spawn(move || {
            tell.send(this()).expect("the number is awaited");
            wait.recv()
        });
        let number = told.recv().expect("the thread tells its number");
        while is_runnable(number) {
            thread::yield_now();
        }
        drop(release);
        assert!(waiting.join().expect("the thread ends").is_err());
        let nobodys = ThreadId::of(u64::MAX).expect("it is not 0");
        assert!(!is_runnable(nobodys));
        assert_eq!(thread_cpu_ns(nobodys), None);
    }
}
