//! Prepared statements, kept where rusqlite can keep them.

use rusqlite::{Connection, Statement};

/// Stands in for [`Connection::prepare_cached`] where rusqlite has none: before 0.38 it always has,
/// since then only with its feature `cache`, which a dependency on a range of versions cannot ask for. An
/// inherent method wins over this one, so callers import the trait and call `prepare_cached` either way.
#[allow(dead_code, reason = "only needed where rusqlite has no method of that name")]
pub(crate) trait PrepareCached {
    fn prepare_cached(&self, sql: &str) -> rusqlite::Result<Statement<'_>>;
}

impl PrepareCached for Connection {
    fn prepare_cached(&self, sql: &str) -> rusqlite::Result<Statement<'_>> {
        self.prepare(sql)
    }
}
