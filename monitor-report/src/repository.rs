//! Questions to a version control system.

use std::collections::HashSet;

/// A repository whose commits sessions name.
pub trait Repository: Send + Sync {
    /// The full identifier of the commit that a name means (`HEAD~1`, a tag, `origin/main`); `None` if it means none.
    fn commit(&self, name: &str) -> Option<String>;

    /// A commit and all that it comes from; `None` if the repository does not have it.
    fn ancestors(&self, commit: &str) -> Option<HashSet<String>>;

    /// The commits among these that the repository has.
    fn known(&self, commits: &[&str]) -> HashSet<String>;
}

/// No repository: sessions are then in the order of time only.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRepository;

impl Repository for NoRepository {
    fn commit(&self, _: &str) -> Option<String> {
        None
    }

    fn ancestors(&self, _: &str) -> Option<HashSet<String>> {
        None
    }

    fn known(&self, _: &[&str]) -> HashSet<String> {
        HashSet::new()
    }
}
