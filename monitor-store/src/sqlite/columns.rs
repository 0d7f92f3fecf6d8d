//! Columns of the tables in the order in which queries name them, and rows read back from them.
//!
//! pytest-monitor's tables allow NULL nearly everywhere: a missing text is read as an empty one. What cannot be is an error
//! that names its column ([`Cells`]).

use std::sync::LazyLock;

use rusqlite::Result;

use crate::measures::{Amount, MEASURES, Measures, Number};
use crate::rows::{ContextClass, ExecutionContext, Metric, Process, Profile, ProfileKey};
use crate::sqlite::cells::Cells;
use crate::sqlite::unfit::Named;
use crate::test_run::Test;
use crate::words::{Attribution, Kind, MemSource, Outcome};

/// A run `r` with what its numbers stand for.
pub(crate) const RUNS: &str = "RUNS r LEFT JOIN ITEMS i ON i.ID = r.ITEM LEFT JOIN TEXTS s ON s.ID = r.SESSION \
     LEFT JOIN TEXTS e ON e.ID = r.ENV LEFT JOIN TEXTS p ON p.ID = r.PROCESS \
     LEFT JOIN CONTEXT_CLASSES k ON k.ENV_H = e.TEXT";

/// Of [`RUNS`], as [`metric`] reads them.
pub(crate) const METRIC: &str = "r.ID, s.TEXT SESSION_H, i.ITEM_PATH, i.ITEM_VARIANT, r.START, e.TEXT ENV_H, i.ITEM, \
     i.ITEM_FS_LOC, i.KIND, i.COMPONENT, r.TOTAL_TIME, r.USER_TIME, r.KERNEL_TIME, r.CPU_USAGE, r.MEM_USAGE";

/// What names a row of [`METRIC`] and of [`TEST`].
pub(crate) const RUN: Named = Named { test: Some(3), first: 1, ..Named::of("RUNS") };

/// Of [`RUNS`], as [`test()`] reads them.
pub(crate) static TEST: LazyLock<String> = LazyLock::new(|| {
    let measures: Vec<String> = MEASURES.iter().map(|measure| format!("r.{}", measure.column)).collect();
    format!(
        "{METRIC}, k.CLASS_H, r.ENDED, r.OUTCOME, r.ATTEMPT, r.ATTRIBUTION, r.MEM_SOURCE, p.TEXT PROCESS_H, i.PACKAGE, i.BINARY, {}",
        measures.join(", ")
    )
});

/// Of `PROCESSES`, as [`process`] reads them.
pub(crate) const PROCESS: &str = "SESSION_H, PROCESS_H, ENV_H, MACHINE_KEY, HOST, BOOT_ID, PID, PID_STARTED, \
     LEADER_PID, LEADER_STARTED, SCOPES, STARTED_AT, CLOCK_OFFSET_US, CLOCK_COST_NS, SCOPE_COST_NS, ALLOCATION_COST_NS";

/// What names a row of [`PROCESS`].
pub(crate) const OF_PROCESS: Named = Named { key: 1, ..Named::of("PROCESSES") };

/// Of `EXECUTION_CONTEXTS` as `c`, as [`context`] reads them.
pub(crate) const CONTEXT: &str = "c.ENV_H, c.CPU_COUNT, c.CPU_FREQUENCY_MHZ, c.CPU_TYPE, c.CPU_VENDOR, c.RAM_TOTAL_MB, \
     c.MACHINE_NODE, c.MACHINE_TYPE, c.MACHINE_ARCH, c.SYSTEM_INFO, c.PYTHON_INFO";

/// Of `CONTEXT_CLASSES` as `k`, as [`class`] reads them.
pub(crate) const CLASS: &str = "k.ENV_H, k.CLASS_H, k.RUSTC, k.PROFILE, k.OPT_LEVEL, k.TARGET";

