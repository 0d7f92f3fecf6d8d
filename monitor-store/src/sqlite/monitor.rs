//! [`Monitor`]: sessions, contexts and metrics of a file, as Python's `monitor_api.Monitor` offers them, typed.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use crate::error::StoreError;
use crate::filter::{Metrics, Sessions};
use crate::rows::{ContextClass, ExecutionContext, Metric, Session};
use crate::spool::Kept;
use crate::sqlite::columns::{self, Cells};
use crate::sqlite::conditions::{self, Sql};
use crate::sqlite::database::Database;
use crate::sqlite::reader::Reader;

/// A `.pymon` file that is open for queries.
///
/// ```
/// use monitor_store::{Metrics, Monitor, Resource, Sessions, StoreError};
///
/// fn print_highest_memory(file: &std::path::Path) -> Result<(), StoreError> {
///     let monitor = Monitor::open(file)?;
///     let nightly = Sessions::all().tag("suite", Some("nightly"));
///     for metric in monitor.metrics(&Metrics::all().sessions(&nightly).most(Resource::Memory, 10))? {
///         println!("{} {:?} MiB", metric.item_variant, metric.memory_mib);
///     }
///     Ok(())
/// }
/// # assert!(print_highest_memory("no such file".as_ref()).is_err());
/// ```
#[derive(Debug)]
pub struct Monitor {
    /// Locked for one query at a time, so that threads may share a file.
    reader: Mutex<Reader>,
    pub(crate) gone: HashSet<String>,
    kept: Vec<Kept>,
}

/// What a session ran on, ran with and measured.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionDetails {
    /// The session.
    pub session: Session,
    /// Its execution context; `None` if nothing is recorded.
    pub context: Option<ExecutionContext>,
    /// The context's machine class; `None` for a session of pytest-monitor.
    pub class: Option<ContextClass>,
    /// Hash of its `Cargo.lock`; `None` if it had none.
    pub lockfile_h: Option<String>,
    /// Metric rows, of every kind.
    pub metrics: u64,
}

