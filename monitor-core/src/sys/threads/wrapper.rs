//! `pthread_create` and C11's `thrd_create` of glibc, wrapped.
//!
//! The wrappers are symbols of the test binary, so they come before the C library's for every caller: `std`, C libraries
//! linked in, shared objects. They are weak: where another crate or a sanitizer brings a wrapper of its own, that one is
//! linked and ours is not. Whether calls get here is therefore tried in each process.

use std::cell::Cell;
use std::ffi::CStr;
use std::mem;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use libc::{c_int, c_void, pthread_attr_t, pthread_key_t, pthread_t};

use super::hooks::ThreadHooks;
use crate::sys::AtomicRef;

/// The first function of a thread: of POSIX with a pointer as result, of C11 with an `int`. It may unwind, as
/// `pthread_exit` and cancellation do.
type Start<R> = extern "C-unwind" fn(*mut c_void) -> R;
type PthreadCreate =
    unsafe extern "C" fn(*mut pthread_t, *const pthread_attr_t, Start<*mut c_void>, *mut c_void) -> c_int;
type ThrdCreate = unsafe extern "C" fn(*mut pthread_t, Start<c_int>, *mut c_void) -> c_int;

/// What C11's functions say when they fail.
const THRD_ERROR: c_int = 2;
/// What a wrapper says when it is asked whether it is there.
const WRAPPER_IS_THERE: c_int = libc::ECANCELED;

// A function defined by Rust can't be weak on stable.
macro_rules! weak {
    ($jump:literal) => {
        std::arch::global_asm!(
            ".text",
            ".weak pthread_create",
            ".type pthread_create, @function",
            "pthread_create:",
            concat!($jump, " {pthread_create}"),
            ".size pthread_create, . - pthread_create",
            ".weak thrd_create",
            ".type thrd_create, @function",
            "thrd_create:",
            concat!($jump, " {thrd_create}"),
            ".size thrd_create, . - thrd_create",
            pthread_create = sym wrapped_pthread_create,
            thrd_create = sym wrapped_thrd_create,
        );
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
weak!("jmp");
#[cfg(target_arch = "aarch64")]
weak!("b");
#[cfg(target_arch = "riscv64")]
weak!("tail");

/// What is done with threads: [`ThreadHooks`] of some type, without the type.
#[derive(Debug)]
struct Hooks {
    for_new_thread: fn() -> Option<NonNull<c_void>>,
    begin: fn(NonNull<c_void>),
    end: fn(NonNull<c_void>),
    never_began: fn(NonNull<c_void>),
}

static HOOKS: AtomicRef<Hooks> = AtomicRef::empty();
static SEEN: AtomicBool = AtomicBool::new(false);
/// The key whose destructor runs when a thread ends, plus one; 0 until made, `u64::MAX` if it can't be.
static END_KEY: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static PROBE: Cell<Probe> = const { Cell::new(Probe::None) };
}

/// Whether this thread's next call of a wrapper is to be answered only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    None,
    Asked,
    Answered,
}

struct HooksOf<T>(T);

impl<T: ThreadHooks> HooksOf<T> {
    const HOOKS: Hooks = Hooks {
        for_new_thread: || T::for_new_thread().map(|followed| NonNull::from(followed).cast()),
        begin: |followed| as_hooks::<T>(followed).begin(),
        end: |followed| as_hooks::<T>(followed).end(),
        never_began: |followed| as_hooks::<T>(followed).never_began(),
    };
}

fn as_hooks<T: ThreadHooks>(pointer: NonNull<c_void>) -> &'static T {
    // SAFETY: called only with what `for_new_thread` made, from a `&'static T`.
    unsafe { pointer.cast().as_ref() }
}

pub(super) fn follow<T: ThreadHooks>() {
    if end_key().is_some() {
        HOOKS.set(Some(const { &HooksOf::<T>::HOOKS }));
        SEEN.store(gets_every_call(), Ordering::Relaxed);
    }
}

pub(super) fn are_seen() -> bool {
    SEEN.load(Ordering::Relaxed)
}

/// Whether the calls of this binary and of shared objects get to our wrappers.
fn gets_every_call() -> bool {
    // To name it makes the linker take it.
    let of_this_binary = NonNull::new(libc::pthread_create as *mut c_void);
    let of_objects = symbol(libc::RTLD_DEFAULT, c"pthread_create");
    let posix = [of_this_binary, of_objects].into_iter().all(|address| {
        // SAFETY: a thread that is made after all does nothing and is waited for.
        address
            .map(as_pthread_create)
            .is_some_and(|create| answers(|thread| unsafe { create(thread, ptr::null(), nothing, ptr::null_mut()) }))
    });
    let c11 = symbol(libc::RTLD_DEFAULT, c"thrd_create").map(as_thrd_create).is_none_or(|create| {
        // SAFETY: as above.
        answers(|thread| unsafe { create(thread, nothing, ptr::null_mut()) })
    });
    posix && c11
}

/// Whether a function that makes threads ends up here.
fn answers(create: impl FnOnce(*mut pthread_t) -> c_int) -> bool {
    PROBE.set(Probe::Asked);
    let mut thread: pthread_t = 0;
    let result = create(&raw mut thread);
    let answered = PROBE.replace(Probe::None) == Probe::Answered;
    if !answered && result == 0 {
        // SAFETY: the thread was just made, and nobody else knows it.
        unsafe {
            libc::pthread_join(thread, ptr::null_mut());
        }
    }
    answered
}

extern "C-unwind" fn nothing<R: Default>(_: *mut c_void) -> R {
    R::default()
}

