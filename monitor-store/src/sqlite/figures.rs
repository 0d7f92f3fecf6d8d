//! The query of [`Figures`]: numbers of `RUNS` only, the words behind them once.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::thread;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Rows};

use crate::error::StoreError;
use crate::figures::{Figure, Figures, RunFigures, SessionFigures};
use crate::filter::Resource;
use crate::measures::Number;
use crate::sqlite::cells::{self, Cells};
use crate::sqlite::columns;
use crate::sqlite::conditions::column;
use crate::sqlite::monitor::{Monitor, text};
use crate::sqlite::types::TIMES;
use crate::sqlite::unfit::{Misfits, Named, Unfit};
use crate::test_run::TestId;
use crate::timestamp::Timestamp;
use crate::words::{Attribution, MemSource, Outcome};

/// So many sessions are worth another thread, which has to open the file too.
const SHARED_FROM: usize = 16;

impl Monitor {
    /// The last run of each test in some sessions, with some figures of it; of many sessions by two threads.
    ///
    /// # Errors
    ///
    /// As [`Monitor::tests`].
    pub fn figures<S: AsRef<str>>(&self, sessions: &[S], figures: &[Figure]) -> Result<Figures, StoreError> {
        let sessions: Vec<&str> = sessions.iter().map(AsRef::as_ref).collect();
        let mut names = Names::of(self)?;
        let parts: Vec<Part> = figures.iter().flat_map(Part::of).collect();
        let (by_item, by_start) = (sql(&parts, "", "r.ITEM, r.START"), sql(&parts, NAMES, "r.START, r.ITEM"));
        let (figures, tests) = (figures.len(), names.tests.len());
        let query = &Query { by_item, by_start, parts, figures, items: &names.items, tests };
        let is_shared = sessions.len() >= SHARED_FROM && thread::available_parallelism().is_ok_and(|all| all.get() > 1);
        let another = if is_shared { self.another() } else { None };
        let (here, there) = sessions.split_at(if another.is_some() { sessions.len() / 2 } else { sessions.len() });
        let (first, second) = thread::scope(|scope| {
            let other = another
                .map(|database| scope.spawn(move || database.patiently(|connection| query.read(connection, there))));
            let first = self.asked(|connection| query.read(connection, here));
            let second = other.map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            Ok::<_, StoreError>((first?, second.transpose()?.unwrap_or_default()))
        })?;
        let mut found = Vec::with_capacity(sessions.len());
        for Read { sessions, contexts, unfit } in [first, second] {
            self.left_out().add(unfit);
            let machines: Vec<u32> = contexts.into_iter().map(|context| names.machine(context)).collect();
            for mut session in sessions {
                session.runs.iter_mut().for_each(|run| run.machine = machines[run.machine as usize]);
                found.push(session);
            }
        }
        Ok(Figures { tests: names.tests, machines: names.machines, sessions: found })
    }
}

/// What is asked of each session, by SQLite's own numbers of items and contexts.
struct Query<'a> {
    /// In the order of an index: the runs of an item follow each other.
    by_item: String,
    /// For sessions in which a test has several items, or a row cannot be: with what names that.
    by_start: String,
    parts: Vec<Part>,
    /// So many figures has a run.
    figures: usize,
    items: &'a [(i64, u32)],
    tests: usize,
}

/// Sessions as a thread has read them: their machines are places in `contexts`.
#[derive(Default)]
struct Read {
    sessions: Vec<SessionFigures>,
    contexts: Vec<Option<i64>>,
    unfit: Vec<Unfit>,
}

/// What names a row, behind its figures, and how it ran.
const NAMES: &str = ", r.ID, (SELECT ITEM_VARIANT FROM ITEMS i WHERE i.ID = r.ITEM), r.START, r.OUTCOME, r.ATTEMPT, r.ATTRIBUTION, r.MEM_SOURCE";

/// The column of the first figure.
const FIRST_FIGURE: usize = 2;

