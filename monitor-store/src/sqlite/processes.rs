//! Test processes, and what those of a run have in common.

use rusqlite::{Connection, Result, params};

use crate::rows::Process;
use crate::sqlite::memory::{KnownNumbers, Memory, Numbers, Texts};
use crate::sqlite::numbers::id;
use crate::sqlite::statements::Statements;
use crate::sqlite::types::{Start, integer};

/// State of a process while it lives.
pub(crate) const RUNNING: &str = "running";

/// Inserts the process unless it is there.
pub(crate) fn add(connection: &Connection, memory: &Memory, process: &Process, state: &str) -> Result<()> {
    let statements = memory.statements(connection);
    let found = KnownNumbers::of(statements, Texts::of(process))?;
    add_beside(connection, memory, process, state, found).map(drop)
}

/// As [`add`]; returns the numbers of its tests, of which the file has those in `found`.
pub(crate) fn add_beside(
    connection: &Connection,
    memory: &Memory,
    process: &Process,
    state: &str,
    found: KnownNumbers,
) -> Result<Numbers> {
    let connection = memory.statements(connection);
    let numbers = found.or_make(connection, Texts::of(process))?;
    let group = found.group.map_or_else(|| group_of(connection, process, numbers), Ok)?;
    let insert = "INSERT OR IGNORE INTO TEST_PROCESSES VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    connection.prepare(insert)?.execute(params![
        numbers.session,
        numbers.process,
        group,
        process.pid,
        integer(Some(process.pid_started)),
        Start(process.started_at),
        process.clock_cost_ns,
        process.scope_cost_ns,
        process.allocation_cost_ns,
        state,
    ])?;
    if found.process.is_some() {
        // Tests of it may have come before it, from another file.
        let sql = "UPDATE RUNS SET ENV = ?2 WHERE SESSION = ?1 AND PROCESS = ?3 AND ENV IS NULL";
        connection.prepare(sql)?.execute(params![numbers.session, numbers.env, numbers.process])?;
    }
    Ok(numbers)
}

/// The number of what the process shares with others of its session, which is made if it is new.
fn group_of(connection: Statements<'_>, process: &Process, numbers: Numbers) -> Result<i64> {
    let values = params![
        numbers.session,
        numbers.env,
        process.machine_key,
        process.host,
        process.boot_id,
        process.leader_pid,
        integer(process.leader_started),
        process.scopes,
        process.clock_offset_us,
    ];
    let find = "SELECT ID FROM PROCESS_GROUPS WHERE SESSION = ?1 AND ENV IS ?2 AND MACHINE_KEY = ?3 AND HOST = ?4 \
         AND BOOT_ID = ?5 AND LEADER_PID IS ?6 AND LEADER_STARTED IS ?7 AND SCOPES = ?8 AND CLOCK_OFFSET_US IS ?9";
    if let Some(known) = id(connection, find, values)? {
        return Ok(known);
    }
    let insert = "INSERT INTO PROCESS_GROUPS VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    connection.prepare(insert)?.execute(values)?;
    Ok(connection.last_insert_rowid())
}

/// Notes that a process has ended; false if that was known.
pub(crate) fn ended(connection: Statements<'_>, session_h: &str, process_h: &str) -> Result<bool> {
    let ended = connection
        .prepare(
            "UPDATE TEST_PROCESSES SET STATE = CASE (SELECT SCOPES FROM PROCESS_GROUPS WHERE ID = GROUP_ID) \
             WHEN 'function' THEN 'settled' ELSE 'ended' END WHERE SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1) \
             AND PROCESS = (SELECT ID FROM TEXTS WHERE TEXT = ?2) AND STATE = 'running'",
        )?
        .execute([session_h, process_h])?;
    Ok(ended > 0)
}
