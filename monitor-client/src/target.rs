//! A `.pymon` file into which batches are written.

use std::path::{Path, PathBuf};

use monitor_store::{Entry, InvalidTimestamp, Kind, Process, StoreError, Test, Writer, hash_hex};
use rusqlite::{Connection, params};

use crate::wire::{Batch, Context, Cost, Row};

/// Why a batch can't be written to a file.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The file does not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file does not take rows of pytest-monitor.
    #[error("{0}: {1}")]
    Sql(PathBuf, #[source] rusqlite::Error),
    /// A time can't be read.
    #[error(transparent)]
    Time(#[from] InvalidTimestamp),
}

/// A file that takes batches. A session that is in it already must not be written again: its rows would be there twice.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    writer: Writer,
    /// For what pytest-monitor wrote: without profiles, on contexts without a class.
    plain: Connection,
}

impl Target {
    /// Opens or makes a file.
    ///
    /// # Errors
    ///
    /// If that is not possible.
    pub fn open(path: &Path) -> Result<Self, TargetError> {
        let writer = Writer::open(path)?;
        let explain = |error| TargetError::Sql(path.to_owned(), error);
        let plain = Connection::open(path).map_err(explain)?;
        plain.execute_batch("PRAGMA synchronous = NORMAL").map_err(explain)?;
        Ok(Self { path: path.to_owned(), writer, plain })
    }

    /// Writes a session.
    ///
    /// # Errors
    ///
    /// If the file does not take it, or a time in the batch can't be read.
    pub fn write(&mut self, batch: Batch<'_>) -> Result<(), TargetError> {
        let session_h = batch.session.session_h.clone();
        let (classed, contexts): (Vec<_>, Vec<_>) =
            batch.contexts.into_iter().partition(|context| context.class.is_some());
        let (ours, theirs): (Vec<_>, Vec<_>) = batch.rows.into_iter().partition(|row| row.profile.is_some());
        let mut entries = Vec::new();
        for context in classed {
            if let (context, Some(class)) = context.to_store() {
                entries.push(Entry::Context { context, class });
            }
        }
        entries.push(Entry::Session { session: batch.session.to_store()?, lockfile: batch.lockfile });
        if let Some(first) = ours.first() {
            entries.push(Entry::Process(process(&session_h, first.context_h.to_string())));
        }
        let mut counted = Vec::new();
        for mut row in ours {
            let costs = std::mem::take(&mut row.costs);
            let process_h = if costs.is_empty() { process_of(&session_h) } else { process_of_row(&session_h, &row) };
            if !costs.is_empty() {
                let environment = row.context_h.to_string();
                entries
                    .push(Entry::Process(Process { process_h: process_h.clone(), ..process(&session_h, environment) }));
                counted.push((process_h.clone(), costs.into_iter().map(Cost::to_store).collect::<Vec<_>>()));
            }
            entries.extend(self::entries(row.to_store(&session_h, &process_h, None)?));
        }
        self.writer.apply(&entries)?;
        for (process_h, costs) in counted {
            self.writer.add_costs(&session_h, &process_h, &costs)?;
        }
        if contexts.is_empty() && theirs.is_empty() {
            return Ok(());
        }
        write_plain(&mut self.plain, &contexts, &session_h, &theirs)
            .map_err(|error| TargetError::Sql(self.path.clone(), error))
    }

    /// Completes the file.
    ///
    /// # Errors
    ///
    /// If that is not possible.
    pub fn close(self) -> Result<(), TargetError> {
        drop(self.plain);
        Ok(self.writer.close(true)?)
    }
}

/// Writes as pytest-monitor does.
fn write_plain(
    connection: &mut Connection,
    contexts: &[Context],
    session_h: &str,
    rows: &[Row<'_>],
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for context in contexts {
        transaction.execute(
            "INSERT OR IGNORE INTO EXECUTION_CONTEXTS (ENV_H, CPU_COUNT, CPU_FREQUENCY_MHZ, CPU_TYPE, CPU_VENDOR, \
                 RAM_TOTAL_MB, MACHINE_NODE, MACHINE_TYPE, MACHINE_ARCH, SYSTEM_INFO, PYTHON_INFO) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                context.h,
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
            ],
        )?;
    }
    let mut insert = transaction.prepare(
            "INSERT INTO TEST_METRICS (SESSION_H, ENV_H, ITEM_START_TIME, ITEM_PATH, ITEM, ITEM_VARIANT, ITEM_FS_LOC, KIND, \
             COMPONENT, TOTAL_TIME, USER_TIME, KERNEL_TIME, CPU_USAGE, MEM_USAGE) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?;
    for row in rows.iter().filter(|row| row.total_time.is_some()) {
        insert.execute(params![
            session_h,
            row.context_h,
            row.item_start_time,
            row.item_path,
            row.item,
            row.item_variant,
            row.item_fs_loc,
            row.kind,
            row.component,
            row.total_time,
            row.user_time,
            row.kernel_time,
            row.cpu_usage,
            row.mem_usage,
        ])?;
    }
    drop(insert);
    transaction.commit()
}

/// The process that stands for all that the session's tests ran in: readers find the context of a crashed test by it.
fn process(session_h: &str, environment: String) -> Process {
    Process {
        process_h: process_of(session_h),
        session_h: session_h.to_owned(),
        env_h: Some(environment),
        scopes: Kind::Function.as_str().to_owned(),
        ..Process::default()
    }
}

fn process_of(session_h: &str) -> String {
    hash_hex(["monitor-server", session_h])
}

/// The process of a test whose instructions were counted: by it the file has what its functions cost.
fn process_of_row(session_h: &str, row: &Row<'_>) -> String {
    hash_hex(["monitor-server", session_h, &row.item_path, &row.item_variant, &row.item_start_time])
}

fn entries(test: Test) -> Vec<Entry> {
    match (test.metric, test.profile) {
        (Some(metric), Some(profile)) => vec![Entry::Finished { metric, profile }],
        (None, Some(profile)) => {
            let key = profile.key.clone();
            vec![Entry::Started(profile), Entry::Crashed { key }]
        }
        _ => Vec::new(),
    }
}
