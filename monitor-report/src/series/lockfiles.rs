//! What changed in the dependencies between two sessions.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use monitor_analysis::dependencies::{self, ChangedDependency};

use crate::error::ReportError;
use crate::source::Source;

/// Two sessions, the earlier one first.
type Pair = (String, String);

/// What differs between two sessions' lockfiles; `None` if one has none that can be read.
type Changed = Option<Vec<ChangedDependency>>;

/// Compares lockfiles, each pair once: the changes of many tests come with the same sessions.
pub(super) struct Lockfiles<'a> {
    source: &'a dyn Source,
    known: Mutex<HashMap<Pair, Changed>>,
}

impl<'a> Lockfiles<'a> {
    pub(super) fn new(source: &'a dyn Source) -> Self {
        Self { source, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Pair, Changed>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn diff(&self, before: &str, after: &str) -> Result<Changed, ReportError> {
        let pair = (before.to_owned(), after.to_owned());
        if let Some(known) = self.known().get(&pair) {
            return Ok(known.clone());
        }
        let changed = match (self.source.lockfile(before)?, self.source.lockfile(after)?) {
            // Most pairs have the same; parsing takes longer than comparing.
            (Some(before), Some(after)) if before == after => Some(Vec::new()),
            // A lockfile of a newer Cargo that can't be read takes no history down.
            (Some(before), Some(after)) => dependencies::diff(&before, &after).ok(),
            _ => None,
        };
        self.known().insert(pair, changed.clone());
        Ok(changed)
    }
}
