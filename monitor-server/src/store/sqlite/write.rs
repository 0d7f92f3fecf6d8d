//! The one connection that writes: many requests, one transaction, one sync.

use std::sync::LazyLock;

use monitor_store::MEASURES;
use rusqlite::{Connection, OptionalExtension as _, Result, params, params_from_iter};

use super::super::cells;
use super::super::costs;
use super::super::digest::{digest, key};
use super::super::rows::{Context, Figures, Profile, Run, Session};
use super::super::sql::{BLOCK, Dialect, Sql, sweep};
use super::super::tallies::Tallies;
use super::super::value::Value;
use super::super::{Outcome, Write, measures};
use super::numbers::{self, Memory, block, label};

#[derive(Debug)]
pub(super) struct Writer {
    connection: Connection,
    memory: Memory,
    /// Changes when another connection has written.
    data_version: i64,
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(64);
        Self { connection, memory: Memory::default(), data_version: 0 }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn group(&mut self, requests: &[&Write]) -> Result<Vec<Outcome>> {
        let result = self.transaction(|transaction, memory| {
            let mut tallies = Tallies::default();
            let outcomes = requests
                .iter()
                .map(|request| store(transaction, memory, &mut tallies, request))
                .collect::<Result<_>>()?;
            count(transaction, &tallies)?;
            Ok(outcomes)
        });
        if result.is_err() {
            self.memory = Memory::default();
        }
        result
    }

    fn transaction<T>(&mut self, write: impl FnOnce(&Connection, &mut Memory) -> Result<T>) -> Result<T> {
        let transaction = Transaction::begin(&self.connection)?;
        let version = self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.memory.is_full() || std::mem::replace(&mut self.data_version, version) != version {
            self.memory = Memory::default();
        }
        let value = write(&self.connection, &mut self.memory)?;
        transaction.commit()?;
        Ok(value)
    }

