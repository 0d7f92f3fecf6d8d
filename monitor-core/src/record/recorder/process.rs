//! What the file has to know of this process before it takes rows of its tests.

use std::path::Path;

use monitor_store::{Entry, Process, Registered, Session, StoreError, Timestamp, Writer};

use super::super::contained::contained;
use super::super::siblings::Run;
use super::{Recorder, Sink};
use crate::facts::{self, Runner};
use crate::isolate::is_isolated;
use crate::item::Item;
use crate::measure::instructions;

impl Recorder {
    /// Whether others must see the rows of this process while it lives, or what it measures is to stay as it is without others.
    pub(super) fn brings_itself(&self, item: &Item) -> bool {
        self.isolates(item) || is_isolated() || instructions::are_counted() || self.is_sent()
    }

    #[cfg(feature = "remote")]
    fn is_sent(&self) -> bool {
        self.config.remote.is_some()
    }

    #[cfg(not(feature = "remote"))]
    fn is_sent(&self) -> bool {
        false
    }

    /// Joins the processes of this run that live. True if what the file must know of this process is known to them, and its rows
    /// go to a spool file.
    pub(super) fn leaves_rows_to_others(&self, path: &Path) -> bool {
        let Runner { session_h, runs_beside_others, .. } = &self.runner;
        let registered = self.siblings.join(path, session_h, *runs_beside_others, || self.kind());
        let Some(Registered { env_h, clock_offset_us }) = registered else { return false };
        let mut process = self.process();
        process.env_h = Some(env_h.clone());
        process.clock_offset_us = clock_offset_us;
        let Ok(spool) = contained(|| self.new_spool(path, &[Entry::Process(process)])) else { return false };
        self.clock.follow(clock_offset_us);
        let _ = self.env_h.set(env_h);
        *self.sink() = Sink::Spool(spool);
        true
    }

    pub(super) fn run(&self) -> Option<Run<'_>> {
        let path = self.config.database.as_deref()?;
        let leader = self.runner.leader.as_ref().map(|leader| leader.pid);
        Some(Run { path, session_h: &self.runner.session_h, leader })
    }

    /// What a process of this run has in common with those that have the same context and clock.
    pub(super) fn kind(&self) -> String {
        let leader = self.runner.leader.as_ref().map_or((0, 0), |leader| (leader.pid, leader.started));
        format!("{} {} {}", self.machine_key(), leader.0, leader.1)
    }

    fn machine_key(&self) -> &str {
        self.machine_key.get_or_init(|| facts::machine_key(&self.config, &self.build, &self.identity))
    }

    /// Registers this process with the first rows that it writes.
    pub(super) fn register<'e>(
        &self,
        writer: &mut Writer,
        first: impl FnOnce() -> &'e [Entry],
    ) -> Result<(), StoreError> {
        let process = self.process();
        let session = || self.session_row();
        let mut clock_offset_us = None;
        let first = |process: &Process| {
            clock_offset_us = process.clock_offset_us;
            self.clock.follow(process.clock_offset_us);
            first()
        };
        let env_h = writer.register(process, session, || facts::context(&self.config, &self.build), first)?;
        self.siblings.tell(|| self.kind(), &Registered { env_h: env_h.clone(), clock_offset_us });
        let _ = self.env_h.set(env_h);
        Ok(())
    }

    pub(super) fn session_row(&self) -> (Session, Option<String>) {
        facts::session_row(&self.config, &self.runner.session_h, self.runner.kind, &self.build)
    }

    pub(super) fn process(&self) -> Process {
        let identity = &self.identity;
        let leader = self.runner.leader.as_ref();
        Process {
            process_h: identity.process_h.clone(),
            session_h: self.runner.session_h.clone(),
            env_h: None,
            machine_key: self.machine_key().to_owned(),
            host: identity.host.clone(),
            boot_id: identity.boot_id.clone(),
            pid: identity.pid,
            pid_started: identity.started,
            leader_pid: leader.map(|leader| leader.pid),
            leader_started: leader.map(|leader| leader.started),
            scopes: self.config.scopes.clone(),
            started_at: Timestamp::now(),
            clock_offset_us: self.clock.offset_us(),
            clock_cost_ns: Some(self.overhead.clock_ns),
            scope_cost_ns: Some(self.overhead.scope_ns),
            allocation_cost_ns: self.overhead.allocation_ns,
        }
    }
}
