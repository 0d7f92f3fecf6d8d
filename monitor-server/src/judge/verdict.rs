//! Answers that took long, each made once: as long as nothing changes that it rests on, it is the same.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use monitor_report::comparison::{Comparison, Finding, Sides};
use monitor_report::document::Document;
use monitor_report::gate::{Decision, Outcome};
use monitor_report::view::gate;
use monitor_store::{Session, TestId, Timestamp};

use crate::store::digest;

/// Verdicts that are remembered, the newest.
const VERDICTS: usize = 256;

/// Projects whose flaky tests and wall times are remembered, the last that were asked for.
const PROJECTS: usize = 64;

/// Comparisons that are remembered, the newest: one of 5,000 tests has some 8 MB.
const COMPARISONS: usize = 8;

/// What is said of a session.
#[derive(Debug)]
pub struct Verdict {
    /// How the gate ends.
    pub decision: Decision,
    /// What the gate says.
    pub document: Document,
    /// What has regressed.
    pub regressed: Vec<Finding>,
}

impl Verdict {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let regressed = match outcome {
            Outcome::Compared(checked) => checked.regressed.clone(),
            Outcome::NoBaseline { .. } => Vec::new(),
        };
        Self { decision: outcome.decision(), document: gate::document(outcome), regressed }
    }
}

/// A test whose outcomes differ at one commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Flaky {
    /// Which test.
    pub test: TestId,
    /// Commits at which it both passed and failed.
    pub commits: u64,
    /// Runs at those commits that failed.
    pub failed: u64,
    /// All runs at those commits.
    pub runs: u64,
    /// When the last of them failed.
    pub last: Timestamp,
    /// The session in which that was.
    pub session_h: String,
}

/// What a server has judged.
#[derive(Debug)]
pub struct Verdicts {
    /// Of sessions.
    pub(super) gates: Answers<Verdict>,
    /// Of any two sides.
    pub(super) comparisons: Answers<Comparison>,
    /// Of the newest sessions of a project.
    pub(super) flaky: Answers<Vec<Flaky>>,
    /// What all tests took, of the newest sessions of a project.
    pub(super) walls: Answers<HashMap<String, f64>>,
}

impl Default for Verdicts {
    fn default() -> Self {
        Self {
            gates: Answers::new(VERDICTS),
            comparisons: Answers::new(COMPARISONS),
            flaky: Answers::new(PROJECTS),
            walls: Answers::new(PROJECTS),
        }
    }
}

impl Verdicts {
    /// Forgets why the tests of a project cost what they do: there is more to say of runs that are judged already.
    pub fn forget_causes(&self, project: &str) {
        self.gates.forget(project);
        self.comparisons.forget(project);
    }
}

/// Answers with what each rests on, the newest first.
#[derive(Debug)]
pub(super) struct Answers<T> {
    most: usize,
    known: Mutex<VecDeque<(Grounds, Arc<T>)>>,
}

/// What an answer rests on: which sessions are on each side, how many runs they have, and on which machine class they ran. Runs
/// are only added, and one that had not ended ends at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grounds {
    project: String,
    head: Vec<String>,
    asked: String,
    sides: [u8; 32],
}

impl Grounds {
    /// Of what is `asked` about these sides of a project; `state` says how a session is now.
    pub(super) fn new(project: &str, asked: &str, sides: &Sides, state: impl Fn(&str) -> String) -> Self {
        let head = sides.head.iter().map(|session| session.session_h.clone()).collect();
        Self { head, ..Self::of(project, asked, [sides.head.as_slice(), &sides.base, &sides.witnesses], state) }
    }

    /// Of what is `asked` about these sessions, each list for itself.
    pub(super) fn of<const LISTS: usize>(
        project: &str,
        asked: &str,
        sessions: [&[Session]; LISTS],
        state: impl Fn(&str) -> String,
    ) -> Self {
        let mut texts = Vec::new();
        for (side, sessions) in sessions.into_iter().enumerate() {
            texts.push(side.to_string());
            for session_h in sessions.iter().map(|session| session.session_h.as_str()) {
                texts.extend([session_h.to_owned(), state(session_h)]);
            }
        }
        let sides = digest(texts.iter().map(String::as_str));
        Self { project: project.to_owned(), head: Vec::new(), asked: asked.to_owned(), sides }
    }
}

impl<T> Answers<T> {
    fn new(most: usize) -> Self {
        Self { most, known: Mutex::default() }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn forget(&self, project: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| known.project != project);
    }

    /// The answer on these grounds, made if it is not known yet.
    pub(super) fn get<E>(&self, grounds: &Grounds, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().iter().find(|(known, _)| known == grounds).map(|(_, answer)| Arc::clone(answer));
        if let Some(answer) = known {
            return Ok(answer);
        }
        let answer = Arc::new(make()?);
        let mut answers = lock();
        // Of what changed, only the last is asked for.
        let is_same = |known: &Grounds| {
            (&known.project, &known.head, &known.asked) == (&grounds.project, &grounds.head, &grounds.asked)
        };
        answers.retain(|(known, _)| !is_same(known));
        answers.truncate(self.most - 1);
        answers.push_front((grounds.clone(), Arc::clone(&answer)));
        Ok(answer)
    }
}
