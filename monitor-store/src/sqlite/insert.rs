//! Rows into tables. Everything here runs inside a transaction of the caller.

use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use crate::description;
use crate::entry::Entry;
use crate::hash::hash_hex;
use crate::rows::{ContextClass, ExecutionContext, Metric, Profile, ProfileKey, Session};
use crate::sqlite::classes;
use crate::sqlite::items;
use crate::sqlite::memory::{Item, Memory, Numbers, Running, Texts};
use crate::sqlite::numbers::id;
use crate::sqlite::processes;
use crate::sqlite::run::Run;
use crate::sqlite::statements::Statements;
use crate::sqlite::types::{Start, integer};
use crate::summary::EndedTest;
use crate::timestamp::Timestamp;
use crate::words::{Attribution, Outcome};

/// Writes one thing that a test process has to write.
pub(crate) fn entry(connection: &Connection, memory: &mut Memory, entry: &Entry) -> Result<()> {
    if ends_in_place(connection, memory, entry)? {
        return Ok(());
    }
    memory.refresh(connection)?;
    match entry {
        Entry::Session { session: row, lockfile } => session(connection, row, lockfile.as_deref()),
        Entry::Context { context: row, class } => context(connection, row, Some(class)),
        Entry::Process(row) => processes::add(connection, memory, row, processes::RUNNING),
        Entry::Started(profile) => started(connection, memory, profile),
        Entry::Finished { metric, profile } => finished(connection, memory, metric, profile),
        Entry::Reattributed { key, attribution } => reattributed(connection, key, *attribution),
        Entry::Crashed { key } => crashed(connection, key),
        Entry::Ended { session_h, process_h } => {
            processes::ended(Statements::kept(connection), session_h, process_h).map(drop)
        }
    }
}

/// Inserts the session unless it is there; its lockfile's text is stored once per distinct content.
pub(crate) fn session(connection: &Connection, session: &Session, lockfile: Option<&str>) -> Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO TEST_SESSIONS (SESSION_H, RUN_DATE, SCM_ID, RUN_DESCRIPTION) VALUES (?1, ?2, ?3, ?4)",
        params![
            session.session_h,
            session.run_date.to_string(),
            session.scm_id,
            description::to_json(&session.description)
        ],
    )?;
    if let Some(content) = lockfile {
        let lockfile_h = hash_hex([content]);
        connection.execute(
            "INSERT OR IGNORE INTO LOCKFILES (LOCKFILE_H, CONTENT) VALUES (?1, ?2)",
            params![lockfile_h, content],
        )?;
        connection.execute(
            "INSERT OR IGNORE INTO SESSION_LOCKFILES (SESSION_H, LOCKFILE_H) VALUES (?1, ?2)",
            params![session.session_h, lockfile_h],
        )?;
    }
    Ok(())
}

pub(crate) fn context(connection: &Connection, context: &ExecutionContext, class: Option<&ContextClass>) -> Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO EXECUTION_CONTEXTS (ENV_H, CPU_COUNT, CPU_FREQUENCY_MHZ, CPU_TYPE, CPU_VENDOR, \
         RAM_TOTAL_MB, MACHINE_NODE, MACHINE_TYPE, MACHINE_ARCH, SYSTEM_INFO, PYTHON_INFO) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            context.env_h,
            context.cpu_count,
            context.cpu_frequency_mhz,
            context.cpu_type,
            context.cpu_vendor,
            integer(Some(context.ram_total_mib)),
            context.machine_node,
            context.machine_type,
            context.machine_arch,
            context.system_info,
            context.python_info,
        ],
    )?;
    let Some(class) = class else {
        return Ok(());
    };
    let added = connection.execute(
        "INSERT OR IGNORE INTO CONTEXT_CLASSES (ENV_H, CLASS_H, RUSTC, PROFILE, OPT_LEVEL, TARGET) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![class.env_h, class.class_h, class.rustc, class.profile, class.opt_level, class.target],
    )?;
    if added > 0 { classes::renew(connection) } else { Ok(()) }
}

/// A row of `RUNS` under a key.
struct Found {
    id: i64,
    process: Option<i64>,
    ended: bool,
    outcome: Outcome,
}

