//! What a backend re-exports that cannot tell: figures of threads by their number, sets of processors.

use super::{ThreadId, Usage};

/// Not known.
pub(crate) fn thread_id() -> Option<ThreadId> {
    None
}

/// Not known.
pub(crate) fn allowed_processors() -> Option<u64> {
    None
}

/// Not known.
pub(crate) fn thread_cpu_ns(_thread: ThreadId) -> Option<u64> {
    None
}

/// Not known.
pub(crate) fn thread_usage_of(_thread: ThreadId) -> Usage {
    Usage::default()
}

/// Not known.
pub(crate) fn is_runnable(_thread: ThreadId) -> bool {
    false
}
