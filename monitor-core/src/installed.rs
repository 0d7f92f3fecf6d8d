//! The allocator that `monitor-runtime` installs.

use std::alloc::{GlobalAlloc, Layout, System};

use crate::allocator::Allocator;
use crate::scope::current::counting;
use crate::scope::{Height, ThreadRecord};
use crate::sys::underlying::{Underlying, is_brought};

/// Counts over the system's allocator, or over what the program brings.
///
/// It is what [`Allocator`] is, with a shorter way for what programs ask for most: small pieces of the system's memory. They are
/// counted before they are asked for, so that nothing has to be kept for after the call. The price is that one which
/// the system refuses is counted too; a process that gets no such piece any more has no memory at all.
#[derive(Debug, Default, Clone, Copy)]
pub struct Installed;

const COUNTING: Allocator<Underlying> = Allocator::new(Underlying);

/// A piece is small below this size. The system may refuse a larger one though there is memory.
const SMALL_BYTES: usize = 64 * 1024;
/// The system's allocator gives this alignment by itself, on every platform.
const USUAL_ALIGNMENT: usize = 8;

// SAFETY: every call goes to one and the same allocator, unchanged, and its answer is returned unchanged; counting neither
// allocates nor unwinds.
unsafe impl GlobalAlloc for Installed {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (bytes, alignment) = (layout.size(), layout.align());
        if bytes >= SMALL_BYTES || alignment > USUAL_ALIGNMENT || alignment > bytes || is_brought() {
            // SAFETY: the caller's promise is passed on.
            return unsafe { alloc_otherwise(bytes, alignment) };
        }
        if let Some(record) = counting()
            && let Some(height) = record.begin_allocation(bytes)
        {
            // SAFETY: the caller's promise is passed on.
            return unsafe { alloc_higher(bytes, alignment, record, height) };
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { COUNTING.alloc_zeroed(layout) }
    }

    #[inline(always)]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { COUNTING.realloc(pointer, layout, new_size) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if is_brought() {
            // SAFETY: the caller's promise is passed on.
            return unsafe { dealloc_otherwise(pointer, layout.size(), layout.align()) };
        }
        if let Some(record) = counting()
            && record.begin_freed(layout.size())
        {
            // SAFETY: the caller's promise is passed on.
            return unsafe { dealloc_lower(pointer, layout.size(), layout.align(), record) };
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

// What follows is out of line, with the parameters in the order of the language's own calls: so the short way keeps and moves
// less.

/// # Safety
///
/// As of [`GlobalAlloc::alloc`], for a layout of these numbers.
#[cold]
#[inline(never)]
unsafe fn alloc_otherwise(bytes: usize, alignment: usize) -> *mut u8 {
    // SAFETY: the numbers are a layout's; the rest is the caller's promise.
    unsafe { COUNTING.alloc(Layout::from_size_align_unchecked(bytes, alignment)) }
}

/// # Safety
///
/// As of [`GlobalAlloc::dealloc`], for a layout of these numbers.
#[cold]
#[inline(never)]
unsafe fn dealloc_otherwise(pointer: *mut u8, bytes: usize, alignment: usize) {
    // SAFETY: the numbers are a layout's; the rest is the caller's promise.
    unsafe { COUNTING.dealloc(pointer, Layout::from_size_align_unchecked(bytes, alignment)) }
}

/// Of a piece that is counted, with which more is pending than ever. The last thing its caller does, so that nothing is kept there.
///
/// # Safety
///
/// As of [`alloc_otherwise`].
#[cold]
#[inline(never)]
unsafe fn alloc_higher(bytes: usize, alignment: usize, record: &ThreadRecord, height: Height) -> *mut u8 {
    record.raise(height);
    // SAFETY: the numbers are a layout's; the rest is the caller's promise.
    unsafe { System.alloc(Layout::from_size_align_unchecked(bytes, alignment)) }
}

/// Of a piece that is counted, with which it may be time to hand over; as [`alloc_higher`].
///
/// # Safety
///
/// As of [`dealloc_otherwise`].
#[cold]
#[inline(never)]
unsafe fn dealloc_lower(pointer: *mut u8, bytes: usize, alignment: usize, record: &ThreadRecord) {
    record.hand_over_if_due();
    // SAFETY: the numbers are a layout's; the rest is the caller's promise.
    unsafe { System.dealloc(pointer, Layout::from_size_align_unchecked(bytes, alignment)) }
}

#[cfg(test)]
#[global_allocator]
static INSTALLED: Installed = Installed;
