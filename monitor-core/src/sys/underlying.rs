//! The allocator that does the work beneath the counting one that `monitor-runtime` installs: the system's, or what the
//! program brings by `#[monitor_runtime::allocator]`.
//!
//! Who counts is one static for all programs, but who works is each program's own, and memory is needed before `main`. So it
//! is settled when the program is linked: the attribute's expansion puts a pointer into a section that is empty without it.

use std::alloc::{GlobalAlloc, Layout, System};

/// An allocator, behind a pointer of one word.
pub type Brought = &'static &'static (dyn GlobalAlloc + Sync);

/// The system's allocator, or the program's own.
#[derive(Debug, Default, Clone, Copy)]
pub struct Underlying;

// SAFETY: each call goes to one and the same allocator, unchanged: the word never changes while the program runs.
unsafe impl GlobalAlloc for Underlying {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe {
            match brought() {
                None => System.alloc(layout),
                Some(own) => own.alloc(layout),
            }
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe {
            match brought() {
                None => System.alloc_zeroed(layout),
                Some(own) => own.alloc_zeroed(layout),
            }
        }
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe {
            match brought() {
                None => System.realloc(pointer, layout, new_size),
                Some(own) => own.realloc(pointer, layout, new_size),
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe {
            match brought() {
                None => System.dealloc(pointer, layout),
                Some(own) => own.dealloc(pointer, layout),
            }
        }
    }
}

#[cfg(can_bring_an_allocator)]
mod section {
    use super::Brought;

    /// Makes the section exist in every program, so that the linker knows where it begins and ends. Mutable as what is brought
    /// is, so that both want the same of the section.
    #[used]
    #[unsafe(link_section = "monitor_allocator")]
    static mut NOTHING: [Brought; 0] = [];

    // Without a size: the compiler must not take them for two places.
    #[expect(improper_ctypes, reason = "both sides are Rust")]
    unsafe extern "C" {
        #[link_name = "__start_monitor_allocator"]
        static START: [Brought; 0];
        #[link_name = "__stop_monitor_allocator"]
        static STOP: [Brought; 0];
    }

    /// Whether the program brings one.
    #[inline(always)]
    pub(crate) fn is_brought() -> bool {
        &raw const START != &raw const STOP
    }

    #[inline]
    pub(super) fn brought() -> Option<Brought> {
        // SAFETY: what lies there are words of this type, put by the expansion below; nobody writes them.
        is_brought().then(|| unsafe { *(&raw const START).cast::<Brought>() })
    }
}

use section::brought;
pub(crate) use section::is_brought;

#[cfg(not(can_bring_an_allocator))]
mod section {
    use super::Brought;

    /// Never where the linker can't be asked.
    #[inline(always)]
    pub(crate) fn is_brought() -> bool {
        false
    }

    #[inline]
    pub(super) fn brought() -> Option<Brought> {
        None
    }
}

/// What `#[allocator]` of `monitor-runtime` becomes: the counting allocator is there, and works with this one.
#[cfg(can_bring_an_allocator)]
#[doc(hidden)]
#[macro_export]
macro_rules! __bring_allocator {
    ($name:ident: $kind:ty) => {
        const _: () = {
            #[used]
            #[unsafe(link_section = "monitor_allocator")]
            static mut BROUGHT: $crate::__allocator::Brought =
                &(&$name as &(dyn $crate::__allocator::GlobalAlloc + $crate::__allocator::Sync));
        };
    };
}

/// Where the linker can't be asked.
#[cfg(not(can_bring_an_allocator))]
#[doc(hidden)]
#[macro_export]
macro_rules! __bring_allocator {
    ($name:ident: $kind:ty) => {
        ::core::compile_error!(
            "on this platform an allocator of one's own needs `monitor-runtime = { package = \"monitor-core\", ... }` in Cargo.toml"
        );
    };
}

/// An allocator that stays where it is, with the name and the type that the program gave it.
#[derive(Debug)]
pub struct Shared<A: 'static>(pub &'static A);

// SAFETY: each call goes to one and the same allocator, unchanged.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Shared<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.realloc(pointer, layout, new_size) }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.dealloc(pointer, layout) };
    }
}

/// What `#[allocator]` of `monitor-core` becomes: nothing counts yet.
#[doc(hidden)]
#[macro_export]
macro_rules! __install_allocator {
    ($name:ident: $kind:ty) => {
        const _: () = {
            #[global_allocator]
            static COUNTING: $crate::Allocator<$crate::__allocator::Shared<$kind>> =
                $crate::Allocator::new($crate::__allocator::Shared(&$name));
        };
    };
}
