//! A function that runs when the process ends normally: statics are never dropped.

/// Registers `handler` to run at `exit` (not at `_exit`, `abort` or a fatal signal).
///
/// On platforms without `atexit` nothing is registered; what is committed by then is on disk anyway.
pub(crate) fn at_exit(handler: extern "C" fn()) {
    #[cfg(unix)]
    // SAFETY: `handler` is a plain function that lives as long as the program. A failure (no memory) only
    // means that it does not run.
    unsafe {
        libc::atexit(handler);
    }
    #[cfg(not(unix))]
    let _ = handler;
}