impl Monitor {
    /// Opens an existing file.
    ///
    /// A file that can be written is first brought up to date, as a writer would do it: schema, spool files, tests
    /// that died, rows of sessions that are over. Otherwise (read-only, locked, newer schema) it is read as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], [`StoreError::Folder`], [`StoreError::Corrupt`], [`StoreError::Foreign`], or another
    /// that says why the file cannot be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut reader = Reader::open(path)?;
        let (gone, kept) = (std::mem::take(&mut reader.gone), std::mem::take(&mut reader.kept));
        Ok(Self { reader: Mutex::new(reader), gone, kept })
    }

    /// Spool files beside the file that this build does not understand. They are left there; tell the user.
    #[must_use]
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// The sessions that `filter` selects.
    ///
    /// # Errors
    ///
    /// [`StoreError::Row`] for a session without a date, or another that says why the file cannot be read.
    pub fn sessions(&self, filter: &Sessions) -> Result<Vec<Session>, StoreError> {
        let Sql { conditions, tail, values } = conditions::of_sessions(filter);
        let sql = format!("SELECT {SESSION} FROM TEST_SESSIONS s{conditions}{tail}");
        self.rows(&sql, values, |row| session(&mut Cells::new(row, 0)))
    }

    /// The session with this identifier.
    ///
    /// # Errors
    ///
    /// As [`Monitor::sessions`].
    pub fn session(&self, session_h: &str) -> Result<Option<Session>, StoreError> {
        let sql = format!("SELECT {SESSION} FROM TEST_SESSIONS s WHERE s.SESSION_H = ?");
        let sessions = self.rows(&sql, [text(session_h)], |row| session(&mut Cells::new(row, 0)))?;
        Ok(sessions.into_iter().next())
    }

    /// The sessions that `filter` selects, each with its context, machine class, lockfile and number of rows.
    ///
    /// # Errors
    ///
    /// As [`Monitor::sessions`].
    pub fn session_details(&self, filter: &Sessions) -> Result<Vec<SessionDetails>, StoreError> {
        let Sql { conditions, tail, values } = conditions::of_sessions(filter);
        let sql = format!(
            "SELECT {SESSION}, l.LOCKFILE_H, \
             (SELECT count(*) FROM RUNS n WHERE n.SESSION = t.ID AND n.ENDED), {CONTEXT}, {CLASS} \
             FROM TEST_SESSIONS s \
             LEFT JOIN TEXTS t ON t.TEXT = s.SESSION_H \
             LEFT JOIN SESSION_LOCKFILES l ON l.SESSION_H = s.SESSION_H \
             LEFT JOIN EXECUTION_CONTEXTS c ON c.ENV_H = coalesce(\
                 (SELECT p.ENV_H FROM PROCESSES p WHERE p.SESSION_H = s.SESSION_H LIMIT 1), \
                 (SELECT e.TEXT FROM RUNS m JOIN TEXTS e ON e.ID = m.ENV WHERE m.SESSION = t.ID LIMIT 1)) \
             LEFT JOIN CONTEXT_CLASSES k ON k.ENV_H = c.ENV_H{conditions}{tail}"
        );
        self.rows(&sql, values, |row| {
            let mut cells = Cells::new(row, 0);
            Ok(SessionDetails {
                session: session(&mut cells)?,
                lockfile_h: cells.get()?,
                metrics: cells.count()?.unwrap_or(0),
                context: context(&mut cells)?,
                class: class(&mut cells)?,
            })
        })
    }

    /// How many sessions `filter` selects (its page is ignored).
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn count_sessions(&self, filter: &Sessions) -> Result<u64, StoreError> {
        let Sql { conditions, values, .. } = conditions::of_sessions(filter);
        self.count(&format!("SELECT count(*) FROM TEST_SESSIONS s{conditions}"), values)
    }

    /// The metric rows that `filter` selects.
    ///
    /// # Errors
    ///
    /// [`StoreError::Row`] for a row without a start time, or another that says why the file cannot be read.
    pub fn metrics(&self, filter: &Metrics) -> Result<Vec<Metric>, StoreError> {
        let Sql { conditions, tail, values } = conditions::of_metrics(filter);
        let sql = format!("SELECT {} FROM {}{conditions}{tail}", columns::METRIC, columns::RUNS);
        self.rows(&sql, values, columns::metric)
    }

    /// How many metric rows `filter` selects (its rank and page are ignored).
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn count_metrics(&self, filter: &Metrics) -> Result<u64, StoreError> {
        let Sql { conditions, values, .. } = conditions::of_all_metrics(filter);
        self.count(&format!("SELECT count(*) FROM RUNS r{conditions}"), values)
    }

    /// Every execution context, in the order of insertion.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn contexts(&self) -> Result<Vec<ExecutionContext>, StoreError> {
        let sql = format!("SELECT {CONTEXT} FROM EXECUTION_CONTEXTS c ORDER BY c.rowid");
        let contexts = self.rows(&sql, [], |row| context(&mut Cells::new(row, 0)))?;
        Ok(contexts.into_iter().flatten().collect())
    }

    /// The execution context with this identifier.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn context(&self, env_h: &str) -> Result<Option<ExecutionContext>, StoreError> {
        let sql = format!("SELECT {CONTEXT} FROM EXECUTION_CONTEXTS c WHERE c.ENV_H = ?");
        let contexts = self.rows(&sql, [text(env_h)], |row| context(&mut Cells::new(row, 0)))?;
        Ok(contexts.into_iter().flatten().next())
    }

    /// How many execution contexts there are.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn count_contexts(&self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM EXECUTION_CONTEXTS", [])
    }

    /// The machine class of an execution context; `None` for one of pytest-monitor.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn class(&self, env_h: &str) -> Result<Option<ContextClass>, StoreError> {
        let sql = format!("SELECT {CLASS} FROM CONTEXT_CLASSES k WHERE k.ENV_H = ?");
        let classes = self.rows(&sql, [text(env_h)], |row| class(&mut Cells::new(row, 0)))?;
        Ok(classes.into_iter().flatten().next())
    }

    /// The text of the `Cargo.lock` that a session ran with.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn lockfile(&self, session_h: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT CONTENT FROM SESSION_LOCKFILES JOIN LOCKFILES USING (LOCKFILE_H) WHERE SESSION_H = ?";
        Ok(self.rows(sql, [text(session_h)], |row| row.get(0))?.into_iter().next())
    }

    /// The distinct components, in the order of their first row; `""` stands for rows without one.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn components(&self) -> Result<Vec<String>, StoreError> {
        let sql = format!("SELECT coalesce(COMPONENT, '') FROM ITEMS WHERE {ENDED} GROUP BY 1 ORDER BY min(ID)");
        self.rows(&sql, [], |row| row.get(0))
    }

    /// How many distinct components there are, rows without one left out.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn count_components(&self) -> Result<u64, StoreError> {
        self.count(&format!("SELECT count(DISTINCT COMPONENT) FROM ITEMS WHERE COMPONENT <> '' AND {ENDED}"), [])
    }

    /// The distinct pipelines (tag `pipeline_branch`) of the sessions that `filter` selects.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn pipelines(&self, filter: &Sessions) -> Result<Vec<String>, StoreError> {
        self.tag_values(filter, "pipeline_branch")
    }

    /// The distinct builds (tag `pipeline_build_no`) of the sessions that `filter` selects.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn builds(&self, filter: &Sessions) -> Result<Vec<String>, StoreError> {
        self.tag_values(filter, "pipeline_build_no")
    }

    fn tag_values(&self, filter: &Sessions, name: &str) -> Result<Vec<String>, StoreError> {
        let mut values: Vec<String> = Vec::new();
        for session in self.sessions(filter)? {
            for (key, value) in session.description {
                if key == name && !value.is_empty() && !values.contains(&value) {
                    values.push(value);
                }
            }
        }
        Ok(values)
    }

    fn count(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<u64, StoreError> {
        let counts = self.rows(sql, values, |row| row.get::<_, i64>(0))?;
        Ok(counts.first().map_or(0, |count| count.unsigned_abs()))
    }

    /// What `action` reads. Begun anew while the file is locked.
    pub(crate) fn asked<T>(&self, action: impl FnMut(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).database.patiently(action)
    }

    /// A second connection to read by, for another thread; `None` where that is not simple.
    pub(crate) fn another(&self) -> Option<Database> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).another()
    }

    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T> + Copy,
    ) -> Result<Vec<T>, StoreError> {
        let values: Vec<_> = values.into_iter().collect();
        // A query that panicked leaves nothing half done: it only read.
        self.asked(|connection| {
            let mut statement = connection.prepare(sql)?;
            statement.query_map(params_from_iter(&values), read)?.collect()
        })
    }
}

