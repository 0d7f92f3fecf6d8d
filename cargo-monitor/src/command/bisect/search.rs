//! The search: which commits are asked, and what they said.

use monitor_analysis::bisection::{Bisection, Next, limit, majority_error};
use monitor_analysis::metric::Metric;
use monitor_report::measure;

use super::history::{History, median};
use crate::elsewhere::{Outcome, Place, Task};
use crate::output::{self, short};

/// A test whose figures scatter runs so often at each commit; its median decides.
pub(super) const RUNS: u32 = 7;

/// Values at the ends that lie closer than this are no change to look for.
const LEAST_RATIO: f64 = 1.005;

/// A search in one line of commits.
pub(super) struct Search<'a> {
    pub(super) place: Place,
    pub(super) task: Task,
    pub(super) metric: Metric,
    /// Whether the commit that made the test cost less is looked for.
    pub(super) improved: bool,
    /// The last commit before the line.
    pub(super) good: &'a str,
    /// Oldest first; the last one has the change.
    pub(super) line: &'a [String],
    pub(super) asked: Vec<Asked>,
}

/// What a commit gave.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) commit: String,
    pub(super) values: Vec<f64>,
    /// The median.
    pub(super) middle: f64,
    /// Why there are no values.
    pub(super) reason: String,
}

/// What was found.
pub(super) struct Found<'a> {
    pub(super) commit: &'a str,
    /// The one before it that gave a value.
    pub(super) parent: &'a str,
    /// Those in between, which gave none.
    pub(super) perhaps: &'a [String],
    /// What both cost.
    pub(super) values: (f64, f64),
    /// How likely an answer was wrong; `None` if the metric does not scatter.
    pub(super) error: Option<f64>,
}

impl<'a> Search<'a> {
    /// Looks for the change.
    ///
    /// What the ends cost is taken from the history where it is known there: so two commits less are built. The change that was
    /// found is measured here in any case.
    pub(super) fn run(&mut self, history: &History) -> anyhow::Result<Found<'a>> {
        let bad = self.bad();
        if let Some((before, after)) = history.ends(self.good, bad)
            && self.is_change(before, after)
        {
            output::note(&format!("{} and {} are in the history", short(self.good), short(bad)));
            if let Some(found) = self.between(before, after)? {
                return Ok(found);
            }
            output::note(&"the figures in the history are not what is measured here: both ends are measured again");
        }
        let (before, after) = (self.must_ask(self.good)?.middle, self.must_ask(bad)?.middle);
        match self.is_change(before, after) {
            true => self.between(before, after)?,
            false => None,
        }
        .ok_or_else(|| {
            let quantity = |value: f64| self.metric.quantity(value).to_string();
            anyhow::anyhow!(
                "no change to look for: {} is {} at {} and {} at {}",
                self.metric.title(),
                quantity(before),
                short(self.good),
                quantity(after),
                short(bad)
            )
        })
    }

    fn bad(&self) -> &'a str {
        self.line.last().map_or(self.good, String::as_str)
    }

    fn is_change(&self, before: f64, after: f64) -> bool {
        let ratio = if self.improved { before / after } else { after / before };
        ratio >= LEAST_RATIO
    }

    /// The commit at which the metric passes from what it was before to what it is after; `None` if it does not, there.
    fn between(&mut self, before: f64, after: f64) -> anyhow::Result<Option<Found<'a>>> {
        let limit = limit(before, after);
        let is_changed = |value: f64| (value > limit) == (after > limit);
        let mut bisection = Bisection::new(self.line.len());
        let (changed, perhaps) = loop {
            match bisection.next() {
                Next::Ask(at) => {
                    let answer = self.ask(&self.line[at])?;
                    bisection.answer(at, answer.map(|asked| is_changed(asked.middle)));
                }
                Next::Found { changed, perhaps } => break (changed, perhaps),
            }
        };
        let first = changed - perhaps.len();
        let (commit, parent) =
            (&self.line[changed], first.checked_sub(1).map_or(self.good, |at| self.line[at].as_str()));
        let (before, after) = (self.must_ask(parent)?.middle, self.must_ask(commit)?.middle);
        Ok((self.is_change(before, after) && is_changed(after) && !is_changed(before)).then(|| Found {
            commit,
            parent,
            perhaps: &self.line[first..changed],
            values: (before, after),
            error: (self.task.runs > 1).then(|| self.error(&is_changed)),
        }))
    }

    /// `None` if the commit gives no value.
    fn ask(&mut self, commit: &str) -> anyhow::Result<Option<Asked>> {
        let known = self.asked.iter().find(|asked| asked.commit == commit);
        let asked = match known {
            Some(asked) => asked.clone(),
            None => {
                let asked = self.measure(commit)?;
                self.asked.push(asked.clone());
                asked
            }
        };
        Ok((!asked.values.is_empty()).then_some(asked))
    }

    fn measure(&self, commit: &str) -> anyhow::Result<Asked> {
        output::note(&format!("building and running {} at {}", self.task.test.variant, short(commit)));
        let (values, reason) = match self.place.run(&self.task, commit)? {
            Outcome::Ran(runs) => {
                let values = runs.iter().filter_map(|run| measure::value(run, self.metric));
                (values.collect(), "the metric was not measured".to_owned())
            }
            Outcome::Failed(reason) => (Vec::new(), reason),
        };
        match median(&values) {
            None => output::note(&format!("{} is passed by: {reason}", short(commit))),
            Some(middle) => output::note(&format!("{}: {}", short(commit), self.metric.quantity(middle))),
        }
        Ok(Asked { commit: commit.to_owned(), middle: median(&values).unwrap_or(f64::NAN), reason, values })
    }

    fn must_ask(&mut self, commit: &str) -> anyhow::Result<Asked> {
        match self.ask(commit)? {
            Some(asked) => Ok(asked),
            None => {
                let reason = self.asked.last().map_or("", |asked| &asked.reason);
                anyhow::bail!("{} gives no value of {}: {reason}", short(commit), self.metric.title())
            }
        }
    }

    /// How likely one of the answers is wrong: as often as single runs contradict the median of their commit, which is taken to be
    /// one run at least.
    fn error(&self, is_changed: &dyn Fn(f64) -> bool) -> f64 {
        let (mut runs, mut contrary, mut answers) = (0_u32, 0_u32, 0);
        for asked in self.asked.iter().filter(|asked| !asked.values.is_empty()) {
            answers += 1;
            runs += asked.values.len() as u32;
            contrary +=
                asked.values.iter().filter(|value| is_changed(**value) != is_changed(asked.middle)).count() as u32;
        }
        let wrong = f64::from(contrary.max(1)) / f64::from(runs.max(2));
        1.0 - (1.0 - majority_error(RUNS, wrong)).powi(answers)
    }
}
