//! Every row of a session with all that is known of it, for other programs.

use monitor_store::Session;

use crate::document::{Cell, Column, Table};
use crate::error::ReportError;
use crate::measure::METRICS;
use crate::render::{csv_rows, json_rows};
use crate::source::Source;
use crate::view::{sessions, show};

/// So many tests are text before the next are looked at: the cells of thousands do not fit into a processor's caches.
const AT_ONCE: usize = 100;

/// The rows of a session as CSV, each with the facts of the session, with or without a line of headings.
///
/// # Errors
///
/// If the rows cannot be read.
pub fn csv(source: &dyn Source, session: &Session, headings: bool) -> Result<String, ReportError> {
    text(source, session, |facts, table, is_first| csv_rows(facts, table, headings && is_first))
}

/// The rows of a session as JSON, an object on each line, with the facts of the session.
///
/// # Errors
///
/// If the rows cannot be read.
pub fn json_lines(source: &dyn Source, session: &Session) -> Result<String, ReportError> {
    text(source, session, |facts, table, _| json_rows(facts, table))
}

fn text(
    source: &dyn Source,
    session: &Session,
    render: impl Fn(&[(Column, Cell)], &Table, bool) -> String,
) -> Result<String, ReportError> {
    let mut facts = sessions::facts(source, session)?;
    // Each test has a machine class of its own.
    facts.retain(|(column, _)| !["rows", "machine_class"].contains(&column.key));
    let mut text = render(&facts, &show::table(&[], &METRICS), true);
    for tests in source.tests(&session.session_h)?.chunks(AT_ONCE) {
        text += &render(&facts, &show::table(tests, &METRICS), false);
    }
    Ok(text)
}