fn symbol(from: *mut c_void, name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: looks a name up in the libraries that are loaded.
    NonNull::new(unsafe { libc::dlsym(from, name.as_ptr()) })
}

/// A function of the next library that has it: the C library's, or a preloaded one's that wraps it in turn.
fn next(kept: &AtomicPtr<c_void>, name: &CStr) -> Option<NonNull<c_void>> {
    let known = NonNull::new(kept.load(Ordering::Relaxed));
    let found = known.or_else(|| symbol(libc::RTLD_NEXT, name)).or_else(|| in_c_library(name))?;
    kept.store(found.as_ptr(), Ordering::Relaxed);
    Some(found)
}

/// For a binary that is loaded in such an order that nothing comes next.
fn in_c_library(name: &CStr) -> Option<NonNull<c_void>> {
    [c"libc.so.6", c"libpthread.so.0"].into_iter().find_map(|library| {
        // SAFETY: finds a library that is loaded already; the handle is kept.
        let library = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD) };
        symbol(NonNull::new(library)?.as_ptr(), name)
    })
}

fn as_pthread_create(address: NonNull<c_void>) -> PthreadCreate {
    // SAFETY: called with the symbol of that name, which has this type (POSIX).
    unsafe { mem::transmute(address) }
}

fn as_thrd_create(address: NonNull<c_void>) -> ThrdCreate {
    // SAFETY: called with the symbol of that name, which has this type (C11, with glibc's `thrd_t`).
    unsafe { mem::transmute(address) }
}

fn real_pthread_create() -> Option<PthreadCreate> {
    static REAL: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    next(&REAL, c"pthread_create").map(as_pthread_create)
}

fn real_thrd_create() -> Option<ThrdCreate> {
    static REAL: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    next(&REAL, c"thrd_create").map(as_thrd_create)
}

fn end_key() -> Option<pthread_key_t> {
    match END_KEY.load(Ordering::Acquire) {
        0 => {
            let mut key: pthread_key_t = 0;
            // SAFETY: `key` is a valid place; the destructor is a plain function.
            let made = unsafe { libc::pthread_key_create(&raw mut key, Some(end)) } == 0;
            let value = if made { u64::from(key) + 1 } else { u64::MAX };
            // If another thread was faster, its key is used and this one stays unused.
            let _ = END_KEY.compare_exchange(0, value, Ordering::AcqRel, Ordering::Acquire);
            end_key()
        }
        u64::MAX => None,
        value => pthread_key_t::try_from(value - 1).ok(),
    }
}

/// Runs on a thread after its thread-local destructors.
unsafe extern "C" fn end(followed: *mut c_void) {
    if let (Some(hooks), Some(followed)) = (HOOKS.get(), NonNull::new(followed)) {
        (hooks.end)(followed);
    }
}

/// What a new thread needs to know, handed over on the C heap, which we do not count.
struct Birth<R> {
    hooks: &'static Hooks,
    followed: NonNull<c_void>,
    start: Start<R>,
    argument: *mut c_void,
}

/// The first function of a thread that is followed. It has nothing to drop, so unwinding may pass.
extern "C-unwind" fn begin<R>(birth: *mut c_void) -> R {
    // SAFETY: `birth` comes from `create`, which wrote a `Birth<R>` there and gave it away.
    let Birth { hooks, followed, start, argument } = unsafe {
        let value = birth.cast::<Birth<R>>().read();
        libc::free(birth);
        value
    };
    if let Some(key) = end_key() {
        // SAFETY: the key is valid, and what `for_new_thread` made lives as long as the program.
        unsafe {
            libc::pthread_setspecific(key, followed.as_ptr());
        }
    }
    (hooks.begin)(followed);
    start(argument)
}

/// Makes a thread by `real`, which is followed if its creator is.
fn create<R>(start: Start<R>, argument: *mut c_void, real: impl Fn(Start<R>, *mut c_void) -> c_int) -> c_int {
    let Some(hooks) = HOOKS.get() else { return real(start, argument) };
    if PROBE.get() == Probe::Asked {
        PROBE.set(Probe::Answered);
        return WRAPPER_IS_THERE;
    }
    let Some(followed) = (hooks.for_new_thread)() else { return real(start, argument) };
    // SAFETY: plain allocation; `birth` is checked before use, and is large enough and aligned (malloc). `real` takes it
    // over if it succeeds; else it is still ours.
    unsafe {
        let birth = libc::malloc(size_of::<Birth<R>>()).cast::<Birth<R>>();
        if birth.is_null() {
            (hooks.never_began)(followed);
            return real(start, argument);
        }
        birth.write(Birth { hooks, followed, start, argument });
        let result = real(begin::<R>, birth.cast());
        if result != 0 {
            libc::free(birth.cast());
            (hooks.never_began)(followed);
        }
        result
    }
}

/// # Safety
///
/// As `pthread_create(3)`, whose place it takes.
unsafe extern "C" fn wrapped_pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start<*mut c_void>,
    argument: *mut c_void,
) -> c_int {
    create(start, argument, |start, argument| match real_pthread_create() {
        // SAFETY: all arguments are passed on as they came, or as `create` made them.
        Some(real) => unsafe { real(thread, attributes, start, argument) },
        None => libc::ENOSYS,
    })
}

/// # Safety
///
/// As `thrd_create(3)`, whose place it takes.
unsafe extern "C" fn wrapped_thrd_create(thread: *mut pthread_t, start: Start<c_int>, argument: *mut c_void) -> c_int {
    create(start, argument, |start, argument| match real_thrd_create() {
        // SAFETY: all arguments are passed on as they came, or as `create` made them.
        Some(real) => unsafe { real(thread, start, argument) },
        None => THRD_ERROR,
    })
}
