//! The one connection that writes: many requests, one transaction, one sync.

use std::sync::LazyLock;

use monitor_store::MEASURES;
use rusqlite::{Connection, OptionalExtension as _, Result, params, params_from_iter};

use super::super::cells::Cells;
use super::super::costs;
use super::super::described;
use super::super::digest::key;
use super::super::rows::{Figures, Profile, Run};
use super::super::sql::{Dialect, Sql, sweep};
use super::super::tallies::Tallies;
use super::super::value::Value;
use super::super::{Outcome, Write, measures};
use super::arrivals;
use super::numbers::{self, Memory, block, label};
use super::read::cells;

#[derive(Debug)]
pub(super) struct Writer {
    connection: Connection,
    memory: Memory,
    /// Changes when another connection has written.
    data_version: i64,
    /// Metrics that wait in `arrivals`.
    waiting: usize,
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Result<Self> {
        connection.set_prepared_statement_cache_capacity(64);
        let waiting = arrivals::count(&connection)?;
        Ok(Self { connection, memory: Memory::default(), data_version: 0, waiting })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// How many metrics wait to become runs.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(super) fn group(&mut self, requests: &[&Write]) -> Result<Vec<Outcome>> {
        if arrivals::are(requests) && self.waiting < arrivals::MANY {
            // A statement alone is a transaction of its own.
            let transaction = (requests.len() > 1).then(|| Transaction::begin(&self.connection)).transpose()?;
            let kept = requests.iter().map(|request| arrivals::keep(&self.connection, request));
            let outcomes = kept.collect::<Result<Vec<_>>>()?;
            transaction.map_or(Ok(()), Transaction::commit)?;
            self.waiting += outcomes.len();
            return Ok(outcomes);
        }
        self.settle()?;
        self.transaction(|transaction, memory| store_all(transaction, memory, requests))
    }

    /// Makes runs of the metrics that wait.
    pub(super) fn settle(&mut self) -> Result<()> {
        if self.waiting > 0 {
            self.transaction(|transaction, memory| {
                let taken = arrivals::take(transaction)?;
                store_all(transaction, memory, &taken.iter().collect::<Vec<_>>())
            })?;
            self.waiting = 0;
        }
        Ok(())
    }

    fn transaction<T>(&mut self, write: impl FnOnce(&Connection, &mut Memory) -> Result<T>) -> Result<T> {
        let transaction = Transaction::begin(&self.connection)?;
        let version = self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.memory.is_full() || std::mem::replace(&mut self.data_version, version) != version {
            self.memory = Memory::default();
        }
        let value = write(&self.connection, &mut self.memory).and_then(|value| transaction.commit().map(|()| value));
        if value.is_err() {
            self.memory = Memory::default();
        }
        value
    }

    pub(super) fn delete(&mut self, project: &str, sessions: &[String]) -> Result<u64> {
        self.settle()?;
        self.memory = Memory::default();
        self.transaction(|transaction, _| {
            transaction.execute_batch(GOING)?;
            let deleted = described::delete(&mut &*transaction, project, sessions)?;
            transaction.execute_batch(&sweep())?;
            Ok(deleted)
        })
    }
}

/// The tests of sessions that are deleted.
pub(super) const GOING: &str = "CREATE TEMP TABLE IF NOT EXISTS going (test INTEGER, key INTEGER, block INTEGER); \
     DELETE FROM going";

/// A transaction that is rolled back unless it is committed: as [`rusqlite::Transaction`], whose statements SQLite would have to
/// parse each time.
struct Transaction<'a>(&'a Connection);

impl<'a> Transaction<'a> {
    fn begin(connection: &'a Connection) -> Result<Self> {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
        Ok(Self(connection))
    }

    fn commit(self) -> Result<()> {
        self.0.prepare_cached("COMMIT")?.execute(()).map(|_| ())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // If it can't be rolled back, the next can't be begun, and says why.
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

fn store_all(connection: &Connection, memory: &mut Memory, requests: &[&Write]) -> Result<Vec<Outcome>> {
    let mut tallies = Tallies::default();
    let stored = requests.iter().map(|request| store(connection, memory, &mut tallies, request));
    let outcomes = stored.collect::<Result<_>>()?;
    count(connection, &tallies)?;
    Ok(outcomes)
}

fn store<'a>(
    connection: &Connection,
    memory: &mut Memory,
    tallies: &mut Tallies<'a>,
    request: &'a Write,
) -> Result<Outcome> {
    let project = numbers::project(connection, memory, &request.project)?;
    // Before anything of it is written: without a savepoint, for which SQLite would copy every page that changes.
    if let Some(session) = &request.session {
        let label = label(connection, memory, project, &session.h)?;
        if !described::session(&mut &*connection, project, label, session, request.lockfile.as_deref())? {
            return Ok(Outcome::OtherSession);
        }
    }
    for context in &request.contexts {
        let label = label(connection, memory, project, &context.h)?;
        described::context(&mut &*connection, project, label, context)?;
    }
    described::judged(&mut &*connection, project, request)?;
    let mut new_runs = 0;
    for run in &request.runs {
        new_runs += u64::from(self::run(connection, memory, tallies, project, run, request.append)?);
    }
    Ok(Outcome::Stored { new_runs })
}

impl described::Transaction for &Connection {
    type Error = rusqlite::Error;
    const DIALECT: Dialect = Dialect::Sqlite;

