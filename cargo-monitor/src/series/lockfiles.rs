//! What changed in the dependencies between two sessions.

use std::cell::RefCell;
use std::collections::HashMap;

use monitor_analysis::dependencies::{self, ChangedDependency};
use monitor_store::Monitor;

/// Two sessions, the earlier one first.
type Pair = (String, String);

/// What differs between two sessions' lockfiles; `None` if one has none that can be read.
type Changed = Option<Vec<ChangedDependency>>;

/// Compares lockfiles, each pair once: the changes of many tests come with the same sessions.
pub(super) struct Lockfiles<'a> {
    monitor: &'a Monitor,
    known: RefCell<HashMap<Pair, Changed>>,
}

impl<'a> Lockfiles<'a> {
    pub(super) fn new(monitor: &'a Monitor) -> Self {
        Self { monitor, known: RefCell::default() }
    }

    pub(super) fn diff(&self, before: &str, after: &str) -> anyhow::Result<Changed> {
        let pair = (before.to_owned(), after.to_owned());
        if let Some(known) = self.known.borrow().get(&pair) {
            return Ok(known.clone());
        }
        let changed = match (self.monitor.lockfile(before)?, self.monitor.lockfile(after)?) {
            // Most pairs have the same; parsing takes longer than comparing.
            (Some(before), Some(after)) if before == after => Some(Vec::new()),
            // A lockfile of a newer Cargo that can't be read takes no history down.
            (Some(before), Some(after)) => dependencies::diff(&before, &after).ok(),
            _ => None,
        };
        self.known.borrow_mut().insert(pair, changed.clone());
        Ok(changed)
    }
}
