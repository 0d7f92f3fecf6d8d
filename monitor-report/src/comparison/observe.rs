//! What was seen of each test on both sides.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::Arc;

use monitor_store::{Session, TestId};

use super::lineage::code;
use super::model::Request;
use super::rows::{Row, Rows};
use crate::error::ReportError;

/// Tests that have enough values end the reading, once they are so many of all.
const ENOUGH: f64 = 0.95;

/// So many times more rows than wanted are read at most, where tests are spread over many sessions.
const SPREAD: usize = 20;

/// So many more sessions are read at once, where those of the usual depth were not enough.
const MORE: usize = 10;

/// A test that so many sessions in a row did not have is not looked for in older ones.
const GONE: usize = 50;

/// Sessions that say which tests a whole run has: the largest of so many of the newest.
const USUAL: usize = 3;

/// What was seen.
pub(super) struct Observed {
    /// By test.
    pub tests: BTreeMap<TestId, Observation>,
    /// Sessions of the base that were read, newest first.
    pub base: Vec<Session>,
    /// The number of each of them.
    numbers: Vec<u32>,
}

impl Observed {
    /// The session of the base that a run is of.
    pub(super) fn session_of(&self, run: &Run) -> Option<&Session> {
        let place = self.numbers.iter().position(|number| *number == run.session)?;
        self.base.get(place)
    }
}

/// One test on both sides.
#[derive(Default)]
pub(super) struct Observation {
    /// Its number among the rows.
    pub number: u32,
    /// Its runs in the base, oldest first.
    pub base: Vec<Run>,
    /// Its runs in the head, oldest first.
    pub head: Vec<Run>,
    /// Its other runs of the head's code.
    pub witnesses: Vec<Run>,
    /// The newest whole run of the base has it.
    pub is_usual: bool,
    /// The last session of the base that had it, counted as they were read.
    last_read: usize,
}

/// One run of a test.
#[derive(Clone)]
pub(super) struct Run {
    /// The number of its session, later ones larger.
    pub session: u32,
    /// The number of its code.
    pub code: u32,
    /// The code is known, so that its number means something.
    pub code_is_known: bool,
    /// What was measured.
    pub row: SharedRow,
}

impl Run {
    fn of(session: u32, (code, code_is_known): (u32, bool), rows: &Arc<Vec<Row>>, at: usize) -> Self {
        Self { session, code, code_is_known, row: SharedRow { rows: rows.clone(), at } }
    }
}

/// A row among those of its session, which are kept once.
#[derive(Clone)]
pub(super) struct SharedRow {
    rows: Arc<Vec<Row>>,
    at: usize,
}

impl Deref for SharedRow {
    type Target = Row;

    fn deref(&self) -> &Row {
        &self.rows[self.at]
    }
}

pub(super) fn observe(rows: &mut Rows<'_>, request: &Request<'_>) -> Result<Observed, ReportError> {
    let sides = &request.sides;
    let mut seen = Seen::default();
    let numbers = numbers(&sides.base);
    let newest = u32::MAX / 2;
    // Where each session has every test, the first reading is nearly the last.
    let at_once = sides.base.len().min(sides.depth);
    rows.read(&[sides.head.as_slice(), &sides.witnesses, &sides.base[..at_once]].concat())?;
    for (session, age) in sides.head.iter().zip(0..) {
        let of_session = rows.of(session)?;
        let code = seen.code(session);
        for at in 0..of_session.len() {
            let run = Run::of(newest - age, code, &of_session, at);
            seen.test(run.row.test).head.insert(0, run);
        }
    }
    let head_tests: Vec<u32> = seen.tests.keys().copied().collect();
    let wanted = head_tests.len() * sides.depth;
    let (mut read, mut usual): (usize, Vec<u32>) = (0, Vec::new());
    let mut base = Vec::new();
    for (index, (session, &number)) in sides.base.iter().zip(&numbers).enumerate() {
        if index >= at_once && (index - at_once).is_multiple_of(MORE) {
            rows.read(&sides.base[index..sides.base.len().min(index + MORE)])?;
        }
        let of_session = rows.of(session)?;
        read += of_session.len();
        if index < USUAL && of_session.len() > usual.len() {
            usual = of_session.iter().map(|row| row.test).collect();
        }
        let code = seen.code(session);
        for at in 0..of_session.len() {
            let run = Run::of(number, code, &of_session, at);
            let test = seen.test(run.row.test);
            test.base.push(run);
            test.last_read = index;
        }
        base.push(session.clone());
        let full = |test: &&u32| {
            seen.tests
                .get(*test)
                .is_none_or(|test| index - test.last_read >= GONE || test.has(sides.depth, request.across_machines))
        };
        if index + 1 >= sides.depth
            && (read >= SPREAD * wanted
                || head_tests.iter().filter(full).count() as f64 >= ENOUGH * head_tests.len() as f64)
        {
            break;
        }
    }
    for session in &sides.witnesses {
        let of_session = rows.of(session)?;
        let code = seen.code(session);
        for (at, row) in of_session.iter().enumerate() {
            if seen.tests.get(&row.test).is_some_and(|test| !test.head.is_empty()) {
                let run = Run::of(0, code, &of_session, at);
                seen.test(row.test).witnesses.push(run);
            }
        }
    }
    for test in usual {
        seen.test(test).is_usual = true;
    }
    Ok(Observed { tests: seen.by_id(rows), base, numbers })
}

/// A number for each session, newest first, larger for later ones.
fn numbers(sessions: &[Session]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..sessions.len()).collect();
    order.sort_by(|a, b| {
        let key = |at: &usize| (sessions[*at].run_date, &sessions[*at].session_h);
        key(a).cmp(&key(b))
    });
    let mut numbers = vec![0; sessions.len()];
    for (number, at) in (0..).zip(order) {
        numbers[at] = number;
    }
    numbers
}

#[derive(Default)]
struct Seen {
    tests: HashMap<u32, Observation>,
    codes: HashMap<String, u32>,
}

impl Seen {
    fn test(&mut self, number: u32) -> &mut Observation {
        self.tests.entry(number).or_insert_with(|| Observation { number, ..Observation::default() })
    }

    /// The number of a session's code, and whether the code is known. A session of unknown code is its own.
    fn code(&mut self, session: &Session) -> (u32, bool) {
        let code = code(session);
        let key = code.unwrap_or(&session.session_h);
        let next = self.codes.len() as u32;
        (*self.codes.entry(key.to_owned()).or_insert(next), code.is_some())
    }

    fn by_id(self, rows: &Rows<'_>) -> BTreeMap<TestId, Observation> {
        let tests = self.tests.into_iter().map(|(number, mut test)| {
            test.base.reverse();
            test.base.sort_by_key(|run| run.session);
            (rows.id(number).clone(), test)
        });
        tests.collect()
    }
}

impl Observation {
    /// Whether there are so many values to compare with.
    fn has(&self, depth: usize, across_machines: bool) -> bool {
        let machine = self.head.last().map(|run| run.row.machine);
        let fits = |run: &&Run| run.row.passed && (across_machines || Some(run.row.machine) == machine);
        self.base.iter().filter(fits).count() >= depth
    }
}
