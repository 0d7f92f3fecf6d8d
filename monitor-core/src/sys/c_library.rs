//! The C library.

/// Its name and version, `glibc-2.36`; empty where it does not tell.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn c_library() -> String {
    // SAFETY: the answer is a text that lives as long as the program.
    let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
    format!("glibc-{}", version.to_string_lossy())
}

/// Its name and version, `glibc-2.36`; empty where it does not tell.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn c_library() -> String {
    String::new()
}

/// Grows this thread's heap at once by what opening the file takes. glibc grows the heap of any thread but the first a page at a
/// time, each by a call of the system; it keeps what it has grown to when these pieces are given back.
pub(crate) fn grow_heap() {
    /// Just small enough not to be mapped apart.
    const PIECE_BYTES: usize = 120 * 1024;
    std::hint::black_box([Vec::<u8>::with_capacity(PIECE_BYTES), Vec::with_capacity(PIECE_BYTES)]);
}
