//! A copy of a project in a `.pymon` file, so that whatever reads a file reads a server too.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use monitor_store::{Monitor, StoreError, Writer, hash_hex};

use crate::error::ClientError;
use crate::server::Server;
use crate::target::{Target, TargetError};
use crate::wire::{Batch, Listed};

/// Why a project can't be copied.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The server.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The file does not take what came.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder of the copies.
    #[error("{0}: {1}")]
    Folder(PathBuf, #[source] io::Error),
    /// A session of the server can't be read.
    #[error("session {session_h} from {server} cannot be read: {reason}")]
    Session {
        /// The server.
        server: String,
        /// The session.
        session_h: String,
        /// What is wrong.
        reason: String,
    },
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many sessions are to come.
    ToCome(usize),
    /// One of them is there.
    Done,
}

/// Sessions by their identifiers, with a hash of all that the server's list said of them: one that has as many rows may have
/// ended, or a test of it that was thought to have crashed.
type Known = BTreeMap<String, String>;

/// Brings the copy of a project up to date and opens it. Only what is new is fetched. `progress` is told how
/// far it is.
///
/// # Errors
///
/// If the server does not give it, or the folder does not take it.
pub fn open(server: &Server, folder: &Path, progress: impl FnMut(Step)) -> Result<Monitor, MirrorError> {
    let explain = |path: &Path| {
        let path = path.to_owned();
        move |error| MirrorError::Folder(path, error)
    };
    fs::create_dir_all(folder).map_err(explain(folder))?;
    let name = hash_hex([server.address()]);
    let at = |extension: &str| folder.join(format!("{name}.{extension}"));
    // Another command may do the same.
    let lock = File::create(at("lock")).and_then(|file| file.lock().map(|()| file)).map_err(explain(folder))?;
    let (file, list) = (at("pymon"), at("json"));
    let known: Known = fs::read(&list).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
    let known = if file.exists() { known } else { Known::new() };
    if known.is_empty() {
        remove(&file).map_err(explain(&file))?;
    }
    let listed = server.sessions()?;
    let fresh = sync(server, &file, &known, &listed, progress)?;
    let json = serde_json::to_vec(&fresh).unwrap_or_default();
    fs::write(&list, json).map_err(explain(&list))?;
    let monitor = Monitor::open(&file)?;
    drop(lock);
    Ok(monitor)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Deletes what is gone or has grown, and fetches what is missing.
fn sync(
    server: &Server,
    file: &Path,
    known: &Known,
    listed: &[Listed],
    mut progress: impl FnMut(Step),
) -> Result<Known, MirrorError> {
    let said = |listed: &Listed| hash_hex([&serde_json::to_string(listed).unwrap_or_default()]);
    let fresh: Known = listed.iter().map(|listed| (listed.session.session_h.clone(), said(listed))).collect();
    let stale: Vec<_> = known.iter().filter(|(h, said)| fresh.get(*h) != Some(said)).map(|(h, _)| h).collect();
    if !stale.is_empty() {
        let mut writer = Writer::open(file)?;
        writer.delete_sessions(&stale)?;
        writer.close(true)?;
    }
    let missing: Vec<_> =
        listed.iter().map(|listed| &listed.session.session_h).filter(|h| known.get(*h) != fresh.get(*h)).collect();
    progress(Step::ToCome(missing.len()));
    fetch(server, file, &missing, progress)?;
    Ok(fresh)
}

/// Writes sessions of a server to a file that does not have them.
///
/// # Errors
///
/// As [`open`].
pub fn fetch<S: AsRef<str>>(
    server: &Server,
    file: &Path,
    sessions: &[S],
    mut progress: impl FnMut(Step),
) -> Result<(), MirrorError> {
    let mut target = Target::open(file)?;
    for session_h in sessions.iter().map(AsRef::as_ref) {
        let bytes = server.session(session_h)?;
        let batch = Batch::from_lines(&bytes).map_err(|(_, error)| MirrorError::Session {
            server: server.address().to_owned(),
            session_h: session_h.to_owned(),
            reason: error.to_string(),
        })?;
        target.write(batch)?;
        progress(Step::Done);
    }
    Ok(target.close()?)
}
