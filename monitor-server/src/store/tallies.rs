//! How many runs a group of requests adds to each session, by what lists are asked for.

use std::collections::BTreeMap;

use super::rows::Run;

/// Numbers of the project, of the session's label and of the context's, then kind and component. They are in order, in which
/// groups that are stored at once wait for each other, but never in a ring.
type Key<'a> = (i64, i64, i64, &'a str, &'a str);

/// What is added: runs, and those of them that ended.
#[derive(Debug, Default)]
pub(super) struct Tallies<'a>(BTreeMap<Key<'a>, (i64, i64)>);

impl<'a> Tallies<'a> {
    /// Counts a run that is new, or, if not, has ended after all.
    pub(super) fn add(&mut self, (project, session, context): (i64, i64, i64), run: &'a Run, is_inserted: bool) {
        let key = (project, session, context, run.kind.as_str(), run.component.as_str());
        let (runs, finished) = self.0.entry(key).or_default();
        *runs += i64::from(is_inserted);
        *finished += i64::from(run.figures.is_some());
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key<'a>, &(i64, i64))> {
        self.0.iter()
    }
}
