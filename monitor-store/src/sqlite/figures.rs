//! The query of [`Figures`]: numbers of `RUNS` only, the words behind them once.

use std::collections::HashMap;

use rusqlite::{Row, Statement};

use crate::error::StoreError;
use crate::figures::{Figure, Figures, RunFigures, SessionFigures};
use crate::sqlite::columns::Cells;
use crate::sqlite::conditions::column;
use crate::sqlite::monitor::{Monitor, text};
use crate::test_run::TestId;
use crate::timestamp::Timestamp;
use crate::words::{Attribution, MemSource};

impl Monitor {
    /// The last run of each test in some sessions, with some figures of it.
    ///
    /// # Errors
    ///
    /// As [`Monitor::tests`].
    pub fn figures<S: AsRef<str>>(&self, sessions: &[S], figures: &[Figure]) -> Result<Figures, StoreError> {
        let columns: Vec<String> = figures.iter().map(|figure| expression(*figure)).collect();
        // By SQLite's own numbers of items and contexts; what they stand for is asked once.
        let sql = format!(
            "SELECT r.ITEM, r.START, r.ENV, r.ENDED AND coalesce(r.OUTCOME = 'passed', 1), r.ATTRIBUTION, r.MEM_SOURCE, \
             r.THREADS{} FROM RUNS r WHERE r.SESSION = (SELECT ID FROM TEXTS WHERE TEXT = ?1) \
             AND (r.ENDED OR r.OUTCOME IN ('running', 'crashed'))",
            columns.concat()
        );
        let mut names = Names::of(self)?;
        let sessions = self.prepared(&sql, |statement| {
            let mut read = Vec::with_capacity(sessions.len());
            for session in sessions {
                read.push(of_session(statement, session.as_ref(), figures.len(), &mut names)?);
            }
            Ok(read)
        })?;
        Ok(Figures { tests: names.tests, machines: names.machines, sessions })
    }
}

fn expression(figure: Figure) -> String {
    match figure {
        Figure::Sum(resources) => {
            let columns: Vec<String> = resources.iter().map(|resource| format!("r.{}", column(*resource))).collect();
            format!(", {}", columns.join(" + "))
        }
        Figure::Measure(measure) => format!(", r.{}", measure.column),
    }
}

fn of_session(
    statement: &mut Statement<'_>,
    session_h: &str,
    figures: usize,
    names: &mut Names,
) -> rusqlite::Result<SessionFigures> {
    let mut found = SessionFigures::default();
    // When the runs that were found began, and where that of a test stands among them.
    let mut starts: Vec<Timestamp> = Vec::new();
    let mut places: Vec<Option<usize>> = vec![None; names.tests.len()];
    let mut rows = statement.query([session_h])?;
    while let Some(row) = rows.next()? {
        let Some(test) = names.test_of_item.get(&row.get(0)?).copied() else { continue };
        let start: Timestamp = row.get(1)?;
        let run = run(row, test, names)?;
        let place = match places[test as usize] {
            Some(place) if start < starts[place] => continue,
            Some(place) => {
                (found.runs[place], starts[place]) = (run, start);
                place
            }
            None => {
                let place = found.runs.len();
                places[test as usize] = Some(place);
                found.runs.push(run);
                starts.push(start);
                found.values.resize((place + 1) * figures, f64::NAN);
                place
            }
        };
        for figure in 0..figures {
            found.values[place * figures + figure] =
                row.get::<_, Option<f64>>(FIRST_FIGURE + figure)?.unwrap_or(f64::NAN);
        }
    }
    Ok(found)
}

/// The column of the first figure.
const FIRST_FIGURE: usize = 7;

fn run(row: &Row<'_>, test: u32, names: &mut Names) -> rusqlite::Result<RunFigures> {
    Ok(RunFigures {
        test,
        machine: names.machine(row.get(2)?),
        passed: row.get(3)?,
        whole_process: row.get::<_, Option<Attribution>>(4)? == Some(Attribution::Process),
        memory: row.get::<_, Option<MemSource>>(5)?,
        threads: row.get::<_, Option<i64>>(6)?.map(i64::unsigned_abs),
    })
}

/// What SQLite's numbers stand for.
struct Names {
    tests: Vec<TestId>,
    /// Several items are one test, where its file or component changed; some are none.
    test_of_item: HashMap<i64, u32>,
    machines: Vec<String>,
    machine_of_context: HashMap<Option<i64>, u32>,
}

impl Names {
    fn of(monitor: &Monitor) -> Result<Self, StoreError> {
        let sql = "SELECT ID, PACKAGE, BINARY, ITEM_PATH, ITEM_VARIANT FROM ITEMS WHERE KIND = ?";
        let items = monitor.rows(sql, [text("function")], |row| {
            let mut cells = Cells::new(row, 0);
            let item: i64 = cells.get()?;
            let (package, binary) = (cells.text()?, cells.text()?);
            Ok((item, TestId { package, binary, path: cells.text()?, variant: cells.text()? }))
        })?;
        let mut names =
            Self { tests: vec![], test_of_item: HashMap::new(), machines: vec![], machine_of_context: HashMap::new() };
        let mut known: HashMap<TestId, u32> = HashMap::with_capacity(items.len());
        for (item, id) in items {
            let next = names.tests.len() as u32;
            let test = *known.entry(id).or_insert_with_key(|id| {
                names.tests.push(id.clone());
                next
            });
            names.test_of_item.insert(item, test);
        }
        let sql = "SELECT e.ID, coalesce(k.CLASS_H, e.TEXT) FROM EXECUTION_CONTEXTS c JOIN TEXTS e ON e.TEXT = c.ENV_H \
                   LEFT JOIN CONTEXT_CLASSES k ON k.ENV_H = c.ENV_H";
        for (context, machine) in monitor.rows(sql, [], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))? {
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
