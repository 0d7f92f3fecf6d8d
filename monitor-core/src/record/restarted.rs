//! Processes of the program under test that its own tests have started.

use std::path::Path;

use monitor_store::{Monitor, Spool};

use super::contained::guarded;
use crate::config::Config;
use crate::facts::{self, Invocation};
use crate::isolate::is_isolated;

/// Whether a test that is recorded has started this process: what runs here is part of that test, and no test of its own.
pub(super) fn by_a_recorded_test(invocation: &Invocation, config: &Config) -> bool {
    match (&config.database, invocation.starter) {
        (Some(path), Some(starter)) if !is_isolated() => is_recorded(path, starter),
        _ => false,
    }
}

fn is_recorded(path: &Path, pid: u32) -> bool {
    let is_in_file = || Monitor::open(path)?.has_process(&facts::process_h(pid));
    Spool::is_there(path, pid) || guarded(is_in_file).unwrap_or(false)
}
