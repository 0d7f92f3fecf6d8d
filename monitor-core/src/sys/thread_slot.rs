//! A reference for each thread, which the allocator looks at in every call.
//!
//! To the compiler a `thread_local!` is a function call, even where the linker makes plain loads of it: what the allocator was
//! asked for has to be put aside before it, and fetched again. Where the thread's own memory can be reached by two
//! instructions of ours (initial-exec; `build.rs` says where), it stays in its registers.

use std::marker::PhantomData;

#[cfg(initial_exec_tls)]
mod word {
    use std::arch::{asm, global_asm};

    /// The word's name, with the version: what two versions of this crate put there is not the same.
    macro_rules! symbol {
        () => {
            concat!(
                "monitor_core_thread_slot_",
                env!("CARGO_PKG_VERSION_MAJOR"),
                "_",
                env!("CARGO_PKG_VERSION_MINOR"),
                "_",
                env!("CARGO_PKG_VERSION_PATCH")
            )
        };
    }

    // Weak, so that a program with two copies of this version links.
    global_asm!(
        ".pushsection .tbss.monitor_core,\"awT\",@nobits",
        concat!(".weak ", symbol!()),
        concat!(".hidden ", symbol!()),
        concat!(".type ", symbol!(), ", @object"),
        concat!(".size ", symbol!(), ", 8"),
        ".p2align 3",
        concat!(symbol!(), ":"),
        ".zero 8",
        ".popsection",
    );

    /// Of the calling thread; null at first.
    #[inline(always)]
    pub(super) fn get() -> *const () {
        let word: *const ();
        // SAFETY: reads a word of this thread's own, which is there from its first to its last instruction.
        unsafe {
            asm!(
                concat!("mov {word}, qword ptr [rip + ", symbol!(), "@GOTTPOFF]"),
                "mov {word}, qword ptr fs:[{word}]",
                word = out(reg) word,
                options(pure, readonly, nostack, preserves_flags),
            );
        }
        word
    }

    #[inline(always)]
    pub(super) fn set(word: *const ()) {
        // SAFETY: writes a word of this thread's own, which nothing but `get` and this function uses.
        unsafe {
            asm!(
                concat!("mov {place}, qword ptr [rip + ", symbol!(), "@GOTTPOFF]"),
                "mov qword ptr fs:[{place}], {word}",
                place = out(reg) _,
                word = in(reg) word,
                options(nostack, preserves_flags),
            );
        }
    }
}

#[cfg(not(initial_exec_tls))]
mod word {
    use std::cell::Cell;
    use std::ptr;

    thread_local! {
        // Const-initialised and without a destructor: readable by the allocator at any time of a thread's life.
        static WORD: Cell<*const ()> = const { Cell::new(ptr::null()) };
    }

    /// Of the calling thread; null at first.
    #[inline(always)]
    pub(super) fn get() -> *const () {
        WORD.try_with(Cell::get).unwrap_or(ptr::null())
    }

    #[inline(always)]
    pub(super) fn set(word: *const ()) {
        let _ = WORD.try_with(|place| place.set(word));
    }
}

/// The calling thread's reference. There is one place in each thread, so there may be one such static: see [`thread_slot`].
#[derive(Debug)]
pub(crate) struct ThreadSlot<T: 'static>(PhantomData<&'static T>);

impl<T: Sync> ThreadSlot<T> {
    /// # Safety
    ///
    /// There must be no second one of another type.
    pub(crate) const unsafe fn new() -> Self {
        Self(PhantomData)
    }

    /// `None` at first.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&'static T> {
        // SAFETY: the word is null or made of a reference of this type by `set`, which lives for ever: `new` demands that nothing
        // else is put there.
        unsafe { word::get().cast::<T>().as_ref() }
    }

    #[inline(always)]
    pub(crate) fn set(&self, reference: Option<&'static T>) {
        word::set(reference.map_or(std::ptr::null(), |reference| std::ptr::from_ref(reference).cast()));
    }
}

/// Makes the one static of that type.
macro_rules! thread_slot {
    ($(#[$doc:meta])* static $name:ident: $type:ty) => {
        $(#[$doc])*
        static $name: $crate::sys::ThreadSlot<$type> = {
            // SAFETY: it is the only one.
            unsafe { $crate::sys::ThreadSlot::new() }
        };
    };
}

pub(crate) use thread_slot;
