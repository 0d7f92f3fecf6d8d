//! The process that has made this one.

/// Its id; `None` where the system does not say.
pub(crate) fn parent_id() -> Option<u32> {
    #[cfg(unix)]
    return Some(std::os::unix::process::parent_id());
    #[cfg(not(unix))]
    None
}
