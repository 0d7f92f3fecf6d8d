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
