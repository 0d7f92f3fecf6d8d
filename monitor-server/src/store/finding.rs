//! A verdict that is kept.

use monitor_store::TestId;

use super::cells::Cells;
use super::digest::{digest, hex};
use super::value::Value;

/// A regression of a test's metric on a branch, from the session that showed it on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finding {
    /// Which one: [`Finding::named`] makes it.
    pub id: String,
    /// The test. One of pytest-monitor has neither package nor binary.
    pub test: TestId,
    /// The metric's name.
    pub metric: String,
    /// The session's branch; empty if it named none.
    pub branch: String,
    /// What was usual, in the metric's unit.
    pub before: f64,
    /// What was found.
    pub after: f64,
    /// The session that showed it.
    pub found_in: String,
    /// When, UTC, by the server's clock.
    pub found_at: String,
    /// What became of it.
    pub state: State,
    /// The last day on which it is muted, `2026-12-31`.
    pub until: Option<String>,
    /// The session that showed that it is over.
    pub fixed_in: Option<String>,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing yet.
    #[default]
    Open,
    /// Nobody wants to hear of it until a date.
    Muted,
    /// It is to stay so.
    Accepted,
    /// A later session is as it was before.
    Fixed,
}

impl State {
    const ALL: [(&str, Self); 4] =
        [("open", Self::Open), ("muted", Self::Muted), ("accepted", Self::Accepted), ("fixed", Self::Fixed)];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, state)| *state == self).map_or("open", |(word, _)| word)
    }

    /// What a word stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == word).map(|(_, state)| *state)
    }
}

impl Finding {
    /// The finding, under the name that follows from what it is about.
    #[must_use]
    pub fn named(self) -> Self {
        let TestId { package, binary, path, variant } = &self.test;
        let about = [package, binary, path, variant, &self.metric, &self.branch, &self.found_in];
        let id = hex(&digest(about.map(String::as_str))[..8]);
        Self { id, ..self }
    }

    /// Whether another one is about the same metric of the same test on the same branch.
    #[must_use]
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        (&self.test, &self.metric, &self.branch) == (&other.test, &other.metric, &other.branch)
    }

    /// The values in the order of the columns.
    pub(super) fn values(&self) -> Vec<Value> {
        let text = |text: &String| Value::text(text);
        vec![
            text(&self.id),
            text(&self.test.package),
            text(&self.test.binary),
            text(&self.test.path),
            text(&self.test.variant),
            text(&self.metric),
            text(&self.branch),
            Value::Real(self.before),
            Value::Real(self.after),
            text(&self.found_in),
            text(&self.found_at),
            Value::text(self.state.as_str()),
            Value::maybe(self.until.as_deref()),
            Value::maybe(self.fixed_in.as_deref()),
        ]
    }

    pub(super) fn from_cells(mut cells: Cells) -> Self {
        Self {
            id: cells.text(),
            test: TestId { package: cells.text(), binary: cells.text(), path: cells.text(), variant: cells.text() },
            metric: cells.text(),
            branch: cells.text(),
            before: cells.real().unwrap_or(0.0),
            after: cells.real().unwrap_or(0.0),
            found_in: cells.text(),
            found_at: cells.text(),
            state: State::parse(&cells.text()).unwrap_or_default(),
            until: cells.maybe(),
            fixed_in: cells.maybe(),
        }
    }
}
