//! Tests that pass and fail on the same code.

use monitor_report::document::{Document, Table, Tone, Value};
use monitor_report::measure;

use super::links::linked;
use super::view::View;
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::Project;
use crate::judge::flaky::{self, MENDED, SESSIONS};

/// The page of flaky tests.
///
/// # Errors
///
/// If the rows can't be read.
pub fn flaky(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let mut table = Table::new(&[
        ("test", "test"),
        ("package", ""),
        ("binary", ""),
        ("rate", "failed"),
        ("failed_runs", "failed runs"),
        ("runs", "of runs"),
        ("commits", "commits"),
        ("last_failure", "last failure (UTC)"),
        ("session", "in session"),
    ]);
    for found in flaky::flaky(project)?.iter() {
        table.push(vec![
            Value::Name(measure::full_name(&found.test)).into(),
            Value::text(&found.test.package).into(),
            Value::text(&found.test.binary).into(),
            Value::Share(flaky::rate(found)).toned(Tone::Doubtful),
            Value::count(found.failed).into(),
            Value::count(found.runs).into(),
            Value::count(found.commits).into(),
            Value::Time(found.last).into(),
            Value::id(&found.session_h).into(),
        ]);
    }
    let mut view = View::of("Flaky tests", linked(&wanted.prefix, Document::table("flaky", table)));
    view.subtitle = format!(
        "Tests that passed and failed at one commit, in the newest {SESSIONS} sessions. One that only passes at {MENDED} \
         commits is mended."
    );
    Ok(view)
}
