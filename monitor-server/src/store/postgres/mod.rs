//! PostgreSQL: several servers may share one database.
//!
//! Statements are never prepared under a name, and nothing outlives a transaction but one setting of the session, so that
//! PgBouncer may lend its connections by the transaction.

mod connections;
mod encryption;
mod failure;
mod migrate;
mod statements;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use self::connections::Connections;
use self::failure::explain;
use super::cells::Cells;
use super::described;
use super::figures;
use super::sql::{Dialect, Sql, sweep};
use super::{Outcome, Store, StoreError, Wait, Write, Writers};

/// Groups that are written at once.
const WRITERS: usize = 4;
/// How long the fate of a group whose commit was not answered is looked for.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);
/// How often a group is tried of which others store the same at the same time.
const CROSSINGS: usize = 20;
/// Rows after which PostgreSQL is told to look at what it has, and again after so many times as many: its own daemon comes by
/// once a minute, and a plan made for empty tables may take longer than that. It looks at few rows: it is to know which tables are
/// large, and the daemon looks closer.
const FIRST_LOOK: u64 = 1_000;
const LOOK_AGAIN: u64 = 8;
const LOOK: &str = "BEGIN; SET LOCAL default_statistics_target = 10; \
    ANALYZE labels, profiles, runs, sessions, session_tags, tallies, test_blocks, tests; COMMIT";

/// The tests of sessions that are deleted.
const GOING: &str = "CREATE TEMP TABLE going (test BIGINT, key BIGINT, block BIGINT) ON COMMIT DROP";

/// A PostgreSQL database.
#[derive(Debug)]
pub struct Postgres {
    connections: Arc<Connections>,
    figures: figures::Memory,
    names: write::Memory,
    /// Rows since the start, and how many there are when PostgreSQL is to look at them.
    stored: AtomicU64,
    look_at: AtomicU64,
}

impl Postgres {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    ///
    /// If that is not possible, or the schema is of a newer version.
    pub fn connect(url: &str) -> Result<Self, StoreError> {
        let postgres = Self {
            connections: Arc::new(Connections::new(url)?),
            figures: figures::Memory::default(),
            names: write::Memory::default(),
            stored: AtomicU64::new(0),
            look_at: AtomicU64::new(FIRST_LOOK),
        };
        postgres.connections.with(migrate::migrate).map_err(|error| match error {
            StoreError::Unavailable(reason) => {
                StoreError::Unavailable(format!("PostgreSQL at {}: {reason}", postgres.connections.place()))
            }
            other => other,
        })?;
        Ok(postgres)
    }

    fn look(&self, requests: &[&Write]) {
        let rows: usize = requests.iter().map(|request| request.runs.len()).sum();
        let stored = self.stored.fetch_add(rows as u64, Relaxed) + rows as u64;
        let due = self.look_at.load(Relaxed);
        if stored >= due && self.look_at.compare_exchange(due, LOOK_AGAIN * stored, Relaxed, Relaxed).is_ok() {
            let connections = Arc::clone(&self.connections);
            // Whoever stores does not wait for it; if it can't be done, the daemon does it.
            std::thread::spawn(move || connections.with(|client| client.batch_execute(LOOK).map_err(explain)));
        }
    }
}

impl Store for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn query(&self, sql: &Sql, each: &mut dyn FnMut(Cells)) -> Result<(), StoreError> {
        self.connections.with(|client| statements::query(client, sql, each).map_err(explain))
    }

    fn execute(&self, sql: &Sql) -> Result<u64, StoreError> {
        self.connections.with(|client| statements::execute(client, sql).map_err(explain))
    }

    fn remembered(&self) -> &figures::Memory {
        &self.figures
    }

    fn write(&self, requests: &[&Write], _: Wait) -> Result<Vec<Outcome>, StoreError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| StoreError::Broken(error.to_string()))?;
        let mut unanswered = None;
        let until = Instant::now() + PATIENCE;
        let mut crossings = 0;
        loop {
            match self.connections.with(|client| write::group(client, &self.names, &id, requests)) {
                Ok(write::Fate::Committed(outcomes)) => {
                    self.look(requests);
                    return Ok(outcomes);
                }
                // The answer to the commit was lost. If it was carried out, its mark stands in the way of the next try.
                Ok(write::Fate::Unknown(outcomes)) => unanswered = Some(outcomes),
                Ok(write::Fate::Before) => match unanswered {
                    Some(outcomes) => return Ok(outcomes),
                    None => return Err(StoreError::Broken("two groups have the same mark".to_owned())),
                },
                Ok(write::Fate::Crossed) if crossings < CROSSINGS => {
                    crossings += 1;
                    continue;
                }
                Ok(write::Fate::Crossed) => {
                    return Err(StoreError::Broken("others store the same rows again and again".to_owned()));
                }
                Err(StoreError::Unavailable(_)) if unanswered.is_some() && Instant::now() < until => {}
                Err(error) => return Err(error),
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn writers(&self) -> Writers {
        Writers::Elsewhere(WRITERS)
    }

    fn delete(&self, project: &str, sessions: &[String]) -> Result<u64, StoreError> {
        self.connections.with(|client| {
            let mut transaction = client.transaction().map_err(explain)?;
            write::sweep(&mut transaction).map_err(explain)?;
            transaction.batch_execute(GOING).map_err(explain)?;
            let deleted = described::delete(&mut transaction, project, sessions).map_err(explain)?;
            transaction.batch_execute(&sweep()).map_err(explain)?;
            transaction.commit().map_err(explain)?;
            Ok(deleted)
        })
    }

    fn backup(&self, _: &Path) -> Result<(), StoreError> {
        Err(StoreError::Broken(
            "a PostgreSQL database is copied by its own tools: pg_dump, or pg_basebackup".to_owned(),
        ))
    }
}