/// The second column: these bits, and above them the context. Each column less is a twelfth of the time.
const PASSED: i64 = 1;
const WHOLE_PROCESS: i64 = 2;
const SINGLE_THREADED: i64 = 4;
const HEAP: i64 = 8;
const RSS: i64 = 16;
const CONTEXT: i64 = 32;
const NO_CONTEXT: i64 = -1;

fn sql(parts: &[Part], names: &str, order: &str) -> String {
    let columns: String = parts.iter().map(|part| format!(", r.{}", part.column)).collect();
    // Most runs are such, and it takes half of SQLite's steps to see that.
    let usual = PASSED + SINGLE_THREADED + HEAP;
    // What has neither ended nor one of these outcomes is not asked for: what passed has ended.
    format!(
        "SELECT r.ITEM, {CONTEXT} * coalesce(r.ENV, {NO_CONTEXT}) \
         + CASE WHEN r.OUTCOME = 'passed' AND r.THREADS = 1 AND r.MEM_SOURCE = 'heap' AND r.ATTRIBUTION = 'threads' \
           AND r.ATTEMPT = 1 AND {0} THEN {usual} WHEN {1} THEN NULL ELSE CASE WHEN r.OUTCOME = 'passed' OR r.OUTCOME IS NULL THEN {PASSED} ELSE 0 END \
           + CASE WHEN r.ATTRIBUTION = 'process' THEN {WHOLE_PROCESS} ELSE 0 END \
           + CASE WHEN r.THREADS = 1 THEN {SINGLE_THREADED} ELSE 0 END \
           + CASE r.MEM_SOURCE WHEN 'heap' THEN {HEAP} WHEN 'rss' THEN {RSS} ELSE 0 END END ENV{columns}{names} \
         FROM RUNS r WHERE r.SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1) \
         AND (r.ENDED OR r.OUTCOME IN ('running', 'crashed')) ORDER BY {order}",
        began(),
        ran_impossibly()
    )
}

/// Whether a run began at a time of ours.
fn began() -> String {
    format!("r.START BETWEEN {} AND {}", TIMES.start, TIMES.end - 1)
}

/// Whether what a row says of its start may be no time, or what a row of ours says of how it ran cannot be, as
/// [`columns::how_it_ran`] finds it.
fn ran_impossibly() -> String {
    fn among<T: fmt::Display>(column: &str, words: &[T]) -> String {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        format!("{column} NOT IN ({})", words.join(", "))
    }
    // As pytest-monitor writes it. SQLite takes for a time what is none to us, and the other way.
    let spelt_out = "strftime('%Y-%m-%dT%H:%M:%S', r.START) = substr(r.START, 1, 19)";
    format!(
        "({} OR {spelt_out}) IS NOT TRUE OR r.OUTCOME IS NOT NULL AND \
         (typeof(r.ATTEMPT) <> 'integer' OR r.ATTEMPT NOT BETWEEN 0 AND {} OR {} OR {} OR {})",
        began(),
        u32::MAX,
        among("r.OUTCOME", Outcome::ALL),
        among("r.ATTRIBUTION", Attribution::ALL),
        among("r.MEM_SOURCE", MemSource::ALL)
    )
}

/// A column that is a figure, or that is added to the one before.
struct Part {
    column: &'static str,
    is_added: bool,
    may_be_negative: bool,
}

impl Part {
    fn of(figure: &Figure) -> Vec<Self> {
        match figure {
            Figure::Sum(resources) => {
                let of = |(at, resource): (usize, &Resource)| Self {
                    column: column(*resource),
                    is_added: at > 0,
                    may_be_negative: matches!(resource, Resource::Memory | Resource::Cpu),
                };
                resources.iter().enumerate().map(of).collect()
            }
            Figure::Measure(measure) => {
                let may_be_negative = measure.number == Number::Signed;
                vec![Self { column: measure.column, is_added: false, may_be_negative }]
            }
        }
    }
}

