//! What processes leave to be done: tests that died become `crashed`, modules and sessions get their rows.
//!
//! A process is `running`, then `ended` while module rows are due for it, then `summarised` while only the row of
//! its session is due, then `settled`.

use rusqlite::{Connection, Params, Result, params};

use crate::error::StoreError;
use crate::liveness::ThisMachine;
use crate::rows::Process;
use crate::sqlite::cells::Cells;
use crate::sqlite::columns;
use crate::sqlite::database::Database;
use crate::sqlite::insert;
use crate::sqlite::memory::{Memory, Numbers, Texts};
use crate::sqlite::processes;
use crate::sqlite::statements::Statements;
use crate::sqlite::types::integer;
use crate::sqlite::unfit::{self, Named};
use crate::summary::{self, EndedTest};
use crate::test_run::Test;
use crate::timestamp::Timestamp;
use crate::words::{Kind, Outcome};

/// Does what is due for processes and sessions that are over; one look-up if nothing is.
pub(crate) fn settle(database: &Database) -> std::result::Result<(), StoreError> {
    if !database.patiently(has_unsettled)? {
        return Ok(());
    }
    let running = database.patiently(running_processes)?;
    let (here, now) = (ThisMachine::now(), Timestamp::now());
    let (gone, alive): (Vec<_>, Vec<_>) = running.into_iter().partition(|process| here.is_gone(process, now));
    if !gone.is_empty() {
        database.write(|connection| end_crashed(connection, &gone))?;
    }
    for process in database.patiently(due_sessions)? {
        let lives = alive.iter().any(|other| other.session_h == process.session_h);
        if !lives && here.is_leader_gone(&process, now) {
            database.write(|connection| sum_up_session(connection, &process.session_h))?;
        }
    }
    Ok(())
}

/// The process `?2` of the session `?1`.
const THIS: &str =
    "SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1) AND PROCESS = (SELECT ID FROM TEXTS WHERE TEXT = ?2)";

/// Ends processes that could not do it themselves: each is marked by its key, and its runs by one statement for all, since a session
/// of one process for each test has as many runs to look through as processes.
fn end_crashed(connection: &Connection, gone: &[Process]) -> Result<()> {
    let mut mark = connection
        .prepare(&format!("UPDATE TEST_PROCESSES SET STATE = 'crashed' WHERE {THIS} AND STATE = 'running'"))?;
    gone.iter().try_for_each(|process| mark.execute([&process.session_h, &process.process_h]).map(drop))?;
    connection.execute_batch(
        "UPDATE RUNS SET OUTCOME = 'crashed' WHERE OUTCOME = 'running' \
         AND SESSION IN (SELECT SESSION FROM TEST_PROCESSES WHERE STATE = 'crashed' AND STATE <> 'settled') \
         AND (SESSION, PROCESS) IN \
         (SELECT SESSION, PROCESS FROM TEST_PROCESSES WHERE STATE = 'crashed' AND STATE <> 'settled'); \
         UPDATE TEST_PROCESSES SET STATE = CASE (SELECT SCOPES FROM PROCESS_GROUPS WHERE ID = GROUP_ID) \
         WHEN 'function' THEN 'settled' ELSE 'ended' END WHERE STATE = 'crashed' AND STATE <> 'settled'",
    )
}

/// Notes that a process has ended; false if that was known. What `memory` knows of it spares a look-up.
pub(crate) fn end(connection: &Connection, memory: &Memory, process: &Process) -> Result<bool> {
    let Process { session_h, process_h, pid, pid_started, .. } = process;
    let numbers =
        memory.numbers(Texts { session_h, env_h: None, process_h }).filter(|_| process.asks_for_functions_only());
    if let Some(Numbers { session, process: number, .. }) = numbers {
        let settled = "UPDATE TEST_PROCESSES SET STATE = 'settled' WHERE SESSION = ?1 AND PROCESS = ?2 AND PID = ?3 \
                       AND PID_STARTED = ?4 AND STATE = 'running'";
        let pid_started = integer(Some(*pid_started));
        if connection.prepare(settled)?.execute(params![session, number, pid, pid_started])? > 0 {
            return Ok(true);
        }
    }
    processes::ended(Statements::of(connection, false), session_h, process_h)
}

/// Takes back that a process has ended, unless its rows are summed up already.
pub(crate) fn go_on(connection: &Connection, process: &Process) -> Result<()> {
    let sql = format!("UPDATE TEST_PROCESSES SET STATE = 'running' WHERE {THIS}");
    connection.execute(&sql, [&process.session_h, &process.process_h]).map(drop)
}

