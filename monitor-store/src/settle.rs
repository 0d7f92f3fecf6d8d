//! What is left to do for processes that did not do it themselves: rows of tests that died.

use rusqlite::{Connection, Row, params};

use crate::database::Database;
use crate::error::StoreError;
use crate::liveness::Here;
use crate::rows::Process;
use crate::timestamp::Timestamp;

/// Turns the `running` rows of processes that are gone into `crashed` ones.
pub(crate) fn settle(database: &Database) -> Result<(), StoreError> {
    let running = database.patiently(running_processes)?;
    if running.is_empty() {
        return Ok(());
    }
    let here = Here::now();
    let now = Timestamp::now();
    let gone: Vec<_> = running
        .into_iter()
        .filter(|process| here.is_gone(process, now))
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    database.write(|connection| {
        gone.iter()
            .try_for_each(|process| bury(connection, process))
    })
}

fn bury(connection: &Connection, process: &Process) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE TEST_PROFILES SET OUTCOME = 'crashed' \
         WHERE SESSION_H = ?1 AND OUTCOME = 'running' AND PROCESS_H = ?2",
        params![process.session_h, process.process_h],
    )?;
    end(connection, &process.process_h)
}

/// Notes that a process has ended; it still is in debt of the module and session rows that it asked for.
pub(crate) fn end(connection: &Connection, process_h: &str) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE PROCESSES SET STATE = CASE SCOPES WHEN 'function' THEN 'settled' ELSE 'ended' END \
         WHERE PROCESS_H = ?1 AND STATE = 'running'",
        [process_h],
    )?;
    Ok(())
}

fn running_processes(connection: &Connection) -> rusqlite::Result<Vec<Process>> {
    // The second condition is what lets SQLite use the partial index.
    let mut statement = connection.prepare(
        "SELECT PROCESS_H, SESSION_H, ENV_H, MACHINE_KEY, HOST, BOOT_ID, PID, PID_STARTED, LEADER_PID, \
         LEADER_STARTED, SCOPES, STARTED_AT, CLOCK_COST_NS, SCOPE_COST_NS, ALLOCATION_COST_NS \
         FROM PROCESSES WHERE STATE = 'running' AND STATE <> 'settled'",
    )?;
    statement.query_map([], process)?.collect()
}

fn process(row: &Row<'_>) -> rusqlite::Result<Process> {
    Ok(Process {
        process_h: row.get(0)?,
        session_h: row.get(1)?,
        env_h: row.get(2)?,
        machine_key: row.get(3)?,
        host: row.get(4)?,
        boot_id: row.get(5)?,
        pid: row.get(6)?,
        pid_started: row.get::<_, i64>(7)?.unsigned_abs(),
        leader_pid: row.get(8)?,
        leader_started: row.get::<_, Option<i64>>(9)?.map(i64::unsigned_abs),
        scopes: row.get(10)?,
        started_at: row.get(11)?,
        clock_cost_ns: row.get(12)?,
        scope_cost_ns: row.get(13)?,
        allocation_cost_ns: row.get(14)?,
    })
}
