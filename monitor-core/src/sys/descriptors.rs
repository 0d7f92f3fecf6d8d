//! The recorder's descriptors beside tests that close what is not theirs: a daemon's loop over all numbers, a number
//! closed twice.
//!
//! SQLite takes the lowest free number for each file, which is the first that such a loop finds; and once it is closed, the
//! next file of the test gets that number, and the recorder's pages. So our files get high numbers, and a number is
//! looked at before it is used: whether device and inode behind it still are what was opened. SQLite's VFS has its system
//! calls in a table for that (`xSetSystemCall`). The table is the whole process's: what other threads do with SQLite, and
//! this one outside of [`ours`], goes through untouched.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use monitor_store::Descriptors;
use once_cell::sync::OnceCell;
use rusqlite::ffi;

/// How the recorder's files are guarded.
pub(crate) const GUARDED: Descriptors = Descriptors { raise, intact, lockable };

/// Where ours begin. The kernel's first table of descriptors has 64 places; for a longer one, a process with threads waits
/// until no processor reads the old one, some eight milliseconds.
const LOWEST: c_int = 64 - 20;

/// How long a number counts as ours after it was looked at: the writes of a transaction. To be given it, a test first has to open
/// the forty below it, which takes longer.
const LOOK: Duration = Duration::from_micros(50);

type Open = unsafe extern "C" fn(*const c_char, c_int, c_int) -> c_int;
type Close = unsafe extern "C" fn(c_int) -> c_int;
type Write = unsafe extern "C" fn(c_int, *const c_void, usize) -> isize;
type WriteAt = unsafe extern "C" fn(c_int, *const c_void, usize, i64) -> isize;
type Truncate = unsafe extern "C" fn(c_int, i64) -> c_int;

/// One that SQLite opened for us.
#[derive(Debug, Clone, Copy)]
struct Known {
    number: RawFd,
    device: libc::dev_t,
    inode: libc::ino_t,
    /// Whether some path leads to it.
    is_linked: bool,
    /// When it was last found to be that.
    seen: Instant,
}

static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());

thread_local! {
    /// Whether this thread is inside of [`ours`].
    static OURS: Cell<bool> = const { Cell::new(false) };
}

/// Runs what writes to the recorder's file.
pub(crate) fn ours<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            OURS.set(self.0);
        }
    }
    static PREPARED: OnceCell<()> = OnceCell::new();
    PREPARED.get_or_init(replace_system_calls);
    let _restore = Restore(OURS.replace(true));
    work()
}

fn known() -> MutexGuard<'static, Vec<Known>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same file under a high number; under its own if there is none.
fn raise(file: File) -> File {
    match high(file.as_raw_fd()) {
        // SAFETY: the number was given to us a moment ago, and nobody else knows it.
        Some(number) => File::from(unsafe { OwnedFd::from_raw_fd(number) }),
        None => file,
    }
}

/// A second, high number for what is open under `number`.
fn high(number: RawFd) -> Option<RawFd> {
    // SAFETY: gives out a new number, and changes nothing else.
    let raised = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, LOWEST) };
    (raised >= 0).then_some(raised)
}

