//! The end of the process: what is still to be said, and who brings it into the file.

use std::sync::atomic::Ordering::Relaxed;

use monitor_store::Entry;

use super::super::contained::{contained, guarded};
use super::row::shared;
use super::{Recorder, Sink};
use crate::isolate::is_isolated;
use crate::measure::neighbours;
use crate::sys;

impl Recorder {
    fn ended(&self) -> Entry {
        Entry::Ended { session_h: self.runner.session_h.clone(), process_h: self.identity.process_h.clone() }
    }

    /// Lets others bring the rows of this process into the file, if there are any; else does it.
    fn leave(&self) {
        let Some(run) = self.run() else { return };
        let (kept, left) = self.siblings.leave(&run);
        self.warn_of(&kept);
        if let Err(error) = left
            && self.trouble.get().is_none()
        {
            self.warn(&format!(
                "{error}; rows wait in spool files beside it, which the next run that can write imports"
            ));
        }
    }

    /// The process ends.
    pub(crate) fn close(&self) {
        let Ok(mut sink) = self.sink.try_lock() else { return };
        let died_in = self.running.try_lock().map(|mut running| std::mem::take(&mut *running));
        let crashed = died_in.unwrap_or_default().into_iter().map(|key| Entry::Crashed { key });
        let last: Vec<Entry> = crashed.chain(shared(neighbours::last_look())).collect();
        self.tell_another_file(&mut sink);
        match std::mem::replace(&mut *sink, Sink::Closed) {
            Sink::File(mut writer) => {
                let _ = guarded(|| {
                    if !last.is_empty() {
                        writer.apply(&last)?;
                    }
                    if self.runner.folds_wal && !is_isolated() && !self.has_isolated.load(Relaxed) {
                        writer.summarise()?;
                    }
                    self.bring_of_libraries(&mut writer)?;
                    if let Some(run) = self.run() {
                        self.siblings.leave_by(&run, &mut writer)?;
                    }
                    writer.close(self.runner.folds_wal)
                });
            }
            Sink::Spool(mut spool) => {
                // The process of a library is the program's.
                let ended = sys::is_in_program().then(|| self.ended());
                let _ = contained(|| spool.append(&last.into_iter().chain(ended).collect::<Vec<_>>()));
                spool.release();
                self.leave();
            }
            Sink::Closed => self.leave(),
        }
        #[cfg(feature = "remote")]
        if !is_isolated()
            && let Some(problem) = crate::remote::deliver(&self.config, &self.runner.session_h)
        {
            self.warn(&problem);
        }
    }
}