const SESSION: &str = "s.SESSION_H, s.RUN_DATE, s.SCM_ID, CAST(s.RUN_DESCRIPTION AS TEXT)";

/// Items that have metric rows: what is deleted leaves none, and a test that never ended is not complete.
const ENDED: &str = "(ITEM_FS_LOC IS NOT NULL OR PACKAGE IS NULL)";

const CONTEXT: &str = "c.ENV_H, c.CPU_COUNT, c.CPU_FREQUENCY_MHZ, c.CPU_TYPE, c.CPU_VENDOR, c.RAM_TOTAL_MB, \
     c.MACHINE_NODE, c.MACHINE_TYPE, c.MACHINE_ARCH, c.SYSTEM_INFO, c.PYTHON_INFO";

const CLASS: &str = "k.ENV_H, k.CLASS_H, k.RUSTC, k.PROFILE, k.OPT_LEVEL, k.TARGET";

pub(crate) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn session(cells: &mut Cells<'_, '_>) -> rusqlite::Result<Session> {
    Ok(Session {
        session_h: cells.get()?,
        run_date: cells.get()?,
        scm_id: cells.text()?,
        description: crate::description::from_json(&cells.text()?),
    })
}

fn context(cells: &mut Cells<'_, '_>) -> rusqlite::Result<Option<ExecutionContext>> {
    let env_h: Option<String> = cells.get()?;
    let context = ExecutionContext {
        env_h: env_h.clone().unwrap_or_default(),
        cpu_count: cells.count()?.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX)),
        cpu_frequency_mhz: cells.get::<Option<f64>>()?.unwrap_or(0.0),
        cpu_type: cells.text()?,
        cpu_vendor: cells.text()?,
        ram_total_mib: cells.count()?.unwrap_or(0),
        machine_node: cells.text()?,
        machine_type: cells.text()?,
        machine_arch: cells.text()?,
        system_info: cells.text()?,
        python_info: cells.text()?,
    };
    Ok(env_h.map(|_| context))
}

fn class(cells: &mut Cells<'_, '_>) -> rusqlite::Result<Option<ContextClass>> {
    let env_h: Option<String> = cells.get()?;
    let class = ContextClass {
        env_h: env_h.clone().unwrap_or_default(),
        class_h: cells.text()?,
        rustc: cells.text()?,
        profile: cells.text()?,
        opt_level: cells.text()?,
        target: cells.text()?,
    };
    Ok(env_h.map(|_| class))
}