fn identity(number: RawFd) -> io::Result<Known> {
    let mut stat = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the place is right for the answer; of a number that is not open, there is an error.
    if unsafe { libc::fstat(number, stat.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has succeeded.
    let stat = unsafe { stat.assume_init() };
    let seen = Instant::now();
    Ok(Known { number, device: stat.st_dev, inode: stat.st_ino, is_linked: stat.st_nlink > 0, seen })
}

impl Known {
    /// Looks what is behind the number; `None` if that is no longer what it was.
    fn look(&mut self) -> Option<Known> {
        let now = identity(self.number).ok().filter(|now| (now.device, now.inode) == (self.device, self.inode))?;
        self.seen = now.seen;
        Some(now)
    }
}

/// An error if something of ours was closed, or the database deleted.
fn intact() -> io::Result<()> {
    // SQLite opens the database before all that belongs to it, some of which it deletes itself.
    for (place, known) in known().iter_mut().enumerate() {
        match known.look() {
            None => return Err(io::Error::other(format!("a test closed its descriptor {}", known.number))),
            Some(now) if place == 0 && known.is_linked && !now.is_linked => {
                return Err(io::ErrorKind::NotFound.into());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// An error if the system refuses to tell of locks, as a filter of system calls does.
fn lockable() -> io::Result<()> {
    let Some(known) = known().first().copied() else { return Ok(()) };
    // SAFETY: all zeroes is a valid `flock`: it asks for the whole file.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as _;
    // SAFETY: asks about locks, and takes none.
    match unsafe { libc::fcntl(known.number, libc::F_GETLK, &raw mut lock) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// What SQLite would call without us.
#[derive(Debug, Clone, Copy)]
struct Originals {
    open: Option<Open>,
    close: Option<Close>,
    write: Option<Write>,
    pwrite: Option<WriteAt>,
    pwrite64: Option<WriteAt>,
    ftruncate: Option<Truncate>,
}

static ORIGINALS: OnceCell<Originals> = OnceCell::new();

/// SQLite's `sqlite3_vfs`, of which the oldest bindings that rusqlite may bring lack the end.
#[repr(C)]
struct Vfs {
    version: c_int,
    numbers: [c_int; 2],
    pointers: [*const c_void; 3],
    calls: [Option<unsafe extern "C" fn()>; 13],
    set_system_call: Option<unsafe extern "C" fn(*mut Vfs, *const c_char, Option<unsafe extern "C" fn()>) -> c_int>,
    get_system_call: Option<unsafe extern "C" fn(*mut Vfs, *const c_char) -> Option<unsafe extern "C" fn()>>,
}

/// Puts ours in the place of the system calls of SQLite's default VFS, where it has them.
fn replace_system_calls() {
    // SAFETY: asks for the default VFS, which lives as long as the process.
    let vfs: *mut Vfs = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) }.cast();
    // SAFETY: the pointer is null or right, and its first field in every version the same.
    if vfs.is_null() || unsafe { (*vfs).version } < 3 {
        return;
    }
    // SAFETY: since version 3 there are these fields.
    let (Some(get), Some(set)) = (unsafe { ((*vfs).get_system_call, (*vfs).set_system_call) }) else { return };
    let original = |name: &CStr| {
        // SAFETY: name and VFS are right.
        unsafe { get(vfs, name.as_ptr()) }
    };
    macro_rules! replace {
        ($($field:ident: $call:ty = $name:literal by $ours:ident),* $(,)?) => {
            let originals = Originals { $($field: original($name).map(|call| {
                // SAFETY: SQLite documents the type of each entry by its own cast of it, which is this one.
                unsafe { std::mem::transmute::<unsafe extern "C" fn(), $call>(call) }
            })),* };
            if ORIGINALS.set(originals).is_ok() {
                $(if originals.$field.is_some() {
                    let ours: $call = $ours;
                    // SAFETY: as above; ours does what the one in its place does.
                    unsafe {
                        let ours = std::mem::transmute::<$call, unsafe extern "C" fn()>(ours);
                        set(vfs, $name.as_ptr(), Some(ours));
                    }
                })*
            }
        };
    }
    replace! {
        open: Open = c"open" by open,
        close: Close = c"close" by close,
        write: Write = c"write" by write,
        pwrite: WriteAt = c"pwrite" by pwrite,
        pwrite64: WriteAt = c"pwrite64" by pwrite64,
        ftruncate: Truncate = c"ftruncate" by ftruncate,
    }
}

/// Whether this thread is at work on our file.
fn is_ours() -> bool {
    OURS.try_with(Cell::get).unwrap_or(false)
}

/// Whether `number` is no longer what we know it as.
fn is_lost(number: c_int) -> bool {
    let was_seen_now = |known: &Known| known.seen.elapsed() < LOOK;
    is_ours()
        && known().iter_mut().any(|known| known.number == number && !was_seen_now(known) && known.look().is_none())
}

/// What a call on a lost number answers: as if it were closed, and nothing behind it.
fn refuse() {
    // SAFETY: there is no number -1, which is what the call says (EBADF).
    unsafe { libc::close(-1) };
}

unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_int) -> c_int {
    let Some(original) = ORIGINALS.get().and_then(|there| there.open) else { return -1 };
    // SAFETY: as SQLite called us.
    let number = unsafe { original(path, flags, mode) };
    if number < 0 || !is_ours() {
        return number;
    }
    let number = match high(number) {
        Some(raised) => {
            // SAFETY: the number is ours, and SQLite does not know it. It has no lock yet, which this would release.
            unsafe { libc::close(number) };
            raised
        }
        None => number,
    };
    if let Ok(identity) = identity(number) {
        let mut known = known();
        known.retain(|known| known.number != number);
        known.push(identity);
    }
    number
}

unsafe extern "C" fn close(number: c_int) -> c_int {
    let Some(original) = ORIGINALS.get().and_then(|there| there.close) else { return -1 };
    let lost = is_lost(number);
    if is_ours() {
        known().retain(|known| known.number != number);
    }
    if lost {
        return 0;
    }
    // SAFETY: as SQLite called us.
    unsafe { original(number) }
}

/// Ours for a call that changes what is behind a number: the original one, or an error if the number is lost.
macro_rules! guarded {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {$(
        unsafe extern "C" fn $name(number: c_int, $($argument: $kind),*) -> $answer {
            let original = ORIGINALS.get().and_then(|there| there.$name);
            let Some(original) = original.filter(|_| !is_lost(number)) else {
                refuse();
                return -1;
            };
            // SAFETY: as SQLite called us.
            unsafe { original(number, $($argument),*) }
        }
    )*};
}

guarded! {
    write(from: *const c_void, length: usize) -> isize;
    pwrite(from: *const c_void, length: usize, at: i64) -> isize;
    pwrite64(from: *const c_void, length: usize, at: i64) -> isize;
    ftruncate(length: i64) -> c_int;
}
