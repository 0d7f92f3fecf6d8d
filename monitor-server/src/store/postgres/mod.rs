//! PostgreSQL: several servers may share one database.
//!
//! Statements are never prepared under a name, and nothing outlives a transaction but one setting of the session, so that
//! PgBouncer may lend its connections by the transaction.

mod connections;
mod read;
mod write;

use std::path::Path;
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::error::SqlState;

use self::connections::Connections;
use super::cells;
use super::rows::{Context, Run, Session, Token};
use super::sql::{Dialect, SWEEP, Sql};
use super::{Count, Filter, Names, Outcome, Page, Store, StoreError, Write};

const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_initial.sql")];
/// Any number, the same for every server: who brings the schema up to date keeps the others waiting.
const MIGRATION_LOCK: i64 = 0x6d6f_6e69_746f_7221;
/// Groups that are written at once.
const WRITERS: usize = 4;
/// How long the fate of a group whose commit was not answered is looked for.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);

/// A PostgreSQL database.
#[derive(Debug)]
pub struct Postgres {
    connections: Connections,
}

impl Postgres {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    ///
    /// If that is not possible, or the schema is of a newer version.
    pub fn connect(url: &str) -> Result<Self, StoreError> {
        let postgres = Self { connections: Connections::new(url)? };
        postgres.connections.with(migrate)?;
        Ok(postgres)
    }

    fn list<T>(&self, sql: Sql, decode: fn(cells::Cells) -> T) -> Result<Vec<T>, StoreError> {
        self.connections.with(|client| read::rows(client, &sql.text, &sql.values, decode).map_err(explain))
    }
}

impl Store for Postgres {
    fn write(&self, requests: &[&Write]) -> Result<Vec<Outcome>, StoreError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| StoreError::Broken(error.to_string()))?;
        let mut unanswered = None;
        let until = Instant::now() + PATIENCE;
        loop {
            match self.connections.with(|client| write::group(client, &id, requests)) {
                Ok(write::Fate::Committed(outcomes)) => return Ok(outcomes),
                // The answer to the commit was lost. If it was carried out, its mark stands in the way of the next try.
                Ok(write::Fate::Unknown(outcomes)) => unanswered = Some(outcomes),
                Ok(write::Fate::Before) => match unanswered {
                    Some(outcomes) => return Ok(outcomes),
                    None => return Err(StoreError::Broken("two groups have the same mark".to_owned())),
                },
                Err(StoreError::Unavailable(_)) if unanswered.is_some() && Instant::now() < until => {}
                Err(error) => return Err(error),
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn writers(&self) -> usize {
        WRITERS
    }

    fn contexts(&self, filter: &Filter, page: Page) -> Result<Vec<Context>, StoreError> {
        self.list(Sql::contexts(Dialect::Postgres, filter, page), cells::context)
    }

    fn sessions(&self, filter: &Filter, page: Page) -> Result<Vec<Session>, StoreError> {
        self.list(Sql::sessions(Dialect::Postgres, filter, page), cells::session)
    }

    fn runs(&self, filter: &Filter, page: Page) -> Result<Vec<Run>, StoreError> {
        self.list(Sql::runs(Dialect::Postgres, filter, page), cells::run)
    }

    fn names(&self, what: Names, filter: &Filter) -> Result<Vec<String>, StoreError> {
        self.list(Sql::names(Dialect::Postgres, what, filter), |mut cells| cells.text())
    }

    fn count(&self, what: Count, filter: &Filter) -> Result<u64, StoreError> {
        let counts = self.list(Sql::count(Dialect::Postgres, what, filter), |mut cells| cells.integer())?;
        Ok(counts.first().map_or(0, |count| count.unsigned_abs()))
    }

    fn lockfile(&self, project: &str, session_h: &str) -> Result<Option<String>, StoreError> {
        let mut contents = self.list(Sql::lockfile(Dialect::Postgres, project, session_h), |mut cells| cells.text())?;
        Ok(contents.pop())
    }

    fn delete(&self, project: &str, sessions: &[String]) -> Result<u64, StoreError> {
        self.connections.with(|client| {
            let mut transaction = client.transaction().map_err(explain)?;
            let deleted = write::delete(&mut transaction, project, sessions).map_err(explain)?;
            transaction.batch_execute(SWEEP).map_err(explain)?;
            transaction.commit().map_err(explain)?;
            Ok(deleted)
        })
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.list(Sql::tokens(Dialect::Postgres), cells::token)
    }

    fn add_token(&self, token: &Token) -> Result<(), StoreError> {
        self.connections.with(|client| write::add_token(client, token).map_err(explain))
    }

    fn revoke_token(&self, name: &str) -> Result<bool, StoreError> {
        self.connections.with(|client| write::revoke_token(client, name).map_err(explain))
    }

    fn check(&self) -> Result<(), StoreError> {
        self.connections.with(|client| client.simple_query("SELECT 1").map(|_| ()).map_err(explain))
    }

    fn backup(&self, _: &Path) -> Result<(), StoreError> {
        Err(StoreError::Broken(
            "a PostgreSQL database is copied by its own tools: pg_dump, or pg_basebackup".to_owned(),
        ))
    }
}

fn migrate(client: &mut Client) -> Result<(), StoreError> {
    let mut transaction = client.transaction().map_err(explain)?;
    let prepare = format!(
        "SELECT pg_advisory_xact_lock({MIGRATION_LOCK}); \
         CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"
    );
    transaction.batch_execute(&prepare).map_err(explain)?;
    let rows = transaction.query_typed("SELECT coalesce(max(version), 0) FROM schema_version", &[]).map_err(explain)?;
    let version = rows.first().map_or(0, |row| row.get::<_, i64>(0));
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        let known = MIGRATIONS.len();
        let message = format!("its schema is of version {version}, and this monitor-server knows {known} at most");
        return Err(StoreError::Broken(message));
    }
    for migration in &MIGRATIONS[version..] {
        transaction.batch_execute(migration).map_err(explain)?;
    }
    if version < MIGRATIONS.len() {
        let done = format!("INSERT INTO schema_version VALUES ({})", MIGRATIONS.len());
        transaction.batch_execute(&done).map_err(explain)?;
    }
    transaction.commit().map_err(explain)
}

fn explain(error: postgres::Error) -> StoreError {
    let Some(database) = error.as_db_error() else {
        return StoreError::Unavailable(chain(&error));
    };
    let (code, text) = (database.code(), database.message().to_owned());
    match code {
        &SqlState::DISK_FULL => StoreError::Full(text),
        &SqlState::QUERY_CANCELED => StoreError::TooSlow,
        // Of two that stand in each other's way, of a server that starts, ends, or is no longer the one that writes.
        &SqlState::T_R_DEADLOCK_DETECTED
        | &SqlState::T_R_SERIALIZATION_FAILURE
        | &SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::Unavailable(text),
        code if ["08", "53", "57"].iter().any(|class| code.code().starts_with(class)) => StoreError::Unavailable(text),
        _ => StoreError::Broken(text),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
