//! A global allocator that counts for the calling thread's scope.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::scope::current::{count_nothing, counting};

/// Counts what each monitored test allocates, and lets `A` do the work.
///
/// `monitor-runtime` installs one of its kind, and [`allocator`](macro@crate::allocator) makes it use a program's own allocator.
/// With `monitor-core` alone, install it by hand:
///
/// ```
/// use monitor_core::Allocator;
/// use std::alloc::System;
///
/// #[global_allocator]
/// static ALLOCATOR: Allocator<System> = Allocator::new(System);
/// ```
///
/// Counters are per thread and cost a few plain memory accesses per call; a thread that runs no test pays one read of a
/// thread-local. A failed allocation is not counted. A reallocation counts as one call, and its growth as bytes.
///
/// Without it, `HEAP_PEAK`, `HEAP_ALLOCATED`, `HEAP_RETAINED` (bytes) and `ALLOCATIONS` (calls) are `NULL`, and memory is the
/// growth of the process's resident peak.
///
/// # Platforms
///
/// All. Threads that a test starts count for the test on Linux with glibc; elsewhere only the test's own thread does.
#[derive(Debug, Default, Clone, Copy)]
pub struct Allocator<A = System>(A);

impl<A> Allocator<A> {
    /// Wraps `allocator`, which still does the work: the memory comes from it and goes back to it.
    pub const fn new(allocator: A) -> Self {
        Self(allocator)
    }
}

// SAFETY: every call goes to `A` unchanged and its answer is returned unchanged; counting neither allocates
// nor unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Allocator<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let pointer = unsafe { self.0.alloc(layout) };
        count_allocation(pointer, layout.size());
        pointer
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let pointer = unsafe { self.0.alloc_zeroed(layout) };
        count_allocation(pointer, layout.size());
        pointer
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let new_pointer = unsafe { self.0.realloc(pointer, layout, new_size) };
        if !new_pointer.is_null()
            && let Some(record) = counting()
        {
            if new_size >= layout.size() {
                record.count_allocation(new_size - layout.size());
            } else {
                record.count_allocation(0);
                record.count_freed(layout.size() - new_size);
            }
        }
        new_pointer
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // Counted first, so that nothing has to be kept for after the call.
        if let Some(record) = counting() {
            record.count_freed(layout.size());
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.dealloc(pointer, layout) };
    }
}

#[inline]
fn count_allocation(pointer: *mut u8, size: usize) {
    if !pointer.is_null()
        && let Some(record) = counting()
    {
        record.count_allocation(size);
    }
}

/// Counts nothing any more in this process.
pub(crate) fn turn_off() {
    count_nothing();
    set_counts(false);
}

/// Whether the program's global allocator is an [`Allocator`]: found out by trying, when the recorder is set up.
static COUNTS: AtomicBool = AtomicBool::new(false);

pub(crate) fn counts() -> bool {
    COUNTS.load(Ordering::Relaxed)
}

pub(crate) fn set_counts(counts: bool) {
    COUNTS.store(counts, Ordering::Relaxed);
}
