//! The sessions and the tests that a user names.
//!
//! | text | selects |
//! |---|---|
//! | `latest` | the newest session |
//! | a prefix of a commit, `commit:PREFIX` | the sessions that ran on it |
//! | a branch, `branch:NAME` | the sessions that ran on it |
//! | `tag:KEY=VALUE`, `tag:KEY` | the sessions with that field in their description |
//! | a prefix of a session's identifier, `session:PREFIX` | that session |
//! | whatever git knows: `HEAD~1`, a tag, `origin/main` | the sessions of that commit, or of the nearest measured one before it |
//! | `2026-11`, `2026-11-23`, `2026-11-23T14`, `date:…` | the sessions that began then, UTC |
//!
//! Where one session is wanted, the newest of the selected is meant. With `~N` behind, counting begins at the Nth before
//! the newest of the selected: `latest~2` is the third newest session, `main~1` all of `main` but the newest, or, where
//! one is wanted, the last but one.

mod error;
mod facts;
mod named;
mod near;
mod session;

pub use error::{Near, SelectError, TestError};
pub use facts::{branches, fact, is_dirty, tags};
pub use named::{matches, test, tests};
pub use session::{group, group_without, session, sessions};
