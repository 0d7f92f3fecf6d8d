//! What tests have still to send: a small file beside the `.pymon`, which holds the rows themselves.
//!
//! For each server it says up to which row each session was acknowledged. A session leaves it when all of it was.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use monitor_store::{Monitor, StoreError, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::ClientError;
use crate::server::Server;
use crate::wire::Batch;

/// How long a server is left alone that did not answer: hundreds of processes may end one after another.
const REST_S: f64 = 30.0;
/// Pause before the file's lock is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// What waits for each server, by its address.
type Waiting = BTreeMap<String, Line>;

/// What waits for one server.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Line {
    /// By session, the mark of [`Monitor::tests_since`] up to which it was acknowledged.
    sessions: BTreeMap<String, i64>,
    /// When the server did not answer.
    #[serde(default)]
    failed_at: Option<String>,
}

/// Why not everything was sent.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The server.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The file with the rows.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue itself.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
}

/// The queue of a `.pymon` file.
#[derive(Debug)]
pub struct Queue {
    database: PathBuf,
    file: PathBuf,
}

impl Queue {
    /// The one beside a `.pymon` file.
    #[must_use]
    pub fn beside(database: &Path) -> Self {
        let mut file = database.as_os_str().to_owned();
        file.push(".unsent");
        Self { database: database.to_owned(), file: file.into() }
    }

    /// From now on a session is to be sent to a server.
    ///
    /// # Errors
    ///
    /// [`QueueError::File`].
    pub fn add(&self, server: &Server, session_h: &str, patience: Duration) -> Result<(), QueueError> {
        self.change(patience, |waiting| {
            join(waiting, server, session_h);
            Ok(())
        })
    }

    /// Sends what waits for a server; nothing while it is left alone. `current` stays in the queue: more of it may come.
    ///
    /// # Errors
    ///
    /// If something was not sent: it stays in the queue.
    pub fn deliver(&self, server: &Server, current: Option<&str>, patience: Duration) -> Result<(), QueueError> {
        self.change(patience, |waiting| {
            if let Some(current) = current {
                // Another run may have taken it for one that is over.
                join(waiting, server, current);
            }
            let Some(line) = waiting.get_mut(server.address()) else { return Ok(()) };
            let rests = |at: &str| at.parse::<Timestamp>().is_ok_and(|at| Timestamp::now().seconds_since(at) < REST_S);
            if line.failed_at.as_deref().is_some_and(rests) {
                return Ok(());
            }
            let sent = send(server, &Monitor::open(&self.database)?, &mut line.sessions, current);
            line.failed_at = sent.is_err().then(|| Timestamp::now().to_string());
            sent
        })
    }

    /// Sessions were sent by other means: those of a file that is whole.
    ///
    /// # Errors
    ///
    /// [`QueueError::File`].
    pub fn forget(&self, server: &Server, sessions: &[String], patience: Duration) -> Result<(), QueueError> {
        if !self.file.exists() {
            return Ok(());
        }
        self.change(patience, |waiting| {
            if let Some(line) = waiting.get_mut(server.address()) {
                line.sessions.retain(|session_h, _| !sessions.contains(session_h));
            }
            Ok(())
        })
    }

    /// Changes the file under a lock. Whatever `change` says, what it changed is kept.
    fn change(
        &self,
        patience: Duration,
        change: impl FnOnce(&mut Waiting) -> Result<(), QueueError>,
    ) -> Result<(), QueueError> {
        let explain = |error| QueueError::File(self.file.clone(), error);
        let file = File::options().create(true).truncate(false).write(true).read(true).open(&self.file);
        let file = file.map_err(explain)?;
        let end = Instant::now() + patience;
        while file.try_lock().is_err() {
            // Who holds it sends what is ours too, or the next one does.
            if Instant::now() > end {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        let text = fs::read(&self.file).map_err(explain)?;
        let mut waiting: Waiting = serde_json::from_slice(&text).unwrap_or_default();
        let changed = change(&mut waiting);
        waiting.retain(|_, line| !line.sessions.is_empty());
        fs::write(&self.file, serde_json::to_vec(&waiting).unwrap_or_default()).map_err(explain)?;
        changed
    }
}

fn join(waiting: &mut Waiting, server: &Server, session_h: &str) {
    waiting.entry(server.address().to_owned()).or_default().sessions.entry(session_h.to_owned()).or_insert(0);
}

fn send(
    server: &Server,
    monitor: &Monitor,
    sessions: &mut BTreeMap<String, i64>,
    current: Option<&str>,
) -> Result<(), QueueError> {
    let names: Vec<String> = sessions.keys().cloned().collect();
    for session_h in names {
        let is_current = current == Some(&session_h);
        let mark = sessions.get(&session_h).copied().unwrap_or(0);
        let Some(session) = monitor.session(&session_h)? else {
            sessions.remove(&session_h);
            continue;
        };
        let (tests, now) = monitor.tests_since(&session_h, mark)?;
        if !tests.is_empty() {
            match server.push(&Batch::of(monitor, session, tests, !is_current)?) {
                // It will never take that.
                Err(error @ ClientError::Refused { status: 400 | 409 | 413, .. }) => {
                    sessions.remove(&session_h);
                    return Err(error.into());
                }
                result => result?,
            };
        }
        if is_current {
            sessions.insert(session_h, now);
        } else {
            sessions.remove(&session_h);
        }
    }
    Ok(())
}
