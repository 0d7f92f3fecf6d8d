//! The process-global recorder: one connection, opened by the first test, closed when the process ends.

mod spool;

use std::cell::{Cell, OnceCell as Once};
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use monitor_store::{
    Attribution, Entry, Kept, Measures, Outcome, Process, Profile, ProfileKey, Registered, Session, Spool, StoreError,
    Timestamp, Writer,
};
use once_cell::sync::OnceCell;

use super::clock::Clock;
use super::contained::{contained, guarded};
use super::restarted;
use super::rows;
use super::siblings::{Run, Siblings};
use crate::config::{BudgetMode, Config};
use crate::facts::{self, Build, Invocation, ProcessIdentity, Runner};
use crate::isolate::{inherited_session, is_isolated};
use crate::item::{Item, Parameter};
use crate::mark;
use crate::measure::instructions;
use crate::measure::measurement::Measurement;
use crate::measure::overhead::{self, Overhead};
use crate::measure::{neighbours, panics};
use crate::scope::{ThreadRecord, Tree};
use crate::sys::{self, descriptors};

static RECORDER: OnceCell<Option<Recorder>> = OnceCell::new();

/// Where the tests of this process are recorded.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) config: Config,
    pub(crate) runner: Runner,
    build: Build,
    identity: ProcessIdentity,
    clock: Clock,
    overhead: Overhead,
    env_h: OnceCell<String>,
    machine_key: OnceCell<String>,
    sink: Mutex<Sink>,
    /// Other processes of the run, one of which brings the rows of all into the file.
    siblings: Siblings,
    /// Tests that run now, to be marked if the process ends under them.
    running: Mutex<Vec<ProfileKey>>,
    /// The first trouble, which `MONITOR_STRICT` turns into a failure.
    trouble: OnceCell<String>,
    process_tree: OnceCell<&'static Tree>,
    /// Whether tests of this binary ran in processes of their own.
    has_isolated: AtomicBool,
}

#[derive(Debug)]
enum Sink {
    File(Box<Writer>),
    Spool(Spool),
    /// Nothing is to be written, nothing can be, or the process is ending.
    Closed,
}

/// A test that has begun: what its rows will say apart from the figures.
#[derive(Debug)]
pub(crate) struct Row {
    profile: Profile,
    item: &'static Item,
}

impl Row {
    /// What the rows are found by.
    pub(crate) fn key(&self) -> &ProfileKey {
        &self.profile.key
    }
}

/// The recorder, set up on first use; `None` if nothing is to be monitored in this process.
pub(crate) fn for_item(item: &'static Item) -> Option<&'static Recorder> {
    RECORDER
        .get_or_init(|| instructions::aside(|| Recorder::set_up(item)))
        .as_ref()
        .filter(|recorder| recorder.is_of_this_process())
}

/// The recorder, if it was set up in this process.
pub(crate) fn existing() -> Option<&'static Recorder> {
    RECORDER.get().and_then(Option::as_ref).filter(|recorder| recorder.is_of_this_process())
}

impl Recorder {
    fn set_up(item: &Item) -> Option<Self> {
        let invocation = Invocation::find();
        let manifest_dir = invocation.manifest_dir(item.manifest_dir);
        let (config, problems) =
            Config::from_variables(&|name| invocation.variable(name), invocation.workspace(&manifest_dir));
        if !config.enabled || restarted::by_a_recorded_test(&invocation, &config) {
            return None;
        }
        let identity = facts::process_identity(invocation.started);
        let mut runner = facts::runner(&config, &invocation, item, &identity);
        if let Some(session_h) = inherited_session() {
            runner.session_h = session_h;
            runner.single_test = true;
        }
        if runner.lists_only {
            return None;
        }
        mark::tell(Some(&invocation));
        sys::threads::follow::<ThreadRecord>();
        panics::leave_hook_uncounted();
        let recorder = Self {
            identity,
            clock: Clock::start(),
            overhead: overhead::calibrate(),
            env_h: OnceCell::new(),
            machine_key: OnceCell::new(),
            sink: Mutex::new(Sink::Closed),
            siblings: Siblings::default(),
            running: Mutex::new(Vec::new()),
            trouble: OnceCell::new(),
            process_tree: OnceCell::new(),
            has_isolated: AtomicBool::new(false),
            build: Build::of_this_program(item.options),
            config,
            runner,
        };
        for problem in problems {
            recorder.warn(&problem);
        }
        if let Some(path) = &recorder.config.database {
            recorder.open(path, item);
        }
        #[cfg(feature = "remote")]
        if !is_isolated()
            && let Some(problem) = crate::remote::expect(&recorder.config, &recorder.runner.session_h)
        {
            recorder.warn(&problem);
        }
        Some(recorder)
    }

