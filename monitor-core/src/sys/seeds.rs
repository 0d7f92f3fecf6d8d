//! The same random numbers in every counted run, so that hash maps take the same way.
//!
//! Valgrind puts a function of this name in the place of the C library's `getrandom`
//! (<https://valgrind.org/docs/manual/manual-core-adv.html#manual-core-adv.wrapping>). Outside of valgrind nobody calls it.

#[cfg(all(backend = "linux", target_env = "gnu"))]
mod replaced {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

    use libc::{c_long, c_uint, c_void, size_t, ssize_t};

    static FIXED: AtomicBool = AtomicBool::new(false);
    static STATE: AtomicU64 = AtomicU64::new(0);

    /// `getrandom` of `libc.so*`, in valgrind's spelling: the system's, or a fixed sequence once that is wanted.
    ///
    /// # Safety
    ///
    /// As `getrandom`: `buffer` takes `length` bytes.
    #[unsafe(export_name = "_vgr00000ZU_libcZdsoZa_getrandom")]
    pub(super) unsafe extern "C" fn getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
        if !FIXED.load(Relaxed) {
            // SAFETY: the caller's promise is the system call's.
            let result: c_long = unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) };
            return result as ssize_t;
        }
        for at in 0..length {
            // SplitMix64's step and a part of its mixing, a byte at a time.
            let state = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
            let byte = ((state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8;
            // SAFETY: within the caller's buffer.
            unsafe { buffer.cast::<u8>().add(at).write(byte) };
        }
        length as ssize_t
    }

    pub(super) fn fix() {
        // To name it makes the linker keep it.
        let kept: unsafe extern "C" fn(*mut c_void, size_t, c_uint) -> ssize_t = getrandom;
        std::hint::black_box(kept);
        FIXED.store(true, Relaxed);
    }
}

/// From now on, if valgrind runs this program, `getrandom` gives the same bytes in every process.
pub(crate) fn fix_random_numbers() {
    #[cfg(all(backend = "linux", target_env = "gnu"))]
    replaced::fix();
}
