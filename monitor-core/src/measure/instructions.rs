//! Instructions, counted by callgrind: the same number in every run of the same code, whatever else the machine does.
//!
//! `cargo monitor` runs each test in a process of its own under callgrind, which does not count until it is told. The whole
//! process counts from the first instruction of the body to the last, with all its threads.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use std::{env, panic, process, thread};

use monitor_store::CountFlags;
use once_cell::sync::OnceCell;

use crate::allocator;
use crate::scope::Tree;
use crate::sys::{self, ChildUsage, valgrind};

/// Variable with the path of callgrind's file, set while the tests of this process are counted. Callgrind appends a number for
/// each dump.
pub const COUNTS: &str = "CARGO_MONITOR_COUNTS";

/// Variable with the program that counts, `valgrind-3.19.0`.
pub const COUNTS_BY: &str = "CARGO_MONITOR_COUNTS_BY";

/// Set to `random`, hash maps and whatever else asks the C library for random numbers get such in counted tests too.
pub const SEEDS: &str = "MONITOR_INSTRUCTIONS_SEEDS";

static FILE: OnceCell<Option<PathBuf>> = OnceCell::new();

/// The tree whose body is counted now, as an address; 0 if none is.
static COUNTED: AtomicUsize = AtomicUsize::new(0);

/// How long the main thread may take to fall asleep, in steps of [`STEP`].
const STEPS: u32 = 500;
const STEP: Duration = Duration::from_millis(2);

/// Whether the body that was prepared for last has not begun.
static READY: AtomicBool = AtomicBool::new(false);

/// Dumps that this process has asked for.
static DUMPS: AtomicU32 = AtomicU32::new(0);

/// A body that is being counted.
#[derive(Debug)]
pub(crate) struct Counting {
    forks: u32,
    children: Option<ChildUsage>,
}

/// Whether this process is one in which a test is counted.
pub(crate) fn are_counted() -> bool {
    file().is_some()
}

/// What counts, with the C library: other versions of them may take other ways. `None` if nothing is counted.
pub(crate) fn counted_by() -> Option<String> {
    file()?;
    Some(with_c_library(&env::var(COUNTS_BY).unwrap_or_default()))
}

/// What counts with this C library.
pub(crate) fn with_c_library(valgrind: &str) -> String {
    format!("{valgrind} {}", sys::c_library()).trim().to_owned()
}

/// Does work of ours before a body: on a thread of its own where instructions are counted. What it does to the heap of the test's
/// thread depends on the file and the day, and the allocator would take other ways in the body.
pub(crate) fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if !are_counted() {
        return work();
    }
    let done = thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| panic::resume_unwind(panic))
}

fn file() -> Option<&'static PathBuf> {
    let find = || env::var_os(COUNTS).map(PathBuf::from).filter(|_| valgrind::is_running());
    FILE.get_or_init(find).as_ref()
}

impl Counting {
    /// Prepares to count the body of `tree`; `None` if nothing is counted in this process, or the body is part of another one that
    /// is.
    pub(crate) fn prepare(tree: &'static Tree) -> Option<Self> {
        file()?;
        let address = std::ptr::from_ref(tree) as usize;
        // The body bracket of a test begins afresh inside its test's.
        if ![0, address].contains(&COUNTED.load(Relaxed)) {
            return None;
        }
        valgrind::stop_counting();
        allocator::turn_off();
        COUNTED.store(address, Relaxed);
        if env::var_os(SEEDS).is_none_or(|value| value != "random") {
            sys::fix_random_numbers();
        }
        if thread::current().name() != Some("main") {
            aside(wait_for_main_thread);
        }
        sys::watch_forks();
        let counting = Self { forks: sys::forks(), children: sys::children_usage() };
        READY.store(true, Relaxed);
        Some(counting)
    }

    /// Instructions since the start; `None` if callgrind did not tell.
    pub(crate) fn total(&self) -> Option<u64> {
        valgrind::stop_counting();
        COUNTED.store(0, Relaxed);
        // What a child counts is not the test's.
        if sys::is_forked() {
            return None;
        }
        let mut path = file()?.clone().into_os_string();
        path.push(format!(".{}", DUMPS.fetch_add(1, Relaxed) + 1));
        valgrind::dump_counts();
        total(&mut File::open(path).ok()?)
    }

    /// What the count lacks: what children did.
    pub(crate) fn flags(&self) -> CountFlags {
        if sys::forks() != self.forks {
            return CountFlags::FORK;
        }
        let faults = |usage: Option<ChildUsage>| usage.map(|usage| usage.minor_faults);
        if faults(sys::children_usage()) == faults(self.children) { CountFlags::default() } else { CountFlags::EXEC }
    }
}

/// Starts to count, if that was prepared for: what the caller does next is the body. Whether it was.
#[inline(always)]
pub(crate) fn start() -> bool {
    let is_ready = READY.load(Relaxed) && READY.swap(false, Relaxed);
    if is_ready {
        valgrind::start_counting();
    }
    is_ready
}

/// Counts no more: the body that [`start`] began has ended.
#[inline(always)]
pub(crate) fn stop(is_counted: bool) {
    if is_counted {
        valgrind::stop_counting();
    }
}

/// The number behind `totals:` at the end of a dump.
fn total(file: &mut File) -> Option<u64> {
    const TAIL: i64 = 256;
    let length = i64::try_from(file.metadata().ok()?.len()).ok()?;
    file.seek(SeekFrom::End(-length.min(TAIL))).ok()?;
    let mut tail = String::new();
    file.read_to_string(&mut tail).ok()?;
    tail.lines().find_map(|line| line.strip_prefix("totals: "))?.trim().parse().ok()
}

/// The harness's main thread goes to sleep after it has made the test's thread; what it does until then must not count. It sleeps
/// if it did not run during a step in which nobody else held valgrind's lock.
fn wait_for_main_thread() {
    let path = format!("/proc/self/task/{}/status", process::id());
    let mut before = None;
    for _ in 0..STEPS {
        let Ok(status) = fs::read_to_string(&path) else { return };
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let sleeps = field("State:").is_some_and(|state| state.starts_with('S'));
        let switches = field("voluntary_ctxt_switches:").map(str::to_owned);
        if sleeps && switches.is_some() && switches == before {
            return;
        }
        before = switches.filter(|_| sleeps);
        thread::sleep(STEP);
    }
}
