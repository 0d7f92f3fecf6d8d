//! The process-global recorder: one connection, opened by the first test, closed when the process ends.

mod end;
mod process;
pub(crate) mod row;
mod spool;

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use monitor_store::{Entry, Kept, ProfileKey, Spool, StoreError, Writer};
use once_cell::sync::OnceCell;

use super::clock::Clock;
use super::contained::{contained, guarded};
use super::restarted;
use super::siblings::Siblings;
use crate::config::{BudgetMode, Config};
use crate::facts::{self, Build, Invocation, ProcessIdentity, Runner};
use crate::isolate::{inherited_session, is_isolated};
use crate::item::Item;
use crate::mark;
use crate::measure::instructions;
use crate::measure::overhead::{self, Overhead};
use crate::measure::panics;
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

    fn sink(&self) -> MutexGuard<'_, Sink> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the process runs no other test.
    fn is_for_one_test(&self) -> bool {
        self.runner.single_test && !self.runner.folds_wal
    }

    fn running(&self) -> MutexGuard<'_, Vec<ProfileKey>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
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
}