pub(crate) fn metric(cells: &mut Cells<'_, '_>) -> Result<Metric> {
    Ok(Metric {
        session_h: cells.text()?,
        item_path: cells.text()?,
        item_variant: cells.text()?,
        item_start_time: cells.get()?,
        env_h: cells.text()?,
        item: cells.text()?,
        item_fs_loc: cells.text()?,
        kind: Kind::parse(&cells.text()?).unwrap_or(Kind::Package),
        component: cells.text()?,
        wall_seconds: cells.seconds()?,
        user_seconds: cells.seconds()?,
        kernel_seconds: cells.seconds()?,
        cpu_usage: cells.real()?,
        memory_mib: cells.real()?,
    })
}

pub(crate) fn test(cells: &mut Cells<'_, '_>) -> Result<Test> {
    let metric = metric(cells)?;
    let class_h = cells.get()?;
    let has_metric: bool = cells.get()?;
    let profile = match how_it_ran(cells)? {
        None => None,
        Some(HowItRan { outcome, attempt, attribution, mem_source }) => Some(Profile {
            outcome,
            key: ProfileKey {
                session_h: metric.session_h.clone(),
                item_path: metric.item_path.clone(),
                item_variant: metric.item_variant.clone(),
                item_start_time: metric.item_start_time,
                process_h: cells.text()?,
            },
            package: cells.text()?,
            binary: cells.text()?,
            attempt,
            attribution,
            mem_source,
            measures: measures(cells)?,
        }),
    };
    Ok(Test { metric: has_metric.then_some(metric), profile, class_h })
}

/// How a test ran.
pub(crate) struct HowItRan {
    outcome: Outcome,
    attempt: u32,
    attribution: Option<Attribution>,
    mem_source: Option<MemSource>,
}

/// `OUTCOME`, `ATTEMPT`, `ATTRIBUTION` and `MEM_SOURCE`; `None` for a row of pytest-monitor.
pub(crate) fn how_it_ran(cells: &mut Cells<'_, '_>) -> Result<Option<HowItRan>> {
    let Some(outcome) = cells.get()? else { return Ok(None) };
    Ok(Some(HowItRan { outcome, attempt: cells.get()?, attribution: cells.get()?, mem_source: cells.get()? }))
}

fn measures(cells: &mut Cells<'_, '_>) -> Result<Measures> {
    let mut measures = Measures::default();
    for measure in MEASURES {
        let value = match measure.number {
            Number::Count => cells.count()?.map(Amount::Count),
            Number::Signed => cells.get::<Option<i64>>()?.map(Amount::Signed),
            Number::Real => cells.seconds()?.map(Amount::Real),
        };
        measure.set(&mut measures, value);
    }
    Ok(measures)
}

pub(crate) fn process(cells: &mut Cells<'_, '_>) -> Result<Process> {
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
        clock_offset_us: cells.get()?,
        clock_cost_ns: cells.get()?,
        scope_cost_ns: cells.get()?,
        allocation_cost_ns: cells.get()?,
    })
}

pub(crate) fn context(cells: &mut Cells<'_, '_>) -> Result<ExecutionContext> {
    Ok(ExecutionContext {
        env_h: cells.get()?,
        cpu_count: cells.count()?.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX)),
        cpu_frequency_mhz: cells.real()?.unwrap_or(0.0),
        cpu_type: cells.text()?,
        cpu_vendor: cells.text()?,
        ram_total_mib: cells.count()?.unwrap_or(0),
        machine_node: cells.text()?,
        machine_type: cells.text()?,
        machine_arch: cells.text()?,
        system_info: cells.text()?,
        python_info: cells.text()?,
    })
}

pub(crate) fn class(cells: &mut Cells<'_, '_>) -> Result<ContextClass> {
    Ok(ContextClass {
        env_h: cells.get()?,
        class_h: cells.text()?,
        rustc: cells.text()?,
        profile: cells.text()?,
        opt_level: cells.text()?,
        target: cells.text()?,
    })
}
