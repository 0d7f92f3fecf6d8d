//! The runs of sessions as a judge needs them: numbers, and the words behind them once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use monitor_store::{
    Attribution, Figure, Figures, Kind, MemSource, Resource, RunFigures, SessionFigures, TestId, Timestamp,
};

use super::cells::{self, Cells};
use super::filter::column;
use super::sql::{Dialect, Sql};

/// So many rows are remembered: some 80 MB. A session of 5,000 tests is judged by a hundred before it.
const REMEMBERED: usize = 800_000;

/// Sessions that were read before. Those that are over don't change, and are asked for again and again.
#[derive(Debug, Default)]
pub struct Memory(Mutex<VecDeque<(Key, Arc<Rows>)>>);

/// Of what, how many runs there were, which changes with every write, and when the session came first: another may come under its
/// name when it was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    project: String,
    session_h: String,
    columns: String,
    runs: i64,
    finished: i64,
    received_at: Option<String>,
}

impl Memory {
    fn get<E>(&self, key: Key, read: impl FnOnce() -> Result<Rows, E>) -> Result<Arc<Rows>, E> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().iter().find(|(known, _)| *known == key).map(|(_, rows)| Arc::clone(rows));
        if let Some(rows) = known {
            return Ok(rows);
        }
        let rows = Arc::new(read()?);
        let mut memory = lock();
        let is_same = |known: &Key| {
            (&known.project, &known.session_h, &known.columns) == (&key.project, &key.session_h, &key.columns)
        };
        memory.retain(|(known, _)| !is_same(known));
        memory.push_front((key, Arc::clone(&rows)));
        let mut count = 0;
        memory.retain(|(_, rows)| {
            count += rows.runs.len();
            count <= REMEMBERED
        });
        Ok(rows)
    }
}

/// A session: of each of the database's tests the last run.
#[derive(Debug, Default)]
struct Rows {
    runs: Vec<Run>,
    /// For each of them the figures, NaN where there is none.
    values: Vec<f64>,
}

/// A run in the database's numbers.
#[derive(Clone, Copy, Debug)]
struct Run {
    test: i64,
    context: i64,
    start: Timestamp,
    ended: bool,
    has_profile: bool,
    outcome_is_good: bool,
    whole_process: bool,
    memory: Option<MemSource>,
    single_threaded: bool,
}

impl Rows {
    /// Rows come by test, and of each by start; one without a start is none.
    fn of(rows: Vec<Cells>, figures: usize) -> Self {
        let mut found = Self { runs: Vec::with_capacity(rows.len()), values: Vec::with_capacity(rows.len() * figures) };
        for mut row in rows {
            let Some(run) = Run::from_cells(&mut row) else { continue };
            let is_of = |last: &Run| (last.test, last.has_profile) == (run.test, run.has_profile);
            if found.runs.last().is_some_and(is_of) {
                found.runs.pop();
                found.values.truncate(found.runs.len() * figures);
            }
            found.runs.push(run);
            found.values.extend((0..figures).map(|_| row.real().unwrap_or(f64::NAN)));
        }
        found
    }
}

impl Run {
    /// `None` if the start is none.
    fn from_cells(row: &mut Cells) -> Option<Self> {
        let (test, context, start) = (row.integer(), row.integer(), row.text().parse().ok()?);
        let mut is = || row.integer() != 0;
        let (ended, has_profile, outcome_is_good) = (is(), is(), is());
        Some(Self {
            test,
            context,
            start,
            ended,
            has_profile,
            outcome_is_good,
            whole_process: row.maybe().and_then(|word| Attribution::parse(&word)) == Some(Attribution::Process),
            memory: row.maybe().and_then(|word| MemSource::parse(&word)),
            single_threaded: row.real() == Some(1.0),
        })
    }
}

/// The last run of each test in some sessions, with some figures of it.
pub(super) fn gather<E>(
    dialect: Dialect,
    read: impl Fn(Sql) -> Result<Vec<Cells>, E>,
    memory: &Memory,
    (project, sessions): (&str, &[&str]),
    figures: &[Figure],
) -> Result<Figures, E> {
    let columns: String = figures.iter().map(|figure| format!(", {}", expression(*figure))).collect();
    let mut names = Names::read(dialect, &read, project)?;
    let mut found = Vec::with_capacity(sessions.len());
    for session_h in sessions {
        let mut count = read(Sql::tally(dialect, project, session_h))?;
        let (runs, finished, received_at) =
            count.pop().map_or((0, 0, None), |mut count| (count.integer(), count.integer(), count.maybe()));
        let key = Key {
            project: project.to_owned(),
            session_h: (*session_h).to_owned(),
            columns: columns.clone(),
            runs,
            finished,
            received_at,
        };
        let rows = memory
            .get(key, || Ok(Rows::of(read(Sql::figures(dialect, project, session_h, &columns))?, figures.len())))?;
        found.push(of_session(&rows, figures.len(), &mut names));
    }
    Ok(Figures { tests: names.tests, machines: names.machines, sessions: found })
}

