//! Metrics that came one by one wait in a table of their own, in which each is safe for the price of one page.
//!
//! A run has a page in its table, in each of its indexes and in the tallies. Those of many metrics are made at once, before
//! anything else is read or written.

use rusqlite::{Connection, Result, params};

use super::super::rows::{Figures, Run};
use super::super::{Outcome, Write};

/// How many may wait.
pub(super) const MANY: usize = 1_000;
/// Bytes of texts that one may have: more do not fit into a page with others.
const SHORT: usize = 1_000;

/// Whether requests are nothing but metrics that may wait.
pub(super) fn are(requests: &[&Write]) -> bool {
    requests.iter().all(|request| request.append && request.runs.iter().all(is_short))
}

fn is_short(run: &Run) -> bool {
    let labels = run.session_h.len() + run.context_h.len() + run.start.len();
    labels + run.texts().map(str::len).iter().sum::<usize>() < SHORT
}

/// How many wait.
pub(super) fn count(connection: &Connection) -> Result<usize> {
    connection.query_row("SELECT count(*) FROM arrivals", [], |row| row.get::<_, u32>(0)).map(|count| count as usize)
}

pub(super) fn keep(connection: &Connection, request: &Write) -> Result<Outcome> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO arrivals (project, session_h, context_h, start, path, item, variant, fs_loc, kind, component, total_time, \
         user_time, kernel_time, cpu_usage, mem_usage) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?;
    for run in &request.runs {
        let [total_time, user_time, kernel_time, cpu_usage, mem_usage] = run.figures();
        insert.execute(params![
            request.project,
            run.session_h,
            run.context_h,
            run.start,
            run.path,
            run.item,
            run.variant,
            run.fs_loc,
            run.kind,
            run.component,
            total_time,
            user_time,
            kernel_time,
            cpu_usage,
            mem_usage,
        ])?;
    }
    Ok(Outcome::Stored { new_runs: request.runs.len() as u64 })
}

/// Those that wait, in their order, which then wait no longer.
pub(super) fn take(connection: &Connection) -> Result<Vec<Write>> {
    let mut all = connection.prepare_cached("SELECT * FROM arrivals ORDER BY id")?;
    let taken = all.query_map([], |row| {
        let run = Run {
            session_h: row.get(2)?,
            context_h: row.get(3)?,
            start: row.get(4)?,
            path: row.get(5)?,
            item: row.get(6)?,
            variant: row.get(7)?,
            fs_loc: row.get(8)?,
            kind: row.get(9)?,
            component: row.get(10)?,
            figures: Some(Figures {
                total_time: row.get(11)?,
                user_time: row.get(12)?,
                kernel_time: row.get(13)?,
                cpu_usage: row.get(14)?,
                mem_usage: row.get(15)?,
            }),
            ..Run::default()
        };
        Ok(Write { project: row.get(1)?, runs: vec![run], append: true, ..Write::default() })
    })?;
    let taken = taken.collect::<Result<_>>()?;
    connection.prepare_cached("DELETE FROM arrivals")?.execute([])?;
    Ok(taken)
}