impl Query<'_> {
    fn read(&self, connection: &Connection, sessions: &[&str]) -> rusqlite::Result<Read> {
        let mut read = Read::default();
        let mut by_item = connection.prepare(&self.by_item)?;
        for session_h in sessions {
            let usual = read.sessions.last().map_or(0, |session| session.runs.len());
            let session = match self.session(by_item.query([session_h])?, usual, &mut read.contexts)? {
                Some(session) => session,
                None => self.mixed_session(connection, session_h, &mut read)?,
            };
            read.sessions.push(session);
        }
        Ok(read)
    }

    /// A session whose rows come by item, and of each by start: the last of a test counts. `None` if a test comes by another
    /// item again, or a row cannot be. There may be about as many rows as `usual`.
    fn session(
        &self,
        mut rows: Rows<'_>,
        usual: usize,
        contexts: &mut Vec<Option<i64>>,
    ) -> rusqlite::Result<Option<SessionFigures>> {
        let mut found =
            SessionFigures { runs: Vec::with_capacity(usual), values: Vec::with_capacity(usual * self.figures) };
        let mut seen = vec![false; self.tests];
        let (mut next, mut last) = (0, None);
        while let Some(row) = rows.next()? {
            let Ok(item) = row.get(0) else { return Ok(None) };
            let Some(test) = self.test(item, &mut next) else { continue };
            if last == Some(item) {
                found.runs.pop();
                found.values.truncate(found.runs.len() * self.figures);
            } else if std::mem::replace(&mut seen[test as usize], true) {
                return Ok(None);
            }
            last = Some(item);
            match self.push(row, test, contexts, &mut found) {
                Err(error) if cells::column_of(&error).is_some() => return Ok(None),
                pushed => pushed?,
            }
        }
        Ok(Some(found))
    }

    /// A session whose rows come by start.
    fn mixed_session(
        &self,
        connection: &Connection,
        session_h: &str,
        read: &mut Read,
    ) -> rusqlite::Result<SessionFigures> {
        let mut last: BTreeMap<u32, SessionFigures> = BTreeMap::new();
        let mut statement = connection.prepare(&self.by_start)?;
        let key = FIRST_FIGURE + self.parts.len();
        let mut unfit = Misfits::of(Named { key, test: Some(key + 1), ..Named::of("RUNS") });
        let mut rows = statement.query([session_h])?;
        while let Some(row) = rows.next()? {
            let mut run = SessionFigures::default();
            let pushed = Cells::new(row, 0).get().and_then(|item| match self.test(item, &mut 0) {
                Some(test) => began_and_ran(&mut Cells::new(row, key + 2))
                    .and_then(|()| self.push(row, test, &mut read.contexts, &mut run))
                    .map(|()| Some(test)),
                None => Ok(None),
            });
            match pushed {
                Ok(Some(test)) => drop(last.insert(test, run)),
                Ok(None) => {}
                Err(error) => unfit.add(row, error)?,
            }
        }
        drop(rows);
        read.unfit.extend(unfit.told(&statement));
        let mut found = SessionFigures::default();
        for run in last.into_values() {
            found.runs.extend(run.runs);
            found.values.extend(run.values);
        }
        Ok(found)
    }

    fn push(
        &self,
        row: &Row<'_>,
        test: u32,
        contexts: &mut Vec<Option<i64>>,
        found: &mut SessionFigures,
    ) -> rusqlite::Result<()> {
        found.runs.push(run(row, test, contexts)?);
        for (at, part) in self.parts.iter().enumerate() {
            let value = number(row, FIRST_FIGURE + at, part.may_be_negative)?;
            match found.values.last_mut().filter(|_| part.is_added) {
                Some(sum) => *sum += value,
                None => found.values.push(value),
            }
        }
        Ok(())
    }

    /// The test that an item is; `None` for what is no test. Items come in ascending order nearly always: `next` is where this
    /// one is looked for first.
    fn test(&self, item: i64, next: &mut usize) -> Option<u32> {
        let is = |at: usize| self.items.get(at).is_some_and(|(known, _)| *known == item);
        let at = if is(*next) { *next } else { self.items.binary_search_by_key(&item, |(known, _)| *known).ok()? };
        *next = at + 1;
        Some(self.items[at].1)
    }
}

fn began_and_ran(cells: &mut Cells<'_, '_>) -> rusqlite::Result<()> {
    let _ = cells.get::<Timestamp>()?;
    columns::how_it_ran(cells).map(drop)
}