fn expression(figure: Figure) -> String {
    let name = |resource: &Resource| format!("r.{}", column(*resource));
    match figure {
        Figure::Sum([resource]) => name(resource),
        // PostgreSQL fails where a sum is no number; there is none then.
        Figure::Sum(resources) => {
            let names: Vec<_> = resources.iter().map(name).collect();
            let fits: Vec<_> = names.iter().map(|name| format!("abs({name}) < 1e307")).collect();
            format!("CASE WHEN {} THEN {} END", fits.join(" AND "), names.join(" + "))
        }
        Figure::Measure(measure) => format!("p.{}", measure.name),
    }
}

/// The last run of each test: tests that the database knows apart may be one.
fn of_session(rows: &Rows, figures: usize, names: &mut Names) -> SessionFigures {
    let mut found = SessionFigures {
        runs: Vec::with_capacity(rows.runs.len()),
        values: Vec::with_capacity(rows.runs.len() * figures),
    };
    // When the runs that were found began, and where that of a test stands among them.
    let mut starts: Vec<Timestamp> = Vec::with_capacity(rows.runs.len());
    let mut places: Vec<usize> = vec![NOWHERE; names.tests.len()];
    let mut last: Option<(i64, u32)> = None;
    for (at, row) in rows.runs.iter().enumerate() {
        let Some(test) = names.test(row.test, row.ended, row.has_profile) else { continue };
        // Most runs of a session are on one machine.
        let machine = match last {
            Some((context, machine)) if context == row.context => machine,
            _ => last.insert((row.context, names.machine(row.context))).1,
        };
        let run = RunFigures {
            test,
            machine,
            passed: row.ended && row.outcome_is_good,
            whole_process: row.whole_process,
            memory: row.memory,
            single_threaded: row.single_threaded,
        };
        let values = &rows.values[at * figures..(at + 1) * figures];
        if test as usize >= places.len() {
            places.resize(test as usize + 1, NOWHERE);
        }
        match places[test as usize] {
            NOWHERE => {
                places[test as usize] = found.runs.len();
                found.runs.push(run);
                starts.push(row.start);
                found.values.extend_from_slice(values);
            }
            place if row.start >= starts[place] => {
                (found.runs[place], starts[place]) = (run, row.start);
                found.values[place * figures..(place + 1) * figures].copy_from_slice(values);
            }
            _ => {}
        }
    }
    found
}

const NOWHERE: usize = usize::MAX;

/// What the database's numbers stand for.
#[derive(Default)]
struct Names {
    tests: Vec<TestId>,
    machines: Vec<String>,
    known: HashMap<TestId, u32>,
    /// What a row of `tests` says, and the numbers of the test with and without package and binary, which only a profile
    /// makes known.
    rows: HashMap<i64, (TestId, Kind, [Option<u32>; 2])>,
    machine_of_context: HashMap<i64, u32>,
}

impl Names {
    fn read<E>(dialect: Dialect, read: impl Fn(Sql) -> Result<Vec<Cells>, E>, project: &str) -> Result<Self, E> {
        let mut names = Self::default();
        for (number, kind, id) in read(Sql::tests(dialect, project))?.into_iter().map(cells::test) {
            names.rows.insert(number, (id, kind, [None; 2]));
        }
        for mut row in read(Sql::machines(dialect, project))? {
            let (context, machine) = (row.integer(), row.text());
            let number = names.number(machine);
            names.machine_of_context.insert(context, number);
        }
        Ok(names)
    }

    /// The number of a test, unless the row is about something else.
    fn test(&mut self, row: i64, ended: bool, has_profile: bool) -> Option<u32> {
        let Self { tests, known, rows, .. } = self;
        let (id, kind, numbers) = rows.get_mut(&row)?;
        if (ended && *kind != Kind::Function) || !(ended || has_profile) {
            return None;
        }
        let number = &mut numbers[usize::from(has_profile)];
        Some(*number.get_or_insert_with(|| {
            let mut id = id.clone();
            if !has_profile {
                (id.package, id.binary) = Default::default();
            }
            *known.entry(id).or_insert_with_key(|id| {
                tests.push(id.clone());
                tests.len() as u32 - 1
            })
        }))
    }

    /// A context that nobody described is a machine of its own.
    fn machine(&mut self, context: i64) -> u32 {
        if let Some(number) = self.machine_of_context.get(&context) {
            return *number;
        }
        let number = self.number(format!("context {context}"));
        self.machine_of_context.insert(context, number);
        number
    }

    fn number(&mut self, machine: String) -> u32 {
        let known = self.machines.iter().position(|known| *known == machine);
        known.unwrap_or_else(|| {
            self.machines.push(machine);
            self.machines.len() - 1
        }) as u32
    }
}
