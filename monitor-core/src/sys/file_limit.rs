//! A limit to the size of files (`ulimit -f`): whoever writes beyond it gets a signal that ends the program.

/// Does `work`, in which a write beyond the limit is an error and no signal.
#[cfg(unix)]
pub(crate) fn without_its_signal<T>(work: impl FnOnce() -> T) -> T {
    use std::mem::MaybeUninit;
    use std::ptr::{self, from_mut};

    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: writes the limit only.
    let is_known = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, from_mut(&mut limit)) } == 0;
    if !is_known || limit.rlim_cur == libc::RLIM_INFINITY {
        return work();
    }
    let mut signals = MaybeUninit::uninit();
    let mut before = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` makes a set of what it is given; the mask is of this thread only, and is read as far as it was written.
    let is_blocked = unsafe {
        libc::sigemptyset(signals.as_mut_ptr());
        libc::sigaddset(signals.as_mut_ptr(), libc::SIGXFSZ);
        libc::pthread_sigmask(libc::SIG_BLOCK, signals.as_ptr(), before.as_mut_ptr()) == 0
            && libc::sigismember(before.as_ptr(), libc::SIGXFSZ) == 0
    };
    let answer = work();
    if is_blocked {
        let mut pending = MaybeUninit::uninit();
        // SAFETY: all sets were made above, or are by `sigpending`; a signal that is pending does not let `sigwait` wait.
        unsafe {
            if libc::sigpending(pending.as_mut_ptr()) == 0 && libc::sigismember(pending.as_ptr(), libc::SIGXFSZ) == 1 {
                libc::sigwait(signals.as_ptr(), &mut 0);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
        }
    }
    answer
}

/// There is none.
#[cfg(not(unix))]
pub(crate) fn without_its_signal<T>(work: impl FnOnce() -> T) -> T {
    work()
}
