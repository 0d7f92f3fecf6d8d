//! Connections that wait for their next use.

use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use postgres::config::{Host, TargetSessionAttrs};
use postgres::{Client, Config};

use super::super::StoreError;
use super::encryption::Encryption;
use super::failure::{chain, explain};

/// A host that does not answer must not hold up the next one of the list for long.
const CONNECT: Duration = Duration::from_secs(3);
/// Idle connections that are kept.
const IDLE: usize = 12;
/// Each query's deadline, and the end of groups' marks that nobody will look for any more.
const PREPARE: &str = "SET statement_timeout = '30s'; DELETE FROM commits WHERE at < now() - interval '1 hour'";

#[derive(Debug)]
pub(super) struct Connections {
    config: Config,
    encryption: Encryption,
    idle: Mutex<Vec<Idle>>,
}

struct Idle(Client);

impl std::fmt::Debug for Idle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Idle")
    }
}

impl Connections {
    pub(super) fn new(url: &str) -> Result<Self, StoreError> {
        let unfit = |said: &str| StoreError::Unfit(format!("{said}: write postgres://USER:PASSWORD@HOST/NAME"));
        let (encryption, url) = Encryption::of_address(url).map_err(|reason| unfit(&reason))?;
        let mut config = Config::from_str(&url).map_err(|error| unfit(&chain(&error)))?;
        encryption.mode.iter().for_each(|mode| {
            config.ssl_mode(*mode);
        });
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(unfit("the database's address names no host"));
        }
        config.application_name("monitor-server").connect_timeout(CONNECT).tcp_user_timeout(Duration::from_secs(10));
        // Also where the URL does not ask for it: of several hosts only one can be written to.
        if config.get_hosts().len() > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Ok(Self { config, encryption, idle: Mutex::default() })
    }

    /// Where the database is, for people: its hosts and ports.
    pub(super) fn place(&self) -> String {
        let ports = self.config.get_ports();
        let places = self.config.get_hosts().iter().enumerate().map(|(index, host)| {
            let port = ports.get(index).or(ports.first()).unwrap_or(&5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => format!("{}/.s.PGSQL.{port}", folder.display()),
            }
        });
        places.collect::<Vec<_>>().join(", ")
    }

    /// Lends a connection; one that failed is not kept.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Client) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = std::iter::from_fn(|| idle().pop()).map(|idle| idle.0).find(|client| !client.is_closed());
        let mut client = match taken {
            Some(client) => client,
            None => self.open()?,
        };
        let done = work(&mut client);
        let mut idle = idle();
        if done.is_ok() && idle.len() < IDLE {
            idle.push(Idle(client));
        } else if let Err(StoreError::Unavailable(_)) = done {
            // The others lead to the same server.
            idle.clear();
        }
        done
    }

    fn open(&self) -> Result<Client, StoreError> {
        let mut client = self.config.connect(self.encryption.clone()).map_err(|error| match explain(error) {
            // Whatever a server says that can't be reached as it should: it may be starting, or wait for its fail-over.
            StoreError::Broken(reason) if !reason.contains("authentication") => StoreError::Unavailable(reason),
            other => other,
        })?;
        // Before the first migration there is no such table.
        if client.batch_execute(PREPARE).is_err() {
            client.batch_execute("SET statement_timeout = '30s'").map_err(explain)?;
        }
        Ok(client)
    }
}
