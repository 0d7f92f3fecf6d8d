//! Rows that go to a file beside the one that is written or could not be.

use std::path::Path;

use monitor_store::{Entry, Spool, StoreError, Writer};

use super::super::contained::{contained, guarded};
use super::{Recorder, Sink};
use crate::facts;
use crate::sys::descriptors;

impl Recorder {
    /// From now on rows go to a file beside the one that could not be written; `entries` first.
    pub(super) fn spool_after<'e>(&self, sink: &mut Sink, error: &str, entries: impl FnOnce() -> &'e [Entry]) {
        let Some(path) = &self.config.database else { return };
        if let Sink::File(writer) = std::mem::replace(sink, Sink::Closed) {
            writer.leave();
        }
        match self.spool(path, entries()) {
            Ok(spool) => {
                self.warn(&format!(
                    "{error}; the rows of this process go to {}, which the next run that can write imports",
                    spool.path().display()
                ));
                *sink = Sink::Spool(spool);
            }
            Err(spool_error) => {
                self.warn(&format!(
                    "{error}; nor could a spool file be written ({spool_error}), so the rows of this process are lost"
                ));
                *sink = Sink::Closed;
            }
        }
    }

    /// A new spool file with who this process is, and then `entries`.
    fn spool(&self, path: &Path, entries: &[Entry]) -> Result<Spool, String> {
        let mut all = self.session_and_context().to_vec();
        let mut process = self.process();
        process.env_h = self.env_h.get().cloned();
        all.push(Entry::Process(process));
        all.extend_from_slice(entries);
        guarded(|| self.new_spool(path, &all))
    }

    /// What the first process of a run tells.
    fn session_and_context(&self) -> [Entry; 2] {
        let (session, lockfile) = self.session_row();
        let (context, class) = facts::context(&self.config, &self.build);
        let _ = self.env_h.set(context.env_h.clone());
        [Entry::Session { session, lockfile }, Entry::Context { context, class }]
    }

    /// The process ends. If the file was moved or deleted, rows of the run that wait in spool files go into another, which does not
    /// know the run, and perhaps nobody begins any more who would tell it.
    pub(super) fn tell_another_file(&self, sink: &mut Sink) {
        if !self.siblings.have_been_joined() {
            return;
        }
        match sink {
            Sink::File(writer) if writer.is_left() => {
                let Some(Ok(spool)) = self.config.database.as_deref().map(|path| self.spool(path, &[])) else { return };
                if let Sink::File(writer) = std::mem::replace(sink, Sink::Spool(spool)) {
                    writer.leave();
                }
            }
            Sink::Spool(spool) if self.siblings.registered(|| self.kind()).is_none() => {
                let _ = contained(|| spool.append(&self.session_and_context()));
            }
            _ => {}
        }
    }

    pub(super) fn new_spool(&self, path: &Path, first: &[Entry]) -> Result<Spool, StoreError> {
        let mut spool = Spool::create_guarded(path, self.identity.pid, descriptors::GUARDED)?;
        spool.append(first)?;
        Ok(spool)
    }

    /// Of a library, whose rows the program's recorder brings into the file, or whoever opens that next.
    pub(super) fn spool_beside_program(&self, path: &Path) {
        match self.spool(path, &[]) {
            Ok(spool) => *self.sink() = Sink::Spool(spool),
            Err(error) => self.warn(&format!("{error}; the rows of a library of this process are lost")),
        }
    }

    /// What a library of this process has left.
    pub(super) fn bring_of_libraries(&self, writer: &mut Writer) -> Result<(), StoreError> {
        match &self.config.database {
            Some(path) if Spool::is_there(path, self.identity.pid) => writer.bring().map(drop),
            _ => Ok(()),
        }
    }
}
