//! [`Monitor`]: sessions, contexts and metrics of a file, as Python's `monitor_api.Monitor` offers them, typed.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::error::StoreError;
use crate::filter::{Metrics, Sessions};
use crate::rows::{ContextClass, ExecutionContext, Metric, Session};
use crate::spool::Kept;
use crate::sqlite::cells::Cells;
use crate::sqlite::columns::{self, CLASS, CONTEXT, class, context};
use crate::sqlite::conditions::{self, Sql};
use crate::sqlite::database::Database;
use crate::sqlite::reader::Reader;
use crate::sqlite::unfit::{self, LeftOut, Named};

/// A `.pymon` file that is open for queries.
///
/// A row with a value that cannot be is in no answer; [`Monitor::left_out`] names it.
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
    left_out: LeftOut,
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
        Ok(Self { reader: Mutex::new(reader), gone, kept, left_out: LeftOut::of(path.to_owned()) })
    }

    /// Spool files beside the file that this build does not understand. They are left there; tell the user.
    #[must_use]
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// The rows that no answer had so far because a value in them cannot be. Tell the user at the end.
    #[must_use]
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// The sessions that `filter` selects.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn sessions(&self, filter: &Sessions) -> Result<Vec<Session>, StoreError> {
        self.page_of_sessions(filter, &format!("SELECT {SESSION} FROM TEST_SESSIONS s"), session)
    }

    /// The session with this identifier.
    ///
    /// # Errors
    ///
    /// As [`Monitor::sessions`].
    pub fn session(&self, session_h: &str) -> Result<Option<Session>, StoreError> {
        let sql = format!("SELECT {SESSION} FROM TEST_SESSIONS s WHERE s.SESSION_H = ?");
        Ok(self.rows(SESSIONS, &sql, [text(session_h)], session)?.into_iter().next())
    }

    /// The sessions that `filter` selects, each with its context, machine class, lockfile and number of rows.
    ///
    /// # Errors
    ///
    /// As [`Monitor::sessions`].
    pub fn session_details(&self, filter: &Sessions) -> Result<Vec<SessionDetails>, StoreError> {
        let sql = format!(
            "SELECT {SESSION}, l.LOCKFILE_H, \
             (SELECT count(*) FROM RUNS n WHERE n.SESSION = t.ID AND n.ENDED), coalesce(\
                 (SELECT p.ENV_H FROM PROCESSES p WHERE p.SESSION_H = s.SESSION_H LIMIT 1), \
                 (SELECT e.TEXT FROM RUNS m JOIN TEXTS e ON e.ID = m.ENV WHERE m.SESSION = t.ID LIMIT 1)) \
             FROM TEST_SESSIONS s \
             LEFT JOIN TEXTS t ON t.TEXT = s.SESSION_H \
             LEFT JOIN SESSION_LOCKFILES l ON l.SESSION_H = s.SESSION_H"
        );
        let sessions = self.page_of_sessions(filter, &sql, |cells| {
            Ok((session(cells)?, cells.get()?, cells.count()?.unwrap_or(0), cells.text()?))
        })?;
        let mut contexts = HashMap::new();
        for (.., env_h) in &sessions {
            if !contexts.contains_key(env_h) {
                let context = self.context(env_h)?;
                let class = if context.is_some() { self.class(env_h)? } else { None };
                contexts.insert(env_h.clone(), (context, class));
            }
        }
        let detailed = sessions.into_iter().map(|(session, lockfile_h, metrics, env_h)| {
            let (context, class) = contexts[&env_h].clone();
            SessionDetails { session, context, class, lockfile_h, metrics }
        });
        Ok(detailed.collect())
    }

    /// What a query without conditions makes of the sessions that `filter` selects. Those that are left out take no place of
    /// its page.
    fn page_of_sessions<T>(
        &self,
        filter: &Sessions,
        sql: &str,
        read: impl FnMut(&mut Cells<'_, '_>) -> rusqlite::Result<T> + Copy,
    ) -> Result<Vec<T>, StoreError> {
        let mut asked = filter.clone();
        loop {
            let Sql { conditions, tail, values } = conditions::of_sessions(&asked);
            let sql = format!("{sql}{conditions}{tail}");
            let (fit, unfit) =
                self.asked(|connection| unfit::fit(connection, SESSIONS, &sql, params_from_iter(&values), read))?;
            let limit = filter.page.limit.map(|limit| limit.saturating_add(unfit.len() as u64));
            self.left_out.add(unfit);
            if limit <= asked.page.limit {
                return Ok(fit);
            }
            asked.page.limit = limit;
        }
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
    /// An error that says why the file cannot be read.
    pub fn metrics(&self, filter: &Metrics) -> Result<Vec<Metric>, StoreError> {
        let Sql { conditions, tail, values } = conditions::of_metrics(filter);
        let sql = format!("SELECT {} FROM {}{conditions}{tail}", columns::METRIC, columns::RUNS);
        self.rows(columns::RUN, &sql, values, columns::metric)
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
        self.rows(CONTEXTS, &sql, [], context)
    }

    /// The execution context with this identifier.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn context(&self, env_h: &str) -> Result<Option<ExecutionContext>, StoreError> {
        let sql = format!("SELECT {CONTEXT} FROM EXECUTION_CONTEXTS c WHERE c.ENV_H = ?");
        Ok(self.rows(CONTEXTS, &sql, [text(env_h)], context)?.into_iter().next())
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
        Ok(self.rows(Named::of("CONTEXT_CLASSES"), &sql, [text(env_h)], class)?.into_iter().next())
    }

    /// The text of the `Cargo.lock` that a session ran with.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn lockfile(&self, session_h: &str) -> Result<Option<String>, StoreError> {
        let sql =
            "SELECT LOCKFILE_H, CONTENT FROM SESSION_LOCKFILES JOIN LOCKFILES USING (LOCKFILE_H) WHERE SESSION_H = ?";
        let named = Named { first: 1, ..Named::of("LOCKFILES") };
        Ok(self.rows(named, sql, [text(session_h)], |cells| cells.get())?.into_iter().next())
    }

    /// The distinct components, in the order of their first row; `""` stands for rows without one.
    ///
    /// # Errors
    ///
    /// An error that says why the file cannot be read.
    pub fn components(&self) -> Result<Vec<String>, StoreError> {
        let sql = format!(
            "SELECT min(ID) ID, coalesce(COMPONENT, '') COMPONENT FROM ITEMS WHERE {ENDED} GROUP BY 2 ORDER BY 1"
        );
        self.rows(Named { first: 1, ..Named::of("ITEMS") }, &sql, [], |cells| cells.get())
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
        let values: Vec<_> = values.into_iter().collect();
        let count =
            self.asked(|connection| connection.query_row(sql, params_from_iter(&values), |row| row.get::<_, i64>(0)))?;
        Ok(count.unsigned_abs())
    }

    /// What `action` reads. Begun anew while the file is locked.
    pub(crate) fn asked<T>(&self, action: impl FnMut(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).database.patiently(action)
    }

    /// A second connection to read by, for another thread; `None` where that is not simple.
    pub(crate) fn another(&self) -> Option<Database> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).another()
    }

    /// What `read` makes of the rows of a query; the others are left out.
    pub(crate) fn rows<T>(
        &self,
        named: Named,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
        read: impl FnMut(&mut Cells<'_, '_>) -> rusqlite::Result<T> + Copy,
    ) -> Result<Vec<T>, StoreError> {
        let values: Vec<_> = values.into_iter().collect();
        // A query that panicked leaves nothing half done: it only read.
        let (fit, unfit) =
            self.asked(|connection| unfit::fit(connection, named, sql, params_from_iter(&values), read))?;
        self.left_out.add(unfit);
        Ok(fit)
    }
}

const SESSIONS: Named = Named::of("TEST_SESSIONS");
const CONTEXTS: Named = Named::of("EXECUTION_CONTEXTS");

const SESSION: &str = "s.SESSION_H, s.RUN_DATE, s.SCM_ID, CAST(s.RUN_DESCRIPTION AS TEXT) RUN_DESCRIPTION";

/// Items that have metric rows: what is deleted leaves none, and a test that never ended is not complete.
pub(crate) const ENDED: &str = "(ITEM_FS_LOC IS NOT NULL OR PACKAGE IS NULL)";

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
