//! Children that this process makes by `fork`.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

static FORKS: AtomicU32 = AtomicU32::new(0);
static IS_CHILD: AtomicBool = AtomicBool::new(false);

/// How many were made since [`watch_forks`].
pub(crate) fn forks() -> u32 {
    FORKS.load(Relaxed)
}

/// Whether this process is such a child.
pub(crate) fn is_forked() -> bool {
    IS_CHILD.load(Relaxed)
}

/// From now on forks are counted, and a child begins with a request to valgrind that its inherited counts be forgotten.
pub(crate) fn watch_forks() {
    #[cfg(unix)]
    {
        static WATCHED: AtomicBool = AtomicBool::new(false);

        extern "C" fn in_parent() {
            FORKS.fetch_add(1, Relaxed);
        }
        extern "C" fn in_child() {
            IS_CHILD.store(true, Relaxed);
            super::valgrind::forget_counts();
        }

        if !WATCHED.swap(true, Relaxed) {
            // SAFETY: both functions live as long as the program, and do nothing that is not async-signal-safe. A failure (no
            // memory) only means that they are not called.
            unsafe {
                libc::pthread_atfork(None, Some(in_parent), Some(in_child));
            }
        }
    }
}