/// Writes the module rows of a process that ends now and, if no other process can belong to its session,
/// the session's row. Does nothing the second time, or if the process asked for functions only.
pub(crate) fn sum_up_process(connection: &Connection, memory: &Memory, process: &Process) -> Result<()> {
    let ends_now = end(connection, memory, process)?;
    if process.asks_for_functions_only() {
        return Ok(());
    }
    let (session_h, process_h) = (&process.session_h, &process.process_h);
    let is_due = || {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM TEST_PROCESSES WHERE {THIS} AND STATE = 'ended')");
        connection.query_row(&sql, [session_h, process_h], |row| row.get::<_, bool>(0))
    };
    if !ends_now && !is_due()? {
        return Ok(());
    }
    if process.leader_pid.is_none() {
        return sum_up_session(connection, session_h);
    }
    if process.asks_for(Kind::Module) {
        let tests = ended_tests(connection, session_h, "r.PROCESS_H = ?2", process_h)?;
        insert_modules(connection, session_h, &tests)?;
    }
    let state = if process.asks_for(Kind::Session) { "summarised" } else { "settled" };
    connection
        .execute(&format!("UPDATE TEST_PROCESSES SET STATE = ?3 WHERE {THIS}"), params![session_h, process_h, state])?;
    remove_unasked(connection, session_h)
}

/// Writes the rows that are due for a session that is over.
///
/// If a session goes on after all (one named by the user may have several invocations), its row is replaced
/// the next time.
fn sum_up_session(connection: &Connection, session_h: &str) -> Result<()> {
    let due = |condition: &str| -> Result<bool> {
        let of_session = "SELECT 1 FROM PROCESSES WHERE SESSION_H = ?1 AND STATE IN ('ended', 'summarised')";
        let sql = format!("SELECT EXISTS ({of_session} AND {condition})");
        connection.query_row(&sql, [session_h], |row| row.get(0))
    };
    if due("STATE = 'ended' AND SCOPES LIKE '%module%'")? {
        let condition = "r.STATE = ?2 AND r.SCOPES LIKE '%module%'";
        let tests = ended_tests(connection, session_h, condition, "ended")?;
        insert_modules(connection, session_h, &tests)?;
    }
    if due("SCOPES LIKE '%session%'")? {
        replace_session_row(connection, session_h)?;
    }
    connection.execute(
        "UPDATE TEST_PROCESSES SET STATE = 'settled' WHERE SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1) \
         AND STATE IN ('ended', 'summarised')",
        [session_h],
    )?;
    remove_unasked(connection, session_h)
}

/// Settled processes of the session `?1` that did not ask for function rows.
const WITHOUT_FUNCTIONS: &str =
    "SELECT PROCESS_H FROM PROCESSES WHERE SESSION_H = ?1 AND STATE = 'settled' AND SCOPES NOT LIKE '%function%'";

/// Removes the rows of tests that nobody asked for, once they are summed up. Tests that crashed stay: they are in
/// no sum.
fn remove_unasked(connection: &Connection, session_h: &str) -> Result<()> {
    let sql = format!(
        "DELETE FROM RUNS WHERE SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1) AND ENDED \
         AND PROCESS IN (SELECT ID FROM TEXTS WHERE TEXT IN ({WITHOUT_FUNCTIONS})) \
         AND ITEM IN (SELECT ID FROM ITEMS WHERE KIND = 'function')"
    );
    connection.execute(&sql, [session_h]).map(drop)
}

fn insert_modules(connection: &Connection, session_h: &str, tests: &[EndedTest]) -> Result<()> {
    let crashed = crashed_modules(connection, session_h)?;
    for mut row in summary::of_modules(tests) {
        let profile = &mut row.profile;
        let in_module = |(package, binary, module): &(String, String, String)| {
            let (path, name) = summary::split_module(module);
            let key = &profile.key;
            let own = [profile.package.as_str(), &profile.binary, &key.item_path, &key.item_variant];
            [package.as_str(), binary, path, name] == own
        };
        if crashed.iter().any(in_module) {
            profile.outcome = Outcome::Failed;
        }
        insert::summed_up(connection, &row)?;
    }
    Ok(())
}

/// The rows of the session `?1` that sum up all of it.
const SESSION_ROWS: &str = "SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1) AND ENDED \
     AND ITEM IN (SELECT ID FROM ITEMS WHERE KIND = 'session')";

/// Makes one row of the session rows that merged files brought along.
pub(crate) fn unite_session_rows(connection: &Connection, session_h: &str) -> Result<()> {
    let count = format!("SELECT count(*) FROM RUNS WHERE {SESSION_ROWS}");
    let rows: i64 = connection.query_row(&count, [session_h], |row| row.get(0))?;
    if rows > 1 {
        replace_session_row(connection, session_h)?;
    }
    Ok(())
}

