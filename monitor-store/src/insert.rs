//! Rows into tables. Everything here runs inside a transaction of the caller.

use rusqlite::{Connection, Result, params};

use crate::description;
use crate::hash::hash_hex;
use crate::rows::{ContextClass, ExecutionContext, Metric, Process, Profile, ProfileKey, Session};
#[allow(unused_imports, reason = "only needed where rusqlite has no method of that name")]
use crate::statement::PrepareCached as _;
use crate::summary::EndedTest;
use crate::words::{Attribution, Outcome};

/// State of a process while it lives.
pub(crate) const RUNNING: &str = "running";

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
    connection.execute(
        "INSERT OR IGNORE INTO CONTEXT_CLASSES (ENV_H, CLASS_H, RUSTC, PROFILE, OPT_LEVEL, TARGET) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![class.env_h, class.class_h, class.rustc, class.profile, class.opt_level, class.target],
    )?;
    Ok(())
}

pub(crate) fn process(connection: &Connection, process: &Process, state: &str) -> Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO PROCESSES (PROCESS_H, SESSION_H, ENV_H, MACHINE_KEY, HOST, BOOT_ID, PID, \
         PID_STARTED, LEADER_PID, LEADER_STARTED, SCOPES, STARTED_AT, CLOCK_COST_NS, SCOPE_COST_NS, \
         ALLOCATION_COST_NS, STATE) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        params![
            process.process_h,
            process.session_h,
            process.env_h.as_deref().unwrap_or(""),
            process.machine_key,
            process.host,
            process.boot_id,
            process.pid,
            integer(Some(process.pid_started)),
            process.leader_pid,
            integer(process.leader_started),
            process.scopes,
            process.started_at.to_string(),
            process.clock_cost_ns,
            process.scope_cost_ns,
            process.allocation_cost_ns,
            state,
        ],
    )?;
    Ok(())
}

pub(crate) fn metric(connection: &Connection, metric: &Metric, item_start_time: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO TEST_METRICS (SESSION_H, ENV_H, ITEM_START_TIME, ITEM_PATH, ITEM, ITEM_VARIANT, \
             ITEM_FS_LOC, KIND, COMPONENT, TOTAL_TIME, USER_TIME, KERNEL_TIME, CPU_USAGE, MEM_USAGE) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            metric.session_h,
            metric.env_h,
            item_start_time,
            metric.item_path,
            metric.item,
            metric.item_variant,
            metric.item_fs_loc,
            metric.kind,
            metric.component,
            metric.total_time,
            metric.user_time,
            metric.kernel_time,
            metric.cpu_usage,
            metric.mem_usage,
        ])?;
    Ok(())
}

/// The row of a test that begins. If another process has a row under the same key, the start moves on.
pub(crate) fn started(connection: &Connection, profile: &Profile) -> Result<()> {
    let mut key = profile.key.clone();
    while !insert_profile(connection, &key, profile)? {
        if owner(connection, &key)?.is_some_and(|process_h| process_h == key.process_h) {
            return Ok(());
        }
        key.item_start_time = key.item_start_time.after_micros(1);
    }
    Ok(())
}

/// Ends the row that [`started`] made, or inserts it if there is none, and adds the metric row. A row that
/// has ended already stays as it is, so that a spool file may be imported twice.
pub(crate) fn finished(connection: &Connection, row: &Metric, profile: &Profile) -> Result<()> {
    let mut key = profile.key.clone();
    loop {
        if end_profile(connection, &key, profile)? {
            return metric(connection, row, &key.item_start_time.to_string());
        }
        match owner(connection, &key)? {
            None => {
                insert_profile(connection, &key, profile)?;
                return metric(connection, row, &key.item_start_time.to_string());
            }
            Some(process_h) if process_h == key.process_h => return Ok(()),
            Some(_) => key.item_start_time = key.item_start_time.after_micros(1),
        }
    }
}

/// The row of a module or a session. If there is one under the same key, the start moves on.
pub(crate) fn summed_up(connection: &Connection, row: &EndedTest) -> Result<()> {
    let mut key = row.profile.key.clone();
    while !insert_profile(connection, &key, &row.profile)? {
        key.item_start_time = key.item_start_time.after_micros(1);
    }
    metric(connection, &row.metric, &key.item_start_time.to_string())
}

/// Corrects the attribution of a row that is in the file.
pub(crate) fn reattributed(connection: &Connection, key: &ProfileKey, attribution: Attribution) -> Result<()> {
    update_own(connection, key, |connection, key, start| {
        connection
            .prepare_cached(
                "UPDATE TEST_PROFILES SET ATTRIBUTION = ?6 WHERE SESSION_H = ?1 AND ITEM_PATH = ?2 \
                 AND ITEM_VARIANT = ?3 AND ITEM_START_TIME = ?4 AND PROCESS_H = ?5",
            )?
            .execute(params![key.session_h, key.item_path, key.item_variant, start, key.process_h, attribution])
    })
}

/// Marks a row that is still `running` as crashed.
pub(crate) fn crashed(connection: &Connection, key: &ProfileKey) -> Result<()> {
    update_own(connection, key, |connection, key, start| {
        connection
            .prepare_cached(
                "UPDATE TEST_PROFILES SET OUTCOME = ?6 WHERE SESSION_H = ?1 AND ITEM_PATH = ?2 \
                 AND ITEM_VARIANT = ?3 AND ITEM_START_TIME = ?4 AND PROCESS_H = ?5 AND OUTCOME = 'running'",
            )?
            .execute(params![key.session_h, key.item_path, key.item_variant, start, key.process_h, Outcome::Crashed])
    })
}