    fn execute(&mut self, sql: &Sql) -> Result<()> {
        self.prepare_cached(&sql.text)?.execute(params_from_iter(&sql.values)).map(drop)
    }

    fn first<T>(&mut self, sql: &Sql, decode: fn(Cells) -> T) -> Result<Option<T>> {
        let mut statement = self.prepare_cached(&sql.text)?;
        let columns = statement.column_count();
        statement.query_row(params_from_iter(&sql.values), |row| Ok(decode(cells(row, columns)?))).optional()
    }
}

/// Whether the row, or its figures, were not there before.
fn run<'a>(
    connection: &Connection,
    memory: &mut Memory,
    tallies: &mut Tallies<'a>,
    project: i64,
    run: &'a Run,
    append: bool,
) -> Result<bool> {
    let key = key(&run.path, &run.variant);
    let session = label(connection, memory, project, &run.session_h)?;
    let context = label(connection, memory, project, &run.context_h)?;
    let test = numbers::test(connection, memory, project, run, key)?;
    let labels = (project, session, context);
    let mut nth = if append { 0 } else { run.nth };
    let mut is_inserted = insert(connection, labels, (test, key), run, nth)?;
    if append && !is_inserted {
        nth = next_nth(connection, session, key, &run.start)?;
        is_inserted = insert(connection, labels, (test, key), run, nth)?;
    }
    let id = if is_inserted {
        connection.last_insert_rowid()
    } else {
        connection
            .prepare_cached("SELECT id FROM runs WHERE session = ?1 AND key = ?2 AND start = ?3 AND nth = ?4")?
            .query_row(params![session, key, run.start, nth], |row| row.get(0))?
    };
    let has_ended = match &run.figures {
        Some(figures) if !is_inserted => ended(connection, id, figures)?,
        _ => false,
    };
    if is_inserted {
        block(connection, memory, key, session)?;
    }
    if is_inserted || has_ended {
        tallies.add(labels, run, is_inserted);
    }
    if let Some(profile) = &run.profile {
        self::profile(connection, id, profile, has_ended)?;
    }
    if !run.costs.is_empty() {
        connection
            .prepare_cached("INSERT OR REPLACE INTO costs (run, functions) VALUES (?1, ?2)")?
            .execute(params![id, costs::pack(&run.costs)])?;
    }
    Ok(is_inserted || has_ended)
}

/// Whether the row was not there before. Without RETURNING, for which SQLite would copy every page that changes.
fn insert(
    connection: &Connection,
    (project, session, context): (i64, i64, i64),
    (test, key): (i64, i64),
    run: &Run,
    nth: i64,
) -> Result<bool> {
    let [total_time, user_time, kernel_time, cpu_usage, mem_usage] = run.figures();
    let inserted = connection
        .prepare_cached(
            "INSERT INTO runs (project, session, context, test, key, start, nth, total_time, user_time, kernel_time, \
             cpu_usage, mem_usage, finished) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
             ON CONFLICT (session, key, start, nth) DO NOTHING",
        )?
        .execute(params![
            project,
            session,
            context,
            test,
            key,
            run.start,
            nth,
            total_time,
            user_time,
            kernel_time,
            cpu_usage,
            mem_usage,
            run.figures.is_some(),
        ])?;
    Ok(inserted > 0)
}

/// Whether a run that had not ended has done so now.
fn ended(connection: &Connection, run: i64, figures: &Figures) -> Result<bool> {
    let Figures { total_time, user_time, kernel_time, cpu_usage, mem_usage } = figures;
    let changed = connection
        .prepare_cached(
            "UPDATE runs SET finished = 1, total_time = ?2, user_time = ?3, kernel_time = ?4, cpu_usage = ?5, \
             mem_usage = ?6 WHERE id = ?1 AND finished = 0",
        )?
        .execute(params![run, total_time, user_time, kernel_time, cpu_usage, mem_usage])?;
    Ok(changed > 0)
}

/// A test that ended after all has another profile than the crash that was reported.
fn profile(connection: &Connection, run: i64, profile: &Profile, replace: bool) -> Result<()> {
    static INSERTS: LazyLock<[String; 2]> = LazyLock::new(|| {
        let columns = measures::columns("");
        let marks = vec!["?"; 5 + MEASURES.len()].join(", ");
        ["IGNORE", "REPLACE"].map(|action| {
            format!(
                "INSERT OR {action} INTO profiles (run, attempt, outcome, attribution, mem_source{columns}) VALUES ({marks})"
            )
        })
    });
    let values = std::iter::once(Value::Integer(run)).chain(profile.cells());
    connection.prepare_cached(&INSERTS[usize::from(replace)])?.execute(params_from_iter(values))?;
    Ok(())
}

/// The first number that no run of the test at this time has. SQLite makes a new plan each time it is asked: only where 0 is taken.
fn next_nth(connection: &Connection, session: i64, key: i64, start: &str) -> Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(nth) + 1, 0) FROM runs WHERE session = ?1 AND key = ?2 AND start = ?3")?
        .query_row(params![session, key, start], |row| row.get(0))
}

fn count(connection: &Connection, tallies: &Tallies<'_>) -> Result<()> {
    for ((project, session, context, kind, component), (runs, finished)) in tallies.iter() {
        connection
            .prepare_cached(
                "INSERT INTO tallies (project, session, context, kind, component, runs, finished) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE \
                 SET runs = runs + excluded.runs, finished = finished + excluded.finished",
            )?
            .execute(params![project, session, context, kind, component, runs, finished])?;
    }
    Ok(())
}