fn replace_session_row(connection: &Connection, session_h: &str) -> Result<()> {
    let mut tests = ended_tests(connection, session_h, "r.SESSION_H = ?2", session_h)?;
    let some_removed = format!("SELECT EXISTS ({WITHOUT_FUNCTIONS})");
    if connection.query_row(&some_removed, [session_h], |row| row.get::<_, bool>(0))? {
        // What is left of them is in the rows so far.
        tests.extend(tests_where(connection, "i.KIND = 'session'", [session_h])?);
    }
    connection.execute(&format!("DELETE FROM RUNS WHERE {SESSION_ROWS}"), [session_h])?;
    if let Some(mut row) = summary::of_session(&tests) {
        if !crashed_modules(connection, session_h)?.is_empty() {
            row.profile.outcome = Outcome::Failed;
        }
        insert::summed_up(connection, &row)?;
    }
    Ok(())
}

/// The tests of a session that ended, in processes `r` that fulfil a condition on `?2`.
fn ended_tests(connection: &Connection, session_h: &str, condition: &str, value: &str) -> Result<Vec<EndedTest>> {
    let of_processes = format!(
        "i.KIND = 'function' AND p.TEXT IN (SELECT r.PROCESS_H FROM PROCESSES r WHERE r.SESSION_H = ?1 AND {condition})"
    );
    tests_where(connection, &of_processes, [session_h, value])
}

/// The ended tests of the session `?1` that fulfil a condition.
fn tests_where(connection: &Connection, condition: &str, values: impl Params) -> Result<Vec<EndedTest>> {
    let sql = format!(
        "SELECT {} FROM {} WHERE r.SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1) AND r.ENDED \
         AND r.OUTCOME IS NOT NULL AND {condition} ORDER BY r.ID",
        *columns::TEST,
        columns::RUNS,
    );
    // Whoever asks for the tests is told which are left out.
    let (tests, _) = unfit::fit(connection, columns::RUN, &sql, values, columns::test)?;
    let ended = |test: Test| Some(EndedTest { metric: test.metric?, profile: test.profile? });
    Ok(tests.into_iter().filter_map(ended).collect())
}

/// Package, binary and module of each test that crashed.
fn crashed_modules(connection: &Connection, session_h: &str) -> Result<Vec<(String, String, String)>> {
    let sql = "SELECT DISTINCT i.PACKAGE, i.BINARY, i.ITEM_PATH FROM RUNS r JOIN ITEMS i ON i.ID = r.ITEM \
               WHERE r.SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1) AND r.OUTCOME = 'crashed'";
    let read = |cells: &mut Cells<'_, '_>| Ok((cells.text()?, cells.text()?, cells.text()?));
    Ok(unfit::fit(connection, Named { key: 2, ..Named::of("ITEMS") }, sql, [session_h], read)?.0)
}

// In these queries, the condition that looks superfluous is what lets SQLite use the partial index.

fn has_unsettled(connection: &Connection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM TEST_PROCESSES WHERE STATE <> 'settled')";
    connection.query_row(sql, [], |row| row.get(0))
}

pub(crate) fn running_processes(connection: &Connection) -> Result<Vec<Process>> {
    let sql = format!("SELECT {} FROM PROCESSES WHERE STATE = 'running' AND STATE <> 'settled'", columns::PROCESS);
    Ok(unfit::fit(connection, columns::OF_PROCESS, &sql, [], columns::process)?.0)
}

/// One process of each session that has processes to be summed up.
fn due_sessions(connection: &Connection) -> Result<Vec<Process>> {
    let mut next = connection
        .prepare("SELECT min(SESSION) FROM TEST_PROCESSES WHERE STATE = ?1 AND STATE <> 'settled' AND SESSION > ?2")?;
    let mut due = Vec::new();
    for state in ["ended", "summarised"] {
        let mut last = 0;
        while let Some(session) = next.query_row(params![state, last], |row| row.get::<_, Option<i64>>(0))? {
            due.extend(witness(connection, session)?);
            last = session;
        }
    }
    Ok(due)
}

fn witness(connection: &Connection, session: i64) -> Result<Option<Process>> {
    let sql = format!(
        "SELECT {} FROM PROCESSES WHERE SESSION_H = (SELECT TEXT FROM TEXTS WHERE ID = ?1) LIMIT 1",
        columns::PROCESS
    );
    Ok(unfit::fit(connection, columns::OF_PROCESS, &sql, [session], columns::process)?.0.into_iter().next())
}