/// Applies `update` to the row of this process under `key`, past rows of other processes in its place.
fn update_own(
    connection: &Connection,
    key: &ProfileKey,
    update: impl Fn(&Connection, &ProfileKey, &str) -> Result<usize>,
) -> Result<()> {
    let mut key = key.clone();
    while update(connection, &key, &key.item_start_time.to_string())? == 0 {
        match owner(connection, &key)? {
            Some(process_h) if process_h != key.process_h => {
                key.item_start_time = key.item_start_time.after_micros(1);
            }
            _ => break,
        }
    }
    Ok(())
}

/// Process of the row under the four columns of the primary key.
fn owner(connection: &Connection, key: &ProfileKey) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(PROCESS_H, '') FROM TEST_PROFILES WHERE SESSION_H = ?1 AND ITEM_PATH = ?2 \
         AND ITEM_VARIANT = ?3 AND ITEM_START_TIME = ?4",
    )?;
    let mut rows =
        statement.query(params![key.session_h, key.item_path, key.item_variant, key.item_start_time.to_string()])?;
    rows.next()?.map(|row| row.get(0)).transpose()
}

/// False if there is a row under the key.
fn insert_profile(connection: &Connection, key: &ProfileKey, profile: &Profile) -> Result<bool> {
    if profile.outcome == Outcome::Running {
        return insert_running(connection, key, profile);
    }
    let m = &profile.measures;
    let rows = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO TEST_PROFILES (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME, PROCESS_H, \
             PACKAGE, BINARY, ATTEMPT, OUTCOME, ATTRIBUTION, MEM_SOURCE, HEAP_PEAK, HEAP_ALLOCATED, ALLOCATIONS, \
             HEAP_RETAINED, RSS_PEAK, MINOR_FAULTS, MAJOR_FAULTS, VOLUNTARY_SWITCHES, INVOLUNTARY_SWITCHES, \
             READ_BYTES, WRITE_BYTES, CHILD_USER_TIME, CHILD_KERNEL_TIME, THREADS, CONCURRENCY) \
             VALUES (?1, ?2, ?3, ?4, nullif(?5, ''), ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
             ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)",
        )?
        .execute(params![
            key.session_h,
            key.item_path,
            key.item_variant,
            key.item_start_time.to_string(),
            key.process_h,
            profile.package,
            profile.binary,
            profile.attempt,
            profile.outcome,
            profile.attribution,
            profile.mem_source,
            integer(m.heap_peak),
            integer(m.heap_allocated),
            integer(m.allocations),
            m.heap_retained,
            integer(m.rss_peak),
            integer(m.minor_faults),
            integer(m.major_faults),
            integer(m.voluntary_switches),
            integer(m.involuntary_switches),
            integer(m.read_bytes),
            integer(m.write_bytes),
            m.child_user_time,
            m.child_kernel_time,
            integer(m.threads),
            integer(m.concurrency),
        ])?;
    Ok(rows == 1)
}

/// The same for a test that begins: it has no measures, and less to bind costs less.
fn insert_running(connection: &Connection, key: &ProfileKey, profile: &Profile) -> Result<bool> {
    let rows = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO TEST_PROFILES (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME, PROCESS_H, \
             PACKAGE, BINARY, ATTEMPT, OUTCOME) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'running')",
        )?
        .execute(params![
            key.session_h,
            key.item_path,
            key.item_variant,
            key.item_start_time.to_string(),
            key.process_h,
            profile.package,
            profile.binary,
            profile.attempt,
        ])?;
    Ok(rows == 1)
}

/// False if this process has no row under the key that waits for its end.
fn end_profile(connection: &Connection, key: &ProfileKey, profile: &Profile) -> Result<bool> {
    let m = &profile.measures;
    let rows = connection
        .prepare_cached(
            "UPDATE TEST_PROFILES SET OUTCOME = ?6, ATTRIBUTION = ?7, MEM_SOURCE = ?8, HEAP_PEAK = ?9, \
             HEAP_ALLOCATED = ?10, ALLOCATIONS = ?11, HEAP_RETAINED = ?12, RSS_PEAK = ?13, MINOR_FAULTS = ?14, \
             MAJOR_FAULTS = ?15, VOLUNTARY_SWITCHES = ?16, INVOLUNTARY_SWITCHES = ?17, READ_BYTES = ?18, \
             WRITE_BYTES = ?19, CHILD_USER_TIME = ?20, CHILD_KERNEL_TIME = ?21, THREADS = ?22, CONCURRENCY = ?23 \
             WHERE SESSION_H = ?1 AND ITEM_PATH = ?2 AND ITEM_VARIANT = ?3 AND ITEM_START_TIME = ?4 \
             AND PROCESS_H = ?5 AND OUTCOME IN ('running', 'crashed')",
        )?
        .execute(params![
            key.session_h,
            key.item_path,
            key.item_variant,
            key.item_start_time.to_string(),
            key.process_h,
            profile.outcome,
            profile.attribution,
            profile.mem_source,
            integer(m.heap_peak),
            integer(m.heap_allocated),
            integer(m.allocations),
            m.heap_retained,
            integer(m.rss_peak),
            integer(m.minor_faults),
            integer(m.major_faults),
            integer(m.voluntary_switches),
            integer(m.involuntary_switches),
            integer(m.read_bytes),
            integer(m.write_bytes),
            m.child_user_time,
            m.child_kernel_time,
            integer(m.threads),
            integer(m.concurrency),
        ])?;
    Ok(rows == 1)
}

/// SQLite's integers end at `i64::MAX`; a larger measure is one that wrapped below zero.
fn integer(value: Option<u64>) -> Option<i64> {
    value.map(|value| i64::try_from(value).unwrap_or(i64::MAX))
}
