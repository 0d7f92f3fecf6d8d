//! This process among the others of its run, one of which brings the rows of all into the file.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use monitor_store::{Kept, Registered, StoreError, Writer};

use super::contained::contained;
use crate::sys::descriptors;

/// Its bond to them, from [`Siblings::join`] to [`Siblings::leave`], if it has joined.
#[derive(Debug, Default)]
pub(super) struct Siblings(Mutex<Option<monitor_store::Siblings>>);

impl Siblings {
    /// Joins those that live; without `may_be_first` only if there is one. What they tell of processes of this `kind`.
    pub(super) fn join(
        &self,
        path: &Path,
        session_h: &str,
        may_be_first: bool,
        kind: impl FnOnce() -> String,
    ) -> Option<Registered> {
        let joined = monitor_store::Siblings::join(path, session_h, may_be_first, descriptors::GUARDED)?;
        let registered = joined.registered(&kind());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(joined);
        registered
    }

    /// Tells those that join from now on what holds for processes of this `kind`.
    pub(super) fn tell(&self, kind: impl FnOnce() -> String, registered: &Registered) {
        if let Some(joined) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            joined.tell(&kind(), registered);
        }
    }

    /// The process ends, and has the file open.
    pub(super) fn leave_by(&self, writer: &mut Writer) -> Result<(), StoreError> {
        self.take().map_or(Ok(()), |joined| joined.leave(|| writer.bring()))
    }

    /// The process ends, and has let go of its spool file: lets others bring its rows into the file, if there are any; else opens
    /// it and does that. The spool files that were not understood, and what went wrong.
    pub(super) fn leave(&self, path: &Path) -> (Vec<Kept>, Result<(), String>) {
        let Some(joined) = self.take() else { return (Vec::new(), Ok(())) };
        let mut opened: Option<Writer> = None;
        let bring = || {
            descriptors::ours(|| {
                let writer = match &mut opened {
                    Some(writer) => writer,
                    None => opened.insert(Writer::open_guarded(path, descriptors::GUARDED, true)?),
                };
                writer.bring()
            })
        };
        let left = contained(|| joined.leave(bring));
        let kept = opened.map_or_else(Vec::new, |writer| {
            let kept = writer.kept().to_vec();
            writer.leave();
            kept
        });
        (kept, left)
    }

    /// Only tries the lock: a child made by `fork` comes here too.
    fn take(&self) -> Option<monitor_store::Siblings> {
        self.0.try_lock().ok()?.take()
    }
}
