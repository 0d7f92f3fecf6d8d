//! A row of `RUNS`, inserted or brought to its end.

use std::sync::LazyLock;

use rusqlite::types::Null;
use rusqlite::{Result, Statement, ToSql};

use crate::measures::{Amount, MEASURES};
use crate::rows::{Metric, Profile};
use crate::sqlite::memory::Numbers;
use crate::sqlite::statements::Statements;
use crate::sqlite::types::{Start, integer};
use crate::timestamp::Timestamp;

/// What a run has from its begin, and what its end tells: the columns that [`Run::bind`] binds, in that order.
const BEGIN: [&str; 6] = ["SESSION", "PROCESS", "ITEM", "START", "ENV", "ATTEMPT"];
const END: [&str; 9] = [
    "ENDED",
    "TOTAL_TIME",
    "USER_TIME",
    "KERNEL_TIME",
    "CPU_USAGE",
    "MEM_USAGE",
    "OUTCOME",
    "ATTRIBUTION",
    "MEM_SOURCE",
];

static COLUMNS: LazyLock<Vec<&str>> =
    LazyLock::new(|| BEGIN.into_iter().chain(END).chain(MEASURES.iter().map(|measure| measure.column)).collect());

static INSERT: LazyLock<String> = LazyLock::new(|| {
    format!("INSERT INTO RUNS ({}) VALUES ({}?)", COLUMNS.join(", "), "?, ".repeat(COLUMNS.len() - 1))
});

/// Sets only what the end tells: the statement is compiled anew in every process of one test.
static UPDATE: LazyLock<String> = LazyLock::new(|| {
    // By hand: every process of one test comes here, in most without optimisation.
    let mut sql = "UPDATE RUNS SET ENDED = ?7".to_owned();
    for (number, column) in (1..).zip(&*COLUMNS).skip(BEGIN.len() + 1) {
        for part in [", ", column, " = ?", &number.to_string()] {
            sql.push_str(part);
        }
    }
    sql.push_str(
        " WHERE OUTCOME = 'running' AND PROCESS = ?2 AND START = ?4 AND ID = (SELECT max(ID) FROM RUNS) AND ID = ?",
    );
    sql + &(COLUMNS.len() + 1).to_string()
});

/// A row of `RUNS`.
pub(crate) struct Run<'r> {
    pub numbers: Numbers,
    pub item: i64,
    pub start: Timestamp,
    pub metric: Option<&'r Metric>,
    pub profile: Option<&'r Profile>,
}

impl Run<'_> {
    pub(crate) fn insert(&self, connection: Statements<'_>) -> Result<()> {
        let mut insert = connection.prepare(&INSERT)?;
        self.bind(&mut insert)?;
        insert.raw_execute().map(drop)
    }

    /// Makes this of the row of a test that runs. False if there is none that began as this did under that number, or if it
    /// is not the last row: runs are numbered in the order in which they end.
    pub(crate) fn end(&self, connection: Statements<'_>, running: i64) -> Result<bool> {
        let mut update = connection.prepare(&UPDATE)?;
        self.bind(&mut update)?;
        update.raw_bind_parameter(COLUMNS.len() + 1, running)?;
        Ok(update.raw_execute()? > 0)
    }

    fn bind(&self, statement: &mut Statement<'_>) -> Result<()> {
        let Numbers { session, env, process } = &self.numbers;
        let (m, p) = (self.metric, self.profile);
        let columns: [&dyn ToSql; 15] = [
            session,
            process,
            &self.item,
            &Start(self.start),
            env,
            &p.map(|p| p.attempt),
            &m.is_some(),
            &m.and_then(|m| m.wall_seconds),
            &m.and_then(|m| m.user_seconds),
            &m.and_then(|m| m.kernel_seconds),
            &m.and_then(|m| m.cpu_usage),
            &m.and_then(|m| m.memory_mib),
            &p.map(|p| p.outcome),
            &p.and_then(|p| p.attribution),
            &p.and_then(|p| p.mem_source),
        ];
        for (index, value) in (1..).zip(columns) {
            statement.raw_bind_parameter(index, value)?;
        }
        // What is not bound is NULL; but the statement may have been used before.
        for (index, measure) in (columns.len() + 1..).zip(MEASURES) {
            match p.and_then(|p| measure.of(&p.measures)) {
                None => statement.raw_bind_parameter(index, Null)?,
                Some(Amount::Count(count)) => statement.raw_bind_parameter(index, integer(Some(count)))?,
                Some(Amount::Signed(count)) => statement.raw_bind_parameter(index, count)?,
                Some(Amount::Real(value)) => statement.raw_bind_parameter(index, value)?,
            }
        }
        Ok(())
    }
}
