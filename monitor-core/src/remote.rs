//! Rows to a server when the process ends. The file has them already, and a queue beside it what was not sent yet.

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use monitor_client::Server;
use monitor_client::queue::{Queue, QueueError};

use crate::config::Config;

/// How long a process may wait for the server, and for others that send.
const PATIENCE: Duration = Duration::from_secs(2);

/// Notes that a session is to be sent. Returns what went wrong, for the user.
pub(crate) fn expect(config: &Config, session_h: &str) -> Option<String> {
    at(config, |queue, server| queue.add(server, session_h, PATIENCE))
}

/// Sends what waits. Returns what went wrong, for the user.
pub(crate) fn deliver(config: &Config, session_h: &str) -> Option<String> {
    at(config, |queue, server| queue.deliver(server, Some(session_h), PATIENCE))
}

fn at(config: &Config, work: impl FnOnce(&Queue, &Server) -> Result<(), QueueError>) -> Option<String> {
    let (Some((address, token)), Some(path)) = (&config.remote, &config.database) else { return None };
    let done = panic::catch_unwind(AssertUnwindSafe(|| {
        let server = Server::at(address, token.clone(), Some(PATIENCE))?;
        work(&Queue::beside(path), &server)
    }));
    let reason = match done {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "an error in the recorder itself (see the panic above); please report it".to_owned(),
    };
    Some(format!(
        "MONITOR_REMOTE: {reason}; the file has the rows, and the next run or `cargo monitor push` sends them"
    ))
}
