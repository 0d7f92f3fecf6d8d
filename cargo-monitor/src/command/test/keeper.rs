//! Rows of tests under nextest, brought into the file while their processes run, which then need not open it.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use monitor_store::{Descriptors, Siblings, StoreError, Writer, hash_hex};

use crate::output;

/// How long rows wait at most.
const PAUSE: Duration = Duration::from_secs(1);

/// Does `work`, in which tests of the session run. All of their rows are in the file when it returns.
pub(super) fn beside<T>(file: &Path, session: &str, work: impl FnOnce() -> T) -> T {
    let session_h = hash_hex(["session", session]);
    let Some(siblings) = Siblings::join(file, &session_h, true, Descriptors::UNGUARDED) else {
        // They open the file themselves.
        return work();
    };
    let (running, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                // What does not succeed now is told at the end.
                let _ = siblings.tend(|| bring(file));
            }
            if let Err(error) = siblings.leave(|| false, || bring(file)) {
                output::note(&format!("{error}; rows wait in spool files beside it, which the next command imports"));
            }
        });
        let _running = running;
        work()
    })
}

fn bring(file: &Path) -> Result<usize, StoreError> {
    let mut writer = Writer::open(file)?;
    let files = writer.bring()?;
    writer.kept().iter().for_each(|kept| output::note(kept));
    writer.close(true)?;
    Ok(files)
}
