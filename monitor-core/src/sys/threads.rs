//! Threads inherit their creator's scope: `pthread_create` wrapped, and a hook at the end of each thread.
//!
//! The wrapper is a strong symbol in the test binary, so it comes before the C library's for every caller: `std`,
//! C libraries linked in, shared objects. On a thread outside of every scope it only passes the call on.

/// Whether threads born inside a scope are seen in this build: `build.rs` decides.
pub(crate) const SEES_NEW_THREADS: bool = cfg!(sees_new_threads);

/// Makes sure that the linker takes the wrapper, and prepares it outside of any measurement.
pub(crate) fn prepare() {
    #[cfg(sees_new_threads)]
    glibc::prepare();
}

#[cfg(sees_new_threads)]
mod glibc {
    use std::mem;
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

    use libc::{c_int, c_void, pthread_attr_t, pthread_key_t, pthread_t};

    use crate::scope::{ThreadRecord, current};

    type Start = extern "C-unwind" fn(*mut c_void) -> *mut c_void;
    type PthreadCreate = unsafe extern "C" fn(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int;

    /// What a new thread needs to know, handed over on the C heap, which we do not count.
    struct Birth {
        record: &'static ThreadRecord,
        start: Start,
        argument: *mut c_void,
    }

    static REAL: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    /// The key whose destructor runs when a thread ends, plus one; 0 until made, `u64::MAX` if it can't be.
    static END_KEY: AtomicU64 = AtomicU64::new(0);

    pub(super) fn prepare() {
        std::hint::black_box(pthread_create as *const ());
        real();
        end_key();
    }

    /// The C library's own `pthread_create`.
    fn real() -> Option<PthreadCreate> {
        let mut address = REAL.load(Ordering::Relaxed);
        if address.is_null() {
            // SAFETY: looks a name up in the libraries after this binary.
            address = unsafe { libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr()) };
            REAL.store(address, Ordering::Relaxed);
        }
        if address.is_null() {
            return None;
        }
        // SAFETY: the symbol of that name has this type (POSIX); `Start` differs from it only in that it may
        // unwind, as `pthread_exit` and cancellation do.
        Some(unsafe { mem::transmute::<*mut c_void, PthreadCreate>(address) })
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

    /// Runs on a thread after its thread-local destructors, also after `pthread_exit` and cancellation.
    unsafe extern "C" fn end(record: *mut c_void) {
        // SAFETY: the key's value is only ever set in `begin`, from a `&'static ThreadRecord`.
        let record = unsafe { &*record.cast::<ThreadRecord>() };
        record.end_on_this_thread();
    }

    /// The first function of a thread born inside a scope. It has nothing to drop, so unwinding may pass.
    extern "C-unwind" fn begin(birth: *mut c_void) -> *mut c_void {
        // SAFETY: `birth` comes from `pthread_create` below, which wrote a `Birth` there and gave it away.
        let Birth { record, start, argument } = unsafe {
            let value = birth.cast::<Birth>().read();
            libc::free(birth);
            value
        };
        if let Some(key) = end_key() {
            // SAFETY: the key is valid and the record lives as long as the program.
            unsafe {
                libc::pthread_setspecific(key, ptr::from_ref(record).cast());
            }
        }
        record.begin_on_this_thread();
        start(argument)
    }

    /// Starts a thread, and if the creator is inside a scope the new thread is too.
    ///
    /// # Safety
    ///
    /// As `pthread_create(3)`.
    // SAFETY (of the name): it takes the place of the C library's function and keeps its contract.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn pthread_create(
        thread: *mut pthread_t,
        attributes: *const pthread_attr_t,
        start: Start,
        argument: *mut c_void,
    ) -> c_int {
        let Some(real) = real() else { return libc::EAGAIN };
        // SAFETY: all arguments are passed on as they came.
        let plain = || unsafe { real(thread, attributes, start, argument) };
        let Some(creator) = current::current() else { return plain() };
        let Some(tree) = creator.tree() else { return plain() };
        // SAFETY: plain allocation; checked before use.
        let birth = unsafe { libc::malloc(size_of::<Birth>()) }.cast::<Birth>();
        if birth.is_null() {
            return plain();
        }
        let record = tree.bear(creator);
        // SAFETY: `birth` is fresh, large enough and aligned (malloc). The real function takes it over if it
        // succeeds; else it is still ours.
        unsafe {
            birth.write(Birth { record, start, argument });
            let result = real(thread, attributes, begin, birth.cast());
            if result != 0 {
                libc::free(birth.cast());
                record.never_began();
            }
            result
        }
    }
}

#[cfg(all(test, sees_new_threads))]
mod tests {
    use std::thread;

    use crate::scope::{Tree, current};

    #[test]
    fn threads_born_inside_join_and_are_gone_with_their_usage_kept() {
        super::prepare();
        let tree = Tree::new();
        let own = tree.join();
        own.is_this_threads();
        let mark = tree.mark_heap(own);
        let before = current::set_current(Some(own));
        let grandchild = thread::spawn(|| thread::spawn(|| vec![1_u8; 5_000]).join().expect("the grandchild ends"));
        let bytes = grandchild.join().expect("the child ends");
        assert!(thread::spawn(|| panic!("on purpose")).join().is_err());
        current::set_current(before);
        assert!(tree.await_threads(own).is_empty());

        let totals = tree.totals(own, None);
        assert_eq!(totals.threads, 4);
        assert!(
            tree.threads().filter(|record| !std::ptr::eq(*record, own)).all(|record| record.usage().cpu_ns > Some(0))
        );
        assert!(totals.allocated.bytes > 5_000);
        assert!(tree.heap_since(own, &mark).kept_bytes >= 5_000);
        drop(bytes);
        assert!(tree.close(own, false).is_empty());
    }

    #[test]
    fn threads_born_outside_belong_to_nobody() {
        let belongs = thread::spawn(|| current::current().is_some());
        assert!(!belongs.join().expect("the thread ends"));
    }
}
