//! Work that must never reach a user's test, whatever goes wrong.

use std::panic::{self, AssertUnwindSafe};

use monitor_store::StoreError;

use crate::sys::{descriptors, file_limit};

/// As [`contained`], for what opens or uses the file.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, String> {
    contained(|| descriptors::ours(work))
}

/// What went wrong, as told to the user; a panic of ours too.
pub(super) fn contained<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, String> {
    match file_limit::without_its_signal(|| panic::catch_unwind(AssertUnwindSafe(work))) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("an error in the recorder itself (see the panic above); please report it".to_owned()),
    }
}
