//! Verdicts, each made once: as long as nothing changes that it rests on, it is the same.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use monitor_report::comparison::{Finding, Sides};
use monitor_report::document::Document;
use monitor_report::gate::{Decision, Outcome};
use monitor_report::view::gate;

use crate::store::digest;

/// Verdicts that are remembered, the newest.
const REMEMBERED: usize = 256;

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

/// The verdicts that a server has made.
#[derive(Debug, Default)]
pub struct Verdicts(Mutex<VecDeque<(Grounds, Arc<Verdict>)>>);

/// What a verdict rests on: which sessions are on each side, and how many runs they have. Runs are only added, and one that had not ended
/// ends at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grounds {
    project: String,
    head: Vec<String>,
    baseline: String,
    sides: [u8; 32],
}

impl Grounds {
    /// `runs` are how many runs of a session there are, and how many of them have ended.
    pub(super) fn new(project: &str, baseline: &str, sides: &Sides, runs: impl Fn(&str) -> Option<(u64, u64)>) -> Self {
        let sessions = [&sides.head, &sides.base, &sides.witnesses];
        let mut texts = Vec::new();
        for (side, sessions) in sessions.into_iter().enumerate() {
            texts.push(side.to_string());
            for session in sessions {
                texts.extend([session.session_h.clone(), format!("{:?}", runs(&session.session_h))]);
            }
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        Self {
            project: project.to_owned(),
            head: sides.head.iter().map(|session| session.session_h.clone()).collect(),
            baseline: baseline.to_owned(),
            sides: digest(&texts),
        }
    }
}

impl Verdicts {
    /// The verdict on these grounds, made if it is not known yet.
    pub(super) fn get<E>(
        &self,
        grounds: &Grounds,
        judge: impl FnOnce() -> Result<Verdict, E>,
    ) -> Result<Arc<Verdict>, E> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().iter().find(|(known, _)| known == grounds).map(|(_, verdict)| Arc::clone(verdict));
        if let Some(verdict) = known {
            return Ok(verdict);
        }
        let verdict = Arc::new(judge()?);
        let mut verdicts = lock();
        // Of what changed, only the last is asked for.
        let is_same = |known: &Grounds| {
            (&known.project, &known.head, &known.baseline) == (&grounds.project, &grounds.head, &grounds.baseline)
        };
        verdicts.retain(|(known, _)| !is_same(known));
        verdicts.truncate(REMEMBERED - 1);
        verdicts.push_front((grounds.clone(), Arc::clone(&verdict)));
        Ok(verdict)
    }
}
