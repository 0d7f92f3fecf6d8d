//! Columns of the tables in the order in which queries name them, and rows read back from them.
//!
//! pytest-monitor's tables allow NULL nearly everywhere: a missing text is read as an empty one.

use rusqlite::types::FromSql;
use rusqlite::{Result, Row};

use crate::measures::{Amount, MEASURES, Measures, Number};
use crate::rows::{Metric, Process, Profile, ProfileKey};
use crate::words::Kind;

/// Of `TEST_METRICS m`, as [`metric`] reads them.
pub(crate) const METRIC: &str = "m.SESSION_H, m.ENV_H, m.ITEM_START_TIME, m.ITEM_PATH, m.ITEM, m.ITEM_VARIANT, \
     m.ITEM_FS_LOC, m.KIND, m.COMPONENT, m.TOTAL_TIME, m.USER_TIME, m.KERNEL_TIME, m.CPU_USAGE, m.MEM_USAGE";

/// Of `TEST_PROFILES p`, as [`profile`] reads them.
pub(crate) const PROFILE: &str = "p.SESSION_H, p.ITEM_PATH, p.ITEM_VARIANT, p.ITEM_START_TIME, p.PROCESS_H, \
     p.PACKAGE, p.BINARY, p.ATTEMPT, p.OUTCOME, p.ATTRIBUTION, p.MEM_SOURCE, p.HEAP_PEAK, p.HEAP_ALLOCATED, \
     p.ALLOCATIONS, p.HEAP_RETAINED, p.RSS_PEAK, p.MINOR_FAULTS, p.MAJOR_FAULTS, p.VOLUNTARY_SWITCHES, \
     p.INVOLUNTARY_SWITCHES, p.READ_BYTES, p.WRITE_BYTES, p.CHILD_USER_TIME, p.CHILD_KERNEL_TIME, p.THREADS, \
     p.CONCURRENCY";

/// Of `PROCESSES`, as [`process`] reads them.
pub(crate) const PROCESS: &str = "SESSION_H, PROCESS_H, ENV_H, MACHINE_KEY, HOST, BOOT_ID, PID, PID_STARTED, \
     LEADER_PID, LEADER_STARTED, SCOPES, STARTED_AT, CLOCK_COST_NS, SCOPE_COST_NS, ALLOCATION_COST_NS";

/// How many columns [`METRIC`] names.
pub(crate) const METRIC_COUNT: usize = 14;

/// Reads the values of a row one after another.
pub(crate) struct Cells<'r, 's> {
    row: &'r Row<'s>,
    next: usize,
}

impl<'r, 's> Cells<'r, 's> {
    pub(crate) fn new(row: &'r Row<'s>, first: usize) -> Self {
        Self { row, next: first }
    }

    pub(crate) fn get<T: FromSql>(&mut self) -> Result<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        Ok(self.get::<Option<String>>()?.unwrap_or_default())
    }

    pub(crate) fn count(&mut self) -> Result<Option<u64>> {
        Ok(self.get::<Option<i64>>()?.map(i64::unsigned_abs))
    }
}

pub(crate) fn metric(row: &Row<'_>, first: usize) -> Result<Metric> {
    let mut cells = Cells::new(row, first);
    Ok(Metric {
        session_h: cells.text()?,
        env_h: cells.text()?,
        item_start_time: cells.get()?,
        item_path: cells.text()?,
        item: cells.text()?,
        item_variant: cells.text()?,
        item_fs_loc: cells.text()?,
        kind: Kind::parse(&cells.text()?).unwrap_or(Kind::Package),
        component: cells.text()?,
        total_time: cells.get()?,
        user_time: cells.get()?,
        kernel_time: cells.get()?,
        cpu_usage: cells.get()?,
        mem_usage: cells.get()?,
    })
}

pub(crate) fn profile(row: &Row<'_>, first: usize) -> Result<Profile> {
    let mut cells = Cells::new(row, first);
    Ok(Profile {
        key: ProfileKey {
            session_h: cells.get()?,
            item_path: cells.get()?,
            item_variant: cells.get()?,
            item_start_time: cells.get()?,
            process_h: cells.text()?,
        },
        package: cells.get()?,
        binary: cells.get()?,
        attempt: cells.get()?,
        outcome: cells.get()?,
        attribution: cells.get()?,
        mem_source: cells.get()?,
        measures: measures(&mut cells)?,
    })
}

fn measures(cells: &mut Cells<'_, '_>) -> Result<Measures> {
    let mut measures = Measures::default();
    for measure in MEASURES {
        let value = match measure.number {
            Number::Count | Number::Signed => cells.get::<Option<i64>>()?.map(|value| measure.number.of_i64(value)),
            Number::Real => cells.get::<Option<f64>>()?.map(Amount::Real),
        };
        measure.set(&mut measures, value);
    }
    Ok(measures)
}

pub(crate) fn process(row: &Row<'_>) -> Result<Process> {
    let mut cells = Cells::new(row, 0);
    Ok(Process {
        session_h: cells.get()?,
        process_h: cells.get()?,
        env_h: cells.get()?,
        machine_key: cells.get()?,
        host: cells.get()?,
        boot_id: cells.get()?,
        pid: cells.get()?,
        pid_started: cells.count()?.unwrap_or(0),
        leader_pid: cells.get()?,
        leader_started: cells.count()?,
        scopes: cells.get()?,
        started_at: cells.get()?,
        clock_cost_ns: cells.get()?,
        scope_cost_ns: cells.get()?,
        allocation_cost_ns: cells.get()?,
    })
}