/// A number; NaN if there is none.
#[inline]
fn number(row: &Row<'_>, column: usize, may_be_negative: bool) -> rusqlite::Result<f64> {
    let value = match row.get_ref(column)? {
        ValueRef::Real(value) => value,
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, 9 PB")]
        ValueRef::Integer(value) => value as f64,
        ValueRef::Null => return Ok(f64::NAN),
        ValueRef::Text(_) | ValueRef::Blob(_) => f64::INFINITY,
    };
    let can_be = value.is_finite() && (value >= 0.0 || may_be_negative);
    if can_be { Ok(value) } else { Err(cells::in_column(column)) }
}

fn run(row: &Row<'_>, test: u32, contexts: &mut Vec<Option<i64>>) -> rusqlite::Result<RunFigures> {
    let bits: i64 = Cells::new(row, 1).get()?;
    let context = Some(bits.div_euclid(CONTEXT)).filter(|context| *context != NO_CONTEXT);
    let machine = contexts.iter().position(|known| *known == context).unwrap_or_else(|| {
        contexts.push(context);
        contexts.len() - 1
    });
    let has = |bit: i64| bits & bit != 0;
    Ok(RunFigures {
        test,
        machine: machine as u32,
        passed: has(PASSED),
        whole_process: has(WHOLE_PROCESS),
        single_threaded: has(SINGLE_THREADED),
        memory: if has(HEAP) { Some(MemSource::Heap) } else { has(RSS).then_some(MemSource::Rss) },
    })
}

/// What SQLite's numbers stand for.
struct Names {
    tests: Vec<TestId>,
    /// The test of each item, in ascending order. Several items are one test, where its file or component changed; some are
    /// none.
    items: Vec<(i64, u32)>,
    machines: Vec<String>,
    machine_of_context: HashMap<Option<i64>, u32>,
}

impl Names {
    fn of(monitor: &Monitor) -> Result<Self, StoreError> {
        let sql = "SELECT ID, PACKAGE, BINARY, ITEM_PATH, ITEM_VARIANT FROM ITEMS WHERE KIND = ? ORDER BY ID";
        let items = monitor.rows(Named::of("ITEMS"), sql, [text("function")], |cells| {
            let item: i64 = cells.get()?;
            let (package, binary) = (cells.text()?, cells.text()?);
            Ok((item, TestId { package, binary, path: cells.text()?, variant: cells.text()? }))
        })?;
        let mut names = Self { tests: vec![], items: vec![], machines: vec![], machine_of_context: HashMap::new() };
        let mut known: HashMap<TestId, u32> = HashMap::with_capacity(items.len());
        for (item, id) in items {
            let next = names.tests.len() as u32;
            let test = *known.entry(id).or_insert_with_key(|id| {
                names.tests.push(id.clone());
                next
            });
            names.items.push((item, test));
        }
        let sql = "SELECT e.ID, coalesce(k.CLASS_H, e.TEXT) CLASS_H FROM EXECUTION_CONTEXTS c JOIN TEXTS e ON e.TEXT = c.ENV_H \
                   LEFT JOIN CONTEXT_CLASSES k ON k.ENV_H = c.ENV_H";
        let machines = monitor.rows(Named::of("TEXTS"), sql, [], |cells| Ok((cells.get()?, cells.get()?)))?;
        for (context, machine) in machines {
            let number = names.number(machine);
            names.machine_of_context.insert(Some(context), number);
        }
        Ok(names)
    }

    /// A context that is recorded nowhere is a machine of its own.
    fn machine(&mut self, context: Option<i64>) -> u32 {
        match self.machine_of_context.get(&context) {
            Some(&machine) => machine,
            None => {
                let machine = self.number(context.map_or_else(String::new, |context| format!("context {context}")));
                self.machine_of_context.insert(context, machine);
                machine
            }
        }
    }

    fn number(&mut self, machine: String) -> u32 {
        let known = self.machines.iter().position(|known| *known == machine);
        known.unwrap_or_else(|| {
            self.machines.push(machine);
            self.machines.len() - 1
        }) as u32
    }
}