    /// False in a child made by `fork`: it inherits everything, but the rows and the connection are its parent's, and a
    /// lock may be held for ever by a thread that does not exist there.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.identity.pid == std::process::id()
    }

    fn open(&self, path: &Path, item: &Item) {
        if !sys::is_in_program() {
            return self.spool_beside_program(path);
        }
        if self.is_for_one_test() && !self.brings_itself(item) && self.leaves_rows_to_others(path) {
            return;
        }
        sys::grow_heap();
        match guarded(|| Writer::open_guarded(path, descriptors::GUARDED, self.is_for_one_test())) {
            Ok(writer) => {
                self.warn_of(writer.kept());
                *self.sink() = Sink::File(Box::new(writer));
            }
            Err(error) => self.spool_after(&mut self.sink(), &error, || &[]),
        }
    }

    /// Whether others must see the rows of this process while it lives, or what it measures is to stay as it is without others.
    fn brings_itself(&self, item: &Item) -> bool {
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
    fn leaves_rows_to_others(&self, path: &Path) -> bool {
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

    fn run(&self) -> Option<Run<'_>> {
        let path = self.config.database.as_deref()?;
        let leader = self.runner.leader.as_ref().map(|leader| leader.pid);
        Some(Run { path, session_h: &self.runner.session_h, leader })
    }

    /// What a process of this run has in common with those that have the same context and clock.
    fn kind(&self) -> String {
        let leader = self.runner.leader.as_ref().map_or((0, 0), |leader| (leader.pid, leader.started));
        format!("{} {} {}", self.machine_key(), leader.0, leader.1)
    }

    fn machine_key(&self) -> &str {
        self.machine_key.get_or_init(|| facts::machine_key(&self.config, &self.build, &self.identity))
    }

    /// Registers this process with the first rows that it writes.
    fn register<'e>(&self, writer: &mut Writer, first: impl FnOnce() -> &'e [Entry]) -> Result<(), StoreError> {
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

    fn session_row(&self) -> (Session, Option<String>) {
        facts::session_row(&self.config, &self.runner.session_h, self.runner.kind, &self.build)
    }

    fn process(&self) -> Process {
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

    fn sink(&self) -> MutexGuard<'_, Sink> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits that a test runs, and returns the row to finish. The test starts when the file takes that.
    pub(crate) fn start(&self, item: &'static Item, parameters: &[Parameter]) -> Row {
        let item_variant = rows::item_variant(item, parameters, self.config.explicit_parameters);
        let profile = instructions::aside(|| {
            let (started, item_variant) = (Once::new(), Cell::new(item_variant));
            let begin = || {
                let profile = self.running_profile(item, item_variant.take());
                self.running().push(profile.key.clone());
                [Entry::Started(profile)]
            };
            self.write(|| started.get_or_init(begin));
            // Where nothing is written, it was not asked for.
            let [entry] = started.into_inner().unwrap_or_else(begin);
            let Entry::Started(profile) = entry else { unreachable!("it was made above") };
            profile
        });
        Row { profile, item }
    }

    fn running_profile(&self, item: &Item, item_variant: String) -> Profile {
        let key = ProfileKey {
            session_h: self.runner.session_h.clone(),
            item_path: item.module.to_owned(),
            item_variant,
            item_start_time: self.clock.next(),
            process_h: self.identity.process_h.clone(),
        };
        Profile {
            key,
            package: item.package.to_owned(),
            binary: self.runner.binary.clone(),
            attempt: self.runner.attempt,
            outcome: Outcome::Running,
            attribution: None,
            mem_source: None,
            measures: Measures::default(),
        }
    }

    /// Commits what a test cost.
    pub(crate) fn finish(
        &self,
        row: Row,
        measurement: &Measurement,
        attribution: Attribution,
        outcome: Outcome,
        concurrency: u64,
    ) {
        let Row { mut profile, item } = row;
        profile.outcome = outcome;
        profile.attribution = Some(attribution);
        profile.mem_source = rows::mem_source(measurement);
        profile.measures = rows::measures(measurement, concurrency);
        let env_h = self.env_h.get().cloned().unwrap_or_default();
        let component = self.config.component.of(item.component, item.package);
        let metric = rows::metric(&profile.key, env_h, item, component, measurement);
        let is_last = {
            let mut running = self.running();
            running.retain(|running| *running != profile.key);
            running.is_empty() && self.is_for_one_test()
        };
        self.write_as(&[Entry::Finished { metric, profile }], is_last);
    }

    /// Whether the process runs no other test.
    fn is_for_one_test(&self) -> bool {
        self.runner.single_test && !self.runner.folds_wal
    }

    fn running(&self) -> MutexGuard<'_, Vec<ProfileKey>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Corrects the rows of tests that turn out to be `shared`.
    pub(crate) fn mark_shared(&self, keys: Vec<ProfileKey>) {
        let entries: Vec<Entry> = shared(keys).collect();
        if !entries.is_empty() {
            self.write(|| &entries);
        }
    }

    /// Notes that a test runs in a process of its own: what modules cost is then known when the session is over.
    pub(crate) fn expect_isolated(&self) {
        self.has_isolated.store(true, Relaxed);
    }

    /// Marks the tests whose isolated process died.
    pub(crate) fn settle(&self) {
        if let Sink::File(writer) = &mut *self.sink() {
            let _ = guarded(|| writer.settle());
        }
    }

    fn write_as(&self, entries: &[Entry], is_last: bool) {
        if is_last && self.env_h.get().is_some() {
            self.write_by(|| entries, |writer| writer.apply_last(entries));
        } else {
            self.write_by(|| entries, |writer| writer.apply(entries));
        }
    }

    fn write<'e>(&self, entries: impl Fn() -> &'e [Entry]) {
        self.write_by(&entries, |writer| writer.apply_with(&entries));
    }

    fn write_by<'e>(
        &self,
        entries: impl Fn() -> &'e [Entry],
        apply: impl FnOnce(&mut Writer) -> Result<(), StoreError>,
    ) {
        let sink = &mut *self.sink();
        let result = match sink {
            Sink::File(writer) if self.env_h.get().is_none() => guarded(|| self.register(writer, &entries)),
            Sink::File(writer) => guarded(|| apply(writer)),
            Sink::Spool(spool) => contained(|| spool.append(entries())),
            Sink::Closed => Ok(()),
        };
        match (result, &sink) {
            (Err(error), Sink::File(_)) => self.spool_after(sink, &error, entries),
            (Err(error), _) => {
                self.warn(&format!("{error}; the rows of this process from here on are lost"));
                *sink = Sink::Closed;
            }
            (Ok(()), _) => {}
        }
    }

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

    fn warn_of(&self, kept: &[Kept]) {
        kept.iter().for_each(|kept| self.warn(&kept.to_string()));
    }

    /// Tells the user, past the capturing of test output.
    fn warn(&self, message: &str) {
        let _ = self.trouble.set(message.to_owned());
        let _ = writeln!(std::io::stderr(), "warning: monitor: {message}");
    }

    /// What a test fails with under `MONITOR_STRICT`.
    pub(crate) fn strict_failure(&self) -> Option<String> {
        let trouble = self.trouble.get().filter(|_| self.config.strict)?;
        Some(format!("MONITOR_STRICT is set and monitoring is in trouble: {trouble}"))
    }

    pub(crate) fn enforces_budgets(&self) -> bool {
        self.config.budgets == BudgetMode::Enforce
    }

    /// The one tree of a process that runs its tests one after another.
    pub(crate) fn process_tree(&self) -> &'static Tree {
        self.process_tree.get_or_init(Tree::new)
    }

    pub(crate) fn is_process_tree(&self, tree: &'static Tree) -> bool {
        self.process_tree.get().is_some_and(|process_tree| std::ptr::eq(*process_tree, tree))
    }

    /// Whether a test is to run in a process of its own, made from this one.
    pub(crate) fn isolates(&self, item: &Item) -> bool {
        // Callgrind does not follow into another process, and a counted test has one of its own anyway.
        (item.isolate || self.config.isolate) && !is_isolated() && !instructions::are_counted()
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

/// Corrects rows that turn out to be `shared`.
fn shared(keys: Vec<ProfileKey>) -> impl Iterator<Item = Entry> {
    keys.into_iter().map(|key| Entry::Reattributed { key, attribution: Attribution::Shared })
}