/// The run with a profile row under the four columns of a key.
fn find(connection: Statements<'_>, session: i64, key: &ProfileKey) -> Result<Option<Found>> {
    let found =
        |row: &Row<'_>| Ok(Found { id: row.get(0)?, process: row.get(1)?, ended: row.get(2)?, outcome: row.get(3)? });
    connection
        .prepare(
            "SELECT r.ID, r.PROCESS, r.ENDED, r.OUTCOME FROM ITEMS i \
             CROSS JOIN RUNS r ON r.SESSION = ?1 AND r.ITEM = i.ID AND r.START = ?2 \
             WHERE i.ITEM_VARIANT = ?3 AND i.ITEM_PATH = ?4 AND r.OUTCOME IS NOT NULL",
        )?
        .query_row(params![session, Start(key.item_start_time), key.item_variant, key.item_path], found)
        .optional()
}

/// The run of this process under `key`, past runs of other processes in its place; or the first free start.
fn find_own(
    connection: Statements<'_>,
    session: i64,
    process: Option<i64>,
    key: &ProfileKey,
) -> Result<(Timestamp, Option<Found>)> {
    let mut key = key.clone();
    loop {
        match find(connection, session, &key)? {
            Some(found) if found.process != process => key.item_start_time = key.item_start_time.after_micros(1),
            found => return Ok((key.item_start_time, found)),
        }
    }
}

/// The row of a test that begins. If another process has a row under the same key, the start moves on.
pub(crate) fn started(connection: &Connection, memory: &mut Memory, profile: &Profile) -> Result<()> {
    let connection = memory.statements(connection);
    let key = &profile.key;
    let texts = Texts::of_key(key, None);
    let numbers = memory.numbers(texts).map_or_else(|| Numbers::of(connection, texts), Ok)?;
    let (known, may_be_taken) = match memory.item(profile) {
        Some(item) => (Some(item), !memory.is_up_to_date),
        None => {
            let (item, is_taken) = items::and_run(connection, numbers.session, profile)?;
            (item.map(|item| memory.keep_item(profile, item)), is_taken)
        }
    };
    let start = if may_be_taken {
        let (start, None) = find_own(connection, numbers.session, numbers.process, key)? else { return Ok(()) };
        start
    } else {
        key.item_start_time
    };
    let item = match known {
        Some(item) => item,
        None => memory.keep_item(profile, items::new(connection, profile)?),
    };
    if profile.outcome != Outcome::Running {
        return Run { numbers, item: item.id, start, metric: None, profile: Some(profile) }.insert(connection);
    }
    // It has no measures yet, and less to bind costs less.
    connection
        .prepare(
            "INSERT INTO RUNS (SESSION, ITEM, START, ENV, PROCESS, ENDED, ATTEMPT, OUTCOME) \
             VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, 'running')",
        )?
        .execute(params![numbers.session, item.id, Start(start), numbers.env, numbers.process, profile.attempt])?;
    memory.running.push(Running { key: key.clone(), run: connection.last_insert_rowid(), start, item });
    Ok(())
}

/// Ends the row that [`started`] made, if it is there as this connection left it and the last of all: then all that it
/// refers to is there too, whatever others have written since.
pub(crate) fn ends_in_place(connection: &Connection, memory: &mut Memory, entry: &Entry) -> Result<bool> {
    let Entry::Finished { metric: row, profile } = entry else { return Ok(false) };
    let key = &profile.key;
    let (Some(numbers), Some(running)) = (
        memory.numbers(Texts::of_key(key, Some(&row.env_h))),
        memory.running(key).filter(|running| running.item.is_of(row)),
    ) else {
        return Ok(false);
    };
    let run = Run { numbers, item: running.item.id, start: running.start, metric: Some(row), profile: Some(profile) };
    let has_ended = run.end(memory.statements(connection), running.run)?;
    if has_ended {
        memory.take_running(key);
    }
    Ok(has_ended)
}

