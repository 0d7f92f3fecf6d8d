//! What is in the journal goes into the file here, beside the writer: a commit never waits for it.
//!
//! A commit that overwrites the journal is safe on the disk in half the time of one that makes it longer. So the writer
//! itself does the last of it, when that is little: then the next commit begins the journal anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::{fs, thread};

use rusqlite::Connection;

use super::super::{StoreError, Wait};
use super::connection::connect;

/// Rows and commits after which it is worth while.
const WORTH: usize = 1_000;
/// Rows and commits of which the writer itself does the last of it.
const LITTLE: usize = 100;
/// How often it is tried to leave only so little: each time there is less, unless the writer is quicker than the disk.
const PASSES: usize = 4;
/// Bytes of the journal from which the writer has to wait: the disk does not keep up.
const TOO_MUCH: u64 = 1 << 30;

/// The thread that does it; it ends with this.
#[derive(Debug)]
pub(super) struct Checkpoints {
    journal: PathBuf,
    wake: SyncSender<()>,
    left: Arc<Left>,
}

/// What is in the journal only.
#[derive(Debug, Default)]
struct Left {
    /// Rows and commits since the last pass began.
    since: AtomicUsize,
    /// Whether that is little.
    is_little: AtomicBool,
}

impl Checkpoints {
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = connect(path)?;
        let journal = PathBuf::from(format!("{}-wal", path.display()));
        let (wake, woken): (_, Receiver<()>) = sync_channel(1);
        let left = Arc::<Left>::default();
        let of_thread = Arc::clone(&left);
        thread::spawn(move || {
            while woken.recv().is_ok() {
                of_thread.reduce(&connection);
            }
        });
        Ok(Self { journal, wake, left })
    }

    /// Told of each commit of the writer, with its rows.
    pub(super) fn committed(&self, writer: &Connection, rows: usize, wait: Wait) {
        let since = self.left.since.fetch_add(1 + rows, Relaxed) + 1 + rows;
        if self.left.is_little.swap(false, AcqRel) {
            checkpoint(writer, "PASSIVE");
        }
        // If it is at work, the next commit wakes it.
        if since > WORTH && self.wake.try_send(()).is_ok() {
            self.left.since.store(0, Relaxed);
            let is_too_much = || fs::metadata(&self.journal).is_ok_and(|journal| journal.len() > TOO_MUCH);
            if wait == Wait::Yes && is_too_much() {
                checkpoint(writer, "TRUNCATE");
            }
        }
    }
}

impl Left {
    fn reduce(&self, connection: &Connection) {
        for _ in 0..PASSES {
            self.since.store(0, Relaxed);
            // Readers may hold some of it back; the next time takes that too.
            checkpoint(connection, "PASSIVE");
            if self.since.load(Relaxed) < LITTLE {
                self.is_little.store(true, Release);
                return;
            }
        }
    }
}

/// Takes over all that is in the journal of a database.
pub(in crate::store) fn empty_journal(path: &Path) -> Result<(), StoreError> {
    checkpoint(&connect(path)?, "TRUNCATE");
    Ok(())
}

/// What was asked for is committed; a failure here shows at the next commit.
fn checkpoint(connection: &Connection, mode: &str) {
    let _ = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::store::sqlite::Sqlite;
    use crate::store::{Figures, Run, Store as _, Wait, Write};

    /// How often the journal was begun anew, as its head says.
    fn begun(journal: &Path) -> u32 {
        let mut head = [0; 16];
        fs::File::open(journal).and_then(|mut file| file.read_exact(&mut head)).expect("a journal with a head");
        u32::from_be_bytes([head[12], head[13], head[14], head[15]])
    }

    #[test]
    fn the_journal_is_begun_anew_while_commits_go_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("monitor.db");
        let store = Sqlite::open(&file).expect("a database");
        let journal = folder.path().join("monitor.db-wal");
        let first = begun(&journal);
        let mut commits = 0..20_000;
        let is_begun_anew = commits.any(|number: usize| {
            let run = Run { start: number.to_string(), figures: Some(Figures::default()), ..Run::default() };
            let request = Write { project: "p".to_owned(), runs: vec![run], append: true, ..Write::default() };
            store.write(&[&request], Wait::No).expect("it is stored");
            begun(&journal) != first
        });
        assert!(is_begun_anew, "each commit made it longer: {:?}", fs::metadata(&journal));
    }
}
