//! A function that runs when the process ends normally: statics are never dropped.

use once_cell::sync::OnceCell;

static HANDLER: OnceCell<fn(Option<i32>)> = OnceCell::new();

/// Registers `handler` to run at `exit` (not at `_exit`, `abort` or a fatal signal), with the exit code where the system
/// tells it. Only the first one counts.
///
/// On platforms without `atexit` nothing is registered; what is committed by then is on disk anyway.
pub(crate) fn at_exit(handler: fn(Option<i32>)) {
    if HANDLER.set(handler).is_ok() {
        register();
    }
}

fn run(code: Option<i32>) {
    if let Some(handler) = HANDLER.get() {
        handler(code);
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn register() {
    use std::ffi::{c_int, c_void};

    // <https://man7.org/linux/man-pages/man3/on_exit.3.html>
    unsafe extern "C" {
        fn on_exit(function: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
    }

    extern "C" fn with_code(code: c_int, _argument: *mut c_void) {
        run(Some(code));
    }

    // SAFETY: the function is as glibc declares it. `with_code` lives as long as the program and does not use its argument.
    // A failure (no memory) only means that it does not run.
    unsafe {
        on_exit(with_code, std::ptr::null_mut());
    }
}

#[cfg(all(unix, not(all(target_os = "linux", target_env = "gnu"))))]
fn register() {
    extern "C" fn without_code() {
        run(None);
    }

    // SAFETY: `without_code` is a plain function that lives as long as the program. A failure (no memory) only means that it
    // does not run.
    unsafe {
        libc::atexit(without_code);
    }
}

#[cfg(not(unix))]
fn register() {}
