//! What was seen of each test on both sides.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use monitor_store::{RunFigures, Session, TestId};

use super::lineage::code;
use super::model::Request;
use super::rows::{Rows, SessionRows, of_passed};
use crate::error::ReportError;

/// Tests that have enough values end the reading, once they are so many of all.
const ENOUGH: f64 = 0.95;

/// So many times more rows than wanted are read at most, where tests are spread over many sessions.
const SPREAD: usize = 20;

/// So many more sessions are read at once, where those of the usual depth were not enough.
const MORE: usize = 10;

/// One session in so many more is read at once: few tests did not pass, but of a hundred runs that is one in ten.
const ONE_IN: usize = 50;

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
    sessions: Vec<SeenSession>,
}

/// One test on both sides.
#[derive(Default)]
pub(super) struct Observation {
    /// Its number among the rows.
    pub number: u32,
    /// Its runs in the base, oldest first.
    pub base: Vec<Place>,
    /// Its runs in the head, oldest first.
    pub head: Vec<Place>,
    /// Its other runs of the head's code.
    pub witnesses: Vec<Place>,
    /// The newest whole run of the base has it.
    pub is_usual: bool,
    /// Runs of the base that the head's can be compared with.
    fitting: usize,
    /// The last session of the base that had it, counted as they were read.
    last_read: usize,
}

/// Where a run stands: there are as many as tests times sessions, so they are small.
#[derive(Clone, Copy)]
pub(super) struct Place {
    session: u32,
    row: u32,
}

/// A session whose runs were seen.
struct SeenSession {
    session_h: String,
    number: u32,
    code: u32,
    code_is_known: bool,
    rows: Arc<SessionRows>,
}

/// One run of a test.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    /// Its session.
    pub session_h: &'a str,
    /// The number of its session, later ones larger.
    pub session: u32,
    /// The number of its code.
    pub code: u32,
    /// The code is known, so that its number means something.
    pub code_is_known: bool,
    /// How it was measured.
    pub row: RunFigures,
    /// What was measured, a value for each metric.
    pub values: &'a [f64],
}

impl Run<'_> {
    /// The value of the metric at this place; `None` if the test did not pass or it was not measured.
    pub(super) fn value(&self, metric: usize) -> Option<f64> {
        of_passed(&self.row, self.values[metric])
    }
}

impl Observed {
    /// The runs at these places, close together: each is looked at several times for each metric.
    pub(super) fn runs(&self, places: &[Place]) -> Vec<Run<'_>> {
        let run = |place: &Place| {
            let SeenSession { session_h, number, code, code_is_known, rows } = &self.sessions[place.session as usize];
            let at = place.row as usize;
            let (row, values) = (rows.rows[at], rows.values(at));
            Run { session_h, session: *number, code: *code, code_is_known: *code_is_known, row, values }
        };
        places.iter().map(run).collect()
    }
}

pub(super) fn observe(rows: &mut Rows<'_>, request: &Request<'_>) -> Result<Observed, ReportError> {
    let sides = &request.sides;
    let mut seen = Seen::default();
    let numbers = numbers(&sides.base);
    let newest = u32::MAX / 2;
    // Where each session has every test, and hardly one that did not pass, the first reading is the last.
    let at_once = sides.base.len().min(sides.depth + sides.depth / ONE_IN);
    rows.read(&[sides.head.as_slice(), &sides.witnesses, &sides.base[..at_once]].concat())?;
    for (session, age) in sides.head.iter().zip(0..) {
        let of_session = rows.of(session)?;
        for (place, row) in seen.session(session, newest - age, &of_session) {
            seen.test(row.test).head.insert(0, place);
        }
    }
    let machines = seen.machines_of_head();
    let machine_of_head = |test: u32| machines.get(test as usize).copied().flatten();
    let head_tests: Vec<u32> = (0..).zip(&machines).filter(|(_, it)| it.is_some()).map(|(test, _)| test).collect();
    let wanted = head_tests.len() * sides.depth;
    let (mut read, mut usual): (usize, Vec<u32>) = (0, Vec::new());
    let mut base = Vec::new();
    for (index, (session, &number)) in sides.base.iter().zip(&numbers).enumerate() {
        if index >= at_once && (index - at_once).is_multiple_of(MORE) {
            rows.read(&sides.base[index..sides.base.len().min(index + MORE)])?;
        }
        let of_session = rows.of(session)?;
        read += of_session.rows.len();
        if index < USUAL && of_session.rows.len() > usual.len() {
            usual = of_session.rows.iter().map(|row| row.test).collect();
        }
        for (place, row) in seen.session(session, number, &of_session) {
            let test = seen.test(row.test);
            test.base.push(place);
            test.last_read = index;
            let fits = row.passed && (request.across_machines || machine_of_head(row.test) == Some(row.machine));
            test.fitting += usize::from(fits);
        }
        base.push(session.clone());
        let full = |test: &&u32| {
            let test = &seen.tests[**test as usize];
            index - test.last_read >= GONE || test.fitting >= sides.depth
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
        for (place, row) in seen.session(session, 0, &of_session) {
            if machine_of_head(row.test).is_some() {
                seen.test(row.test).witnesses.push(place);
            }
        }
    }
    for test in usual {
        seen.test(test).is_usual = true;
    }
    Ok(seen.observed(rows, base))
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
    /// By the number of the test.
    tests: Vec<Observation>,
    sessions: Vec<SeenSession>,
    codes: HashMap<String, u32>,
}

impl Seen {
    fn test(&mut self, number: u32) -> &mut Observation {
        let index = number as usize;
        while self.tests.len() <= index {
            let number = self.tests.len() as u32;
            self.tests.push(Observation { number, ..Observation::default() });
        }
        &mut self.tests[index]
    }

    /// Takes note of a session, and gives the places of its runs. A session of unknown code is its own.
    fn session<'r>(
        &mut self,
        session: &Session,
        number: u32,
        rows: &'r Arc<SessionRows>,
    ) -> impl Iterator<Item = (Place, &'r RunFigures)> + use<'r> {
        let known = code(session);
        let key = known.unwrap_or(&session.session_h);
        let next = self.codes.len() as u32;
        let code = *self.codes.entry(key.to_owned()).or_insert(next);
        let session_h = session.session_h.clone();
        let at = self.sessions.len() as u32;
        self.sessions.push(SeenSession { session_h, number, code, code_is_known: known.is_some(), rows: rows.clone() });
        (0..).zip(&rows.rows).map(move |(row, it)| (Place { session: at, row }, it))
    }

    /// The machine of the newest run in the head, for each test; `None` of those that the head does not have.
    fn machines_of_head(&self) -> Vec<Option<u32>> {
        let machine = |newest: &Place| self.sessions[newest.session as usize].rows.rows[newest.row as usize].machine;
        self.tests.iter().map(|test| test.head.last().map(machine)).collect()
    }

    fn observed(self, rows: &Rows<'_>, base: Vec<Session>) -> Observed {
        let Self { tests, sessions, .. } = self;
        let seen = tests.into_iter().filter(|test| !test.base.is_empty() || !test.head.is_empty());
        let tests = seen.map(|mut test| {
            test.base.reverse();
            test.base.sort_by_key(|place| sessions[place.session as usize].number);
            (rows.id(test.number).clone(), test)
        });
        Observed { tests: tests.collect(), base, sessions }
    }
}
