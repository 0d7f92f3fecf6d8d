//! This process among the others of its run, one of which brings the rows of all into the file.

use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use monitor_store::procfs::{self, Stat};
use monitor_store::{Kept, Registered, StoreError, Writer};
use once_cell::sync::OnceCell;

use super::contained::contained;
use crate::facts::{self, Invocation};
use crate::sys::{self, descriptors};

/// The id of this process, if its end was expected when it started.
static EXPECTED: AtomicU32 = AtomicU32::new(0);

/// The name that a process takes which is about to leave.
const LEAVING: &str = "monitor leaves";

/// Whether others may rely on it that this process, which starts, leaves the run as [`Siblings::leave`] does, whatever it runs.
pub(crate) fn are_expected() -> bool {
    let is_one_of_many = env::var_os("NEXTEST_RUN_ID").is_some()
        && env::var_os("NEXTEST_TEST_THREADS").is_some_and(|slots| slots != "1");
    let is_expected = is_one_of_many && sys::is_in_program();
    if is_expected {
        EXPECTED.store(std::process::id(), Relaxed);
    }
    is_expected
}

/// The process ends, and no test with the attribute ran in it.
pub(crate) fn pass_by() {
    // A child made by `fork` has inherited the number of its parent.
    if EXPECTED.load(Relaxed) != std::process::id() {
        return;
    }
    let invocation = Invocation::find_in(variable_at_start);
    let leader = invocation.leader.as_ref().map(|leader| leader.pid);
    if let Some((path, session_h)) = facts::place(&invocation) {
        // What went wrong is no matter of this test: the rows wait for the next process.
        let _ = Siblings::default().leave(&Run { path: &path, session_h: &session_h, leader });
    }
}

/// Tests may have changed the environment meanwhile.
fn variable_at_start(name: &str) -> Option<OsString> {
    static VARIABLES: OnceCell<Vec<String>> = OnceCell::new();
    let variables = VARIABLES.get_or_init(|| procfs::environment(std::process::id()));
    variables.iter().find_map(|variable| Some(variable.strip_prefix(name)?.strip_prefix('=')?.into()))
}

/// Where the rows of a run go, its session, and the process that runs its tests.
pub(super) struct Run<'a> {
    pub path: &'a Path,
    pub session_h: &'a str,
    pub leader: Option<u32>,
}

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
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(joined);
        self.registered(kind)
    }

    /// What had been told of processes of this `kind` when this one joined, of the file that has that name now.
    pub(super) fn registered(&self, kind: impl FnOnce() -> String) -> Option<Registered> {
        // Only tried: a child made by `fork` comes here too.
        self.0.try_lock().ok()?.as_ref()?.registered(&kind())
    }

    pub(super) fn have_been_joined(&self) -> bool {
        self.0.try_lock().is_ok_and(|joined| joined.is_some())
    }

    /// Tells those that join from now on what holds for processes of this `kind`.
    pub(super) fn tell(&self, kind: impl FnOnce() -> String, registered: &Registered) {
        if let Some(joined) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            joined.tell(&kind(), registered);
        }
    }

    /// The process ends, and has the file open.
    pub(super) fn leave_by(&self, run: &Run<'_>, writer: &mut Writer) -> Result<(), StoreError> {
        self.leaves(run, || writer.bring())
    }

    /// The process ends, and has let go of its spool file, if it had one: lets others bring rows into the file, if there are any; else
    /// opens it and does that. The spool files that were not understood, and what went wrong.
    pub(super) fn leave(&self, run: &Run<'_>) -> (Vec<Kept>, Result<(), String>) {
        let mut opened: Option<Writer> = None;
        let bring = || {
            descriptors::ours(|| {
                let writer = match &mut opened {
                    Some(writer) => writer,
                    None => opened.insert(Writer::open_guarded(run.path, descriptors::GUARDED, true)?),
                };
                writer.bring()
            })
        };
        let left = contained(|| self.leaves(run, bring));
        let kept = opened.map_or_else(Vec::new, |writer| {
            let kept = writer.kept().to_vec();
            writer.leave();
            kept
        });
        (kept, left)
    }

    fn leaves(&self, run: &Run<'_>, bring: impl FnMut() -> Result<usize, StoreError>) -> Result<(), StoreError> {
        // Only tried: a child made by `fork` comes here too.
        let Ok(mut joined) = self.0.try_lock() else { return Ok(()) };
        let is_expected = EXPECTED.load(Relaxed) == std::process::id();
        let has_told = is_expected && fs::write("/proc/self/comm", LEAVING).is_ok();
        let pass_by = || monitor_store::Siblings::pass_by(run.path, run.session_h).filter(|_| is_expected);
        let Some(bond) = joined.take().or_else(pass_by) else { return Ok(()) };
        bond.leave(|| has_told && run.leader.is_some_and(another_comes), bring)
    }
}

/// Whether there is a process of this program, or one that is about to run it, that `leader` has started and that is bound to leave.
fn another_comes(leader: u32) -> bool {
    let Some(name) = env::args().next() else { return false };
    let this = procfs::program(std::process::id());
    let stays = |pid: u32| Stat::of(pid).is_some_and(|stat| !stat.is_dead() && stat.name != LEAVING);
    // cargo-nextest starts itself, to run the test in the same process.
    let runs_this = |pid: u32| {
        let program = procfs::program(pid);
        let arguments = procfs::arguments(pid);
        program.is_some()
            && (program == this || program == procfs::program(leader))
            && arguments.contains(&name)
            && !arguments.iter().any(|argument| argument == "--list")
    };
    procfs::children(leader).into_iter().any(|pid| stays(pid) && runs_this(pid))
}
