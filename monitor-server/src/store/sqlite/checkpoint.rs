//! What is in the journal goes into the file here, beside the writer: a commit never waits for it.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::{fs, thread};

use super::super::StoreError;
use super::connection::connect;

/// Rows after which it is worth while: some 10 MB of the journal.
const WORTH: usize = 5_000;
/// Bytes of the journal from which the writer has to wait: the disk does not keep up.
pub(super) const TOO_MUCH: u64 = 1 << 30;

/// The thread that does it; it ends with this.
#[derive(Debug)]
pub(super) struct Checkpoints {
    journal: PathBuf,
    wake: SyncSender<()>,
    /// Rows since it was woken.
    rows: AtomicUsize,
}

impl Checkpoints {
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = connect(path)?;
        let journal = PathBuf::from(format!("{}-wal", path.display()));
        let (wake, woken): (_, Receiver<()>) = sync_channel(1);
        thread::spawn(move || {
            while woken.recv().is_ok() {
                // Readers may hold some of it back; the next time takes that too.
                let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            }
        });
        Ok(Self { journal, wake, rows: AtomicUsize::new(0) })
    }

    /// Told of each commit with its rows; returns the bytes of the journal.
    pub(super) fn committed(&self, rows: usize) -> u64 {
        let waiting = self.rows.fetch_add(rows, Relaxed) + rows;
        // If it is at work, the next commit wakes it.
        if waiting > WORTH && self.wake.try_send(()).is_ok() {
            self.rows.store(0, Relaxed);
        }
        fs::metadata(&self.journal).map_or(0, |metadata| metadata.len())
    }
}