/// Ends the row that [`started`] made, or inserts it if there is none. A row that has ended already stays as it is, so
/// that a spool file may be imported twice.
pub(crate) fn finished(connection: &Connection, memory: &mut Memory, row: &Metric, profile: &Profile) -> Result<()> {
    let connection = memory.statements(connection);
    let key = &profile.key;
    let running = memory.take_running(key);
    let texts = Texts::of_key(key, Some(&row.env_h));
    let (numbers, start, unfinished) = match (memory.numbers(texts), running) {
        (Some(numbers), Some(running)) => (numbers, running.start, Some(running.run)),
        (numbers, _) => {
            let numbers = numbers.map_or_else(|| Numbers::of(connection, texts), Ok)?;
            match find_own(connection, numbers.session, numbers.process, key)? {
                (_, Some(found)) if found.ended || !matches!(found.outcome, Outcome::Running | Outcome::Crashed) => {
                    return Ok(());
                }
                (start, found) => (numbers, start, found.map(|found| found.id)),
            }
        }
    };
    let item = match memory.item(profile) {
        Some(item) if item.is_of(row) => item.id,
        _ => {
            let id = items::of_metric(connection, row, Some(profile))?;
            let described = (row.item.clone(), Some(row.item_fs_loc.clone()), row.component.clone());
            memory.keep_item(profile, Item { id, described });
            id
        }
    };
    let run = Run { numbers, item, start, metric: Some(row), profile: Some(profile) };
    if let Some(id) = unfinished {
        if run.end(connection, id)? {
            return Ok(());
        }
        // Runs are numbered in the order in which they end.
        connection.prepare("DELETE FROM RUNS WHERE ID = ?1")?.execute([id])?;
    }
    run.insert(connection)
}

/// The row of a module or a session. If there is one under the same key, the start moves on.
pub(crate) fn summed_up(connection: &Connection, row: &EndedTest) -> Result<()> {
    let connection = Statements::kept(connection);
    let mut key = row.profile.key.clone();
    let numbers = Numbers::of(connection, Texts::of_key(&key, Some(&row.metric.env_h)))?;
    while find(connection, numbers.session, &key)?.is_some() {
        key.item_start_time = key.item_start_time.after_micros(1);
    }
    let item = items::of_metric(connection, &row.metric, Some(&row.profile))?;
    let start = key.item_start_time;
    Run { numbers, item, start, metric: Some(&row.metric), profile: Some(&row.profile) }.insert(connection)
}

/// A row of pytest-monitor has no key: it is there already if one is equal in every column that tells runs apart.
pub(crate) fn foreign(connection: &Connection, row: &Metric) -> Result<()> {
    let connection = Statements::kept(connection);
    let numbers = Numbers::of(connection, Texts { session_h: &row.session_h, env_h: Some(&row.env_h), process_h: "" })?;
    let item = items::of_metric(connection, row, None)?;
    let sql = "SELECT 1 FROM RUNS WHERE SESSION = ?1 AND ITEM = ?2 AND START IN (?3, ?4) AND TOTAL_TIME IS ?5";
    let start = row.item_start_time;
    match id(connection, sql, params![numbers.session, item, Start(start), start, row.wall_seconds])? {
        Some(_) => Ok(()),
        None => Run { numbers, item, start, metric: Some(row), profile: None }.insert(connection),
    }
}

/// Corrects the attribution of a row that is in the file.
pub(crate) fn reattributed(connection: &Connection, key: &ProfileKey, attribution: Attribution) -> Result<()> {
    update_own(connection, key, "UPDATE RUNS SET ATTRIBUTION = ?2 WHERE ID = ?1", attribution.as_str())
}

/// Marks a row that is still `running` as crashed.
pub(crate) fn crashed(connection: &Connection, key: &ProfileKey) -> Result<()> {
    let sql = "UPDATE RUNS SET OUTCOME = ?2 WHERE ID = ?1 AND OUTCOME = 'running'";
    update_own(connection, key, sql, Outcome::Crashed.as_str())
}

fn update_own(connection: &Connection, key: &ProfileKey, sql: &str, word: &str) -> Result<()> {
    let connection = Statements::kept(connection);
    let numbers = Numbers::of(connection, Texts::of_key(key, None))?;
    if let (_, Some(found)) = find_own(connection, numbers.session, numbers.process, key)? {
        connection.prepare(sql)?.execute(params![found.id, word])?;
    }
    Ok(())
}
