//! The number by which a platform knows a thread.

use std::num::NonZeroU64;

/// A platform's own number of a thread, large enough for every one: `gettid` (Linux, 32 bits), `pthread_threadid_np` (macOS,
/// 64), `GetCurrentThreadId` (Windows, 32). None of them gives 0 to a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ThreadId(NonZeroU64);

impl ThreadId {
    /// `None` for 0, which is no thread's.
    pub(crate) fn of(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    pub(crate) fn number(self) -> u64 {
        self.0.get()
    }
}
