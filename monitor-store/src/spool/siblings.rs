//! Processes of one session that live beside each other, one of which brings the rows of all into the file.
//!
//! Each holds a shared lock on `<db>.siblings-<session>` while it lives. A process that ends first lets go of its spool file, then of
//! that lock, and then tries to lock alone. If it can, nobody else is bound to import what waits, and it does so itself; if not,
//! there is somebody who comes to the same point later, or who is just there and looks for spool files after this one was let go of.
//! So the last one finds nobody else. If somebody is killed before that point, the rows wait for whoever opens the file next.
//!
//! Who finds itself alone may also leave what waits to a process that has not joined, if that is sure to come to the same point: each
//! tells that it is there before it tries to lock, and who looks for those that have not told holds no lock meanwhile.
//!
//! The lines of the file spare a process the question what the `.pymon` file knows of its like.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use super::import;
use crate::descriptors::{Descriptors, Held};
use crate::error::StoreError;
use crate::filesystem;
use crate::place;

/// Rows wait no longer than this, as long as tests end.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A process that does not get in brings its rows into the file itself, at its own cost.
const JOINING_ATTEMPTS: u32 = 5;
const JOINING_PAUSE: Duration = Duration::from_micros(200);

/// The lock of a process on the file by which its siblings know of it.
#[derive(Debug)]
pub struct Siblings {
    file: Held,
    path: PathBuf,
    db: PathBuf,
    /// What stood in the file when this process joined.
    told: String,
}

/// What a process learns when it registers, which holds for its like too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The execution context.
    pub env_h: String,
    /// The offset of the clock of the run's first process, microseconds.
    pub clock_offset_us: Option<i64>,
}

impl Siblings {
    /// Joins those of the session; without `may_be_first` only if there is one already. `None` also where locks cannot be
    /// had: the process then brings its rows into the file itself.
    #[must_use]
    pub fn join(db: &Path, session_h: &str, may_be_first: bool, descriptors: Descriptors) -> Option<Self> {
        let path = path_of(db, session_h);
        for _ in 0..JOINING_ATTEMPTS {
            let mut file = match open(&path, false) {
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound && may_be_first && !filesystem::is_network(db) =>
                {
                    open(&path, true).ok()?
                }
                result => result.ok()?,
            };
            match file.try_lock_shared() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    // Somebody has just found that it is alone, and is about to remove the file.
                    thread::sleep(JOINING_PAUSE);
                    continue;
                }
                Err(TryLockError::Error(_)) => return None,
            }
            let mut told = String::new();
            file.read_to_string(&mut told).ok()?;
            let file = Held::new((descriptors.raise)(file));
            if file.is_at(&path) {
                return Some(Self { file, path, db: db.to_owned(), told });
            }
        }
        None
    }

    /// Those of the session that live, for a process that has not joined them and ends: they may have left their rows to it. `None` if
    /// there are none.
    #[must_use]
    pub fn pass_by(db: &Path, session_h: &str) -> Option<Self> {
        let path = path_of(db, session_h);
        let file = Held::new(open(&path, false).ok()?);
        Some(Self { file, path, db: db.to_owned(), told: String::new() })
    }

    /// What a process of the same `kind` has told.
    #[must_use]
    pub fn registered(&self, kind: &str) -> Option<Registered> {
        let kind = self.beside_this_file(kind);
        self.told.lines().find_map(|line| {
            let (told, rest) = line.rsplit_once('\t')?;
            let (told, env_h) = told.rsplit_once('\t')?;
            let clock_offset_us = if rest == "-" { None } else { Some(rest.parse().ok()?) };
            (told == kind).then(|| Registered { env_h: env_h.to_owned(), clock_offset_us })
        })
    }

    /// Tells those that join from now on what holds for processes of this `kind`, a text without line breaks.
    pub fn tell(&mut self, kind: &str, registered: &Registered) {
        let offset = registered.clock_offset_us.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
        let line = format!("{}\t{}\t{offset}\n", self.beside_this_file(kind), registered.env_h);
        if self.file.is_intact() {
            // If it cannot be told, others ask themselves.
            let _ = self.file.write(&line);
        }
    }

    /// What was told of a database that was moved or deleted since does not hold for the one in its place.
    fn beside_this_file(&self, kind: &str) -> String {
        format!("{kind} {:?}", place::identity(&self.db).ok())
    }

    /// Brings rows into the file if some are due, for a process that stays. `bring` is [`Writer::bring`](crate::Writer::bring).
    ///
    /// # Errors
    ///
    /// What `bring` says.
    pub fn tend(&self, bring: impl FnOnce() -> Result<usize, StoreError>) -> Result<(), StoreError> {
        self.touch();
        if import::is_due(&self.db) { bring().map(drop) } else { Ok(()) }
    }

    /// The process ends, and has let go of its spool file. If nobody else is bound to import what waits, or if it waits for long,
    /// `bring` is called, which is [`Writer::bring`](crate::Writer::bring). `comes` says whether a process is sure to call this after
    /// it was asked; this one must have told the same of itself.
    ///
    /// # Errors
    ///
    /// What `bring` says. The rows then wait for whoever opens the file next.
    pub fn leave(
        self,
        mut comes: impl FnMut() -> bool,
        mut bring: impl FnMut() -> Result<usize, StoreError>,
    ) -> Result<(), StoreError> {
        let mut vain = 0;
        while vain < 2 {
            let Some(file) = self.file.intact() else { return bring().map(drop) };
            let _ = file.unlock();
            let is_alone = filesystem::try_alone(file).and_then(|is_alone| {
                let _ = file.unlock();
                Ok(is_alone && !comes() && filesystem::try_alone(file)?)
            });
            match is_alone {
                Ok(true) => {}
                Ok(false) if !self.is_late() => return Ok(()),
                Ok(false) => {
                    self.touch();
                    return bring().map(drop);
                }
                Err(_) => return bring().map(drop),
            }
            if !import::is_due(&self.db) {
                if self.file.is_at(&self.path) {
                    let _ = fs::remove_file(&self.path);
                }
                self.file.unlock();
                return Ok(());
            }
            // To be seen by those that end while this one is at work; what they leave is looked for afterwards.
            let _ = file.unlock();
            let _ = file.try_lock_shared();
            vain += usize::from(bring()? == 0);
        }
        Ok(())
    }

    fn is_late(&self) -> bool {
        let touched = self.file.intact().and_then(|file| file.metadata().ok()?.modified().ok());
        touched.is_none_or(|touched| touched.elapsed().is_ok_and(|age| age > LONGEST_WAIT))
    }

    /// What waits is looked after.
    fn touch(&self) {
        let _ = self.file.intact().map(|file| file.set_modified(SystemTime::now()));
    }
}

/// Between the names of the database and of the session.
const INFIX: &str = ".siblings-";

fn path_of(db: &Path, session_h: &str) -> PathBuf {
    filesystem::beside(db, &format!("{INFIX}{session_h}"))
}

fn open(path: &Path, create: bool) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(create).open(path)
}

/// Removes what sessions leave that were killed. The caller then imports: a process that ends meanwhile may take this for one of
/// its like.
pub(crate) fn clear(db: &Path) {
    for path in filesystem::named(db, INFIX, |_| true) {
        let alone = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if alone {
            let _ = fs::remove_file(&path);
        }
    }
}