    pub(super) fn delete(&mut self, project: &str, sessions: &[String]) -> Result<u64> {
        self.memory = Memory::default();
        self.transaction(|transaction, _| {
            transaction.execute_batch(GOING)?;
            let mut deleted = 0;
            for session_h in sessions {
                let sql = "SELECT s.id, s.label FROM sessions s JOIN labels l ON l.id = s.label \
                     JOIN projects p ON p.id = s.project WHERE p.name = ?1 AND l.h = ?2";
                let found = transaction
                    .query_row(sql, [project, session_h], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
                    .optional()?;
                let Some((session, label)) = found else { continue };
                let going = format!(
                    "INSERT INTO going SELECT DISTINCT test, key, session / {BLOCK} FROM runs WHERE session = ?1"
                );
                transaction.execute(&going, [label])?;
                transaction
                    .execute("DELETE FROM profiles WHERE run IN (SELECT id FROM runs WHERE session = ?1)", [label])?;
                transaction
                    .execute("DELETE FROM costs WHERE run IN (SELECT id FROM runs WHERE session = ?1)", [label])?;
                transaction.execute("DELETE FROM runs WHERE session = ?1", [label])?;
                transaction.execute("DELETE FROM tallies WHERE session = ?1", [label])?;
                transaction.execute("DELETE FROM session_tags WHERE session = ?1", [session])?;
                deleted += transaction.execute("DELETE FROM sessions WHERE id = ?1", [session])?;
            }
            transaction.execute_batch(&sweep())?;
            Ok(deleted as u64)
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

fn store<'a>(
    connection: &Connection,
    memory: &mut Memory,
    tallies: &mut Tallies<'a>,
    request: &'a Write,
) -> Result<Outcome> {
    let project = numbers::project(connection, memory, &request.project)?;
    // Before anything is written: without a savepoint, for which SQLite would copy every page that changes.
    if let Some(session) = &request.session
        && is_other(connection, project, session)?
    {
        return Ok(Outcome::OtherSession);
    }
    for context in &request.contexts {
        self::context(connection, memory, project, context)?;
    }
    if let Some(session) = &request.session {
        self::session(connection, memory, project, session, request.lockfile.as_deref())?;
    }
    if let Some(judged) = &request.verdict {
        let sql = Sql::judged(Dialect::Sqlite, project, judged);
        connection.prepare_cached(&sql.text)?.execute(params_from_iter(sql.values))?;
    }
    for finding in &request.findings {
        let sql = Sql::keep(Dialect::Sqlite, project, finding.values());
        connection.prepare_cached(&sql.text)?.execute(params_from_iter(sql.values))?;
    }
    for message in &request.messages {
        let sql = Sql::message(Dialect::Sqlite, message);
        connection.prepare_cached(&sql.text)?.execute(params_from_iter(sql.values))?;
    }
    let mut new_runs = 0;
    for run in &request.runs {
        new_runs += u64::from(self::run(connection, memory, tallies, project, run, request.append)?);
    }
    Ok(Outcome::Stored { new_runs })
}

/// Whether there is another session under this one's identifier.
fn is_other(connection: &Connection, project: i64, session: &Session) -> Result<bool> {
    let known: Option<(String, Option<String>, String)> = connection
        .prepare_cached(
            "SELECT s.run_date, s.scm_ref, s.tags FROM labels l JOIN sessions s ON s.label = l.id \
             WHERE l.project = ?1 AND l.h = ?2",
        )?
        .query_row(params![project, session.h], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(known.is_some_and(|(date, scm_ref, tags)| {
        (&date, &scm_ref, tags) != (&session.run_date, &session.scm_ref, cells::tags_to(&session.tags))
    }))
}

fn context(connection: &Connection, memory: &mut Memory, project: i64, context: &Context) -> Result<()> {
    let label = label(connection, memory, project, &context.h)?;
    let class = context.class.as_ref();
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO contexts (project, label, cpu_count, cpu_frequency, cpu_type, cpu_vendor, \
             ram_total, machine_node, machine_type, machine_arch, system_info, python_info, class_h, rustc, profile, \
             opt_level, target) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            project,
            label,
            context.cpu_count,
            context.cpu_frequency,
            context.cpu_type,
            context.cpu_vendor,
            context.ram_total,
            context.machine_node,
            context.machine_type,
            context.machine_arch,
            context.system_info,
            context.python_info,
            class.map(|class| &class.class_h),
            class.map(|class| &class.rustc),
            class.map(|class| &class.profile),
            class.map(|class| &class.opt_level),
            class.map(|class| &class.target),
        ])?;
    Ok(())
}

fn session(
    connection: &Connection,
    memory: &mut Memory,
    project: i64,
    session: &Session,
    lockfile: Option<&str>,
) -> Result<()> {
    let label = label(connection, memory, project, &session.h)?;
    let lockfile = lockfile.map(|content| self::lockfile(connection, content)).transpose()?;
    let (tags, facts) = (cells::tags_to(&session.tags), &session.facts);
    let inserted = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO sessions (project, label, run_date, scm_ref, tags, pipeline, build, received_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            project,
            label,
            session.run_date,
            session.scm_ref,
            tags,
            session.tag("pipeline_branch"),
            session.tag("pipeline_build_no"),
            facts.received_at,
        ])?;
    let id: i64 =
        connection.prepare_cached("SELECT id FROM sessions WHERE label = ?1")?.query_row([label], |row| row.get(0))?;
    if inserted == 1 {
        let mut statement = connection
            .prepare_cached("INSERT INTO session_tags (session, position, name, value) VALUES (?1, ?2, ?3, ?4)")?;
        for (position, (name, value)) in session.tags.iter().enumerate() {
            statement.execute(params![id, i64::try_from(position).unwrap_or(i64::MAX), name, value])?;
        }
    }
    // What was said once stays; what was not said yet is added.
    connection
        .prepare_cached(
            "UPDATE sessions SET branch = coalesce(branch, ?2), merge_base = coalesce(merge_base, ?3), \
             pull_request = coalesce(pull_request, ?4), ci_url = coalesce(ci_url, ?5), \
             ended_at = coalesce(ended_at, ?6), lockfile = coalesce(lockfile, ?7) WHERE id = ?1",
        )?
        .execute(params![
            id,
            facts.branch,
            facts.merge_base,
            facts.pull_request,
            facts.ci_url,
            facts.ended_at,
            lockfile
        ])?;
    Ok(())
}

fn lockfile(connection: &Connection, content: &str) -> Result<i64> {
    let hash = digest(&[content]);
    connection.execute("INSERT OR IGNORE INTO lockfiles (hash, content) VALUES (?1, ?2)", params![hash, content])?;
    connection.query_row("SELECT id FROM lockfiles WHERE hash = ?1", [hash], |row| row.get(0))
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
    let figures = run.figures.as_ref();
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
    let has_ended = match figures {
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
    let figures = run.figures.as_ref();
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
            figures.map(|figures| figures.total_time),
            figures.and_then(|figures| figures.user_time),
            figures.and_then(|figures| figures.kernel_time),
            figures.and_then(|figures| figures.cpu_usage),
            figures.and_then(|figures| figures.mem_usage),
            figures.is_some(),
        ])?;
    Ok(inserted > 0)
}

/// Whether a run that had not ended has done so now.
fn ended(connection: &Connection, run: i64, figures: &Figures) -> Result<bool> {
    let changed = connection
        .prepare_cached(
            "UPDATE runs SET finished = 1, total_time = ?2, user_time = ?3, kernel_time = ?4, cpu_usage = ?5, \
             mem_usage = ?6 WHERE id = ?1 AND finished = 0",
        )?
        .execute(params![
            run,
            figures.total_time,
            figures.user_time,
            figures.kernel_time,
            figures.cpu_usage,
            figures.mem_usage
        ])?;
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
