//! The tests of a project: what each cost last, and how that went.

use std::collections::HashMap;

use askama::Template;
use monitor_analysis::chart::sparkline;
use monitor_analysis::metric::Metric;
use monitor_report::document::{Document, Table, Value};
use monitor_report::{measure, select};
use monitor_store::TestId;

use super::links::linked;
use super::view::View;
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::{Project, first};

/// Tests on a page.
const PAGE: usize = 200;

/// What tests can be sorted by.
const SORTS: [(&str, &str, Option<Metric>); 5] = [
    ("name", "name", None),
    ("wall-time", "wall time", Some(Metric::WallTime)),
    ("cpu-time", "CPU time", Some(Metric::CpuTime)),
    ("memory", "memory", Some(Metric::Memory)),
    ("allocations", "allocations", Some(Metric::Allocations)),
];

#[derive(Template)]
#[template(path = "tests.html")]
struct Form<'a> {
    search: &'a str,
    sort: &'a str,
}

/// A test's figures in the sessions that had it, the oldest first.
struct Known {
    id: TestId,
    name: String,
    /// The last session that had it.
    session_h: String,
    /// The value to sort by in that session.
    value: f64,
    walls: Vec<Option<f64>>,
}

/// The page of all tests.
///
/// # Errors
///
/// If the rows can't be read.
pub fn tests(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let (search, sort) = (wanted.parameter("q"), wanted.parameter("sort"));
    let by = SORTS.iter().find(|(name, _, _)| *name == sort).and_then(|(_, _, metric)| *metric);
    let mut known = known(project, by.unwrap_or(Metric::WallTime), search)?;
    known.sort_by(|a, b| a.name.cmp(&b.name));
    if by.is_some() {
        let value = |known: &Known| if known.value.is_nan() { f64::NEG_INFINITY } else { known.value };
        known.sort_by(|a, b| value(b).total_cmp(&value(a)));
    }
    let count = known.len();
    known.truncate(PAGE);
    let document = linked(&wanted.prefix, Document::table("tests", table(project, &known)?));
    let mut view = View::of("Tests", document);
    view.subtitle = if count > PAGE {
        format!("{PAGE} of {count}: search for fewer")
    } else {
        format!("{count} tests of the newest {} sessions", first::LISTED)
    };
    view.form = Form { search, sort }.render().unwrap_or_default();
    Ok(view)
}

fn is_wanted(search: &str, name: &str) -> bool {
    search.is_empty() || select::matches(search, name) || name.to_lowercase().contains(&search.to_lowercase())
}

/// The tests of the newest sessions that are searched for.
fn known(project: &Project<'_>, by: Metric, search: &str) -> Result<Vec<Known>, Problem> {
    let (sessions, figures) = first::listed(project, by)?;
    let mut known: Vec<Option<Known>> = figures.tests.into_iter().map(|id| searched(search, id)).collect();
    for (known_session, session) in sessions.iter().zip(&figures.sessions) {
        for (run, values) in session.runs.iter().zip(session.values.chunks(2)) {
            let Some(known) = &mut known[run.test as usize] else { continue };
            known.walls.push(Some(values[0]).filter(|wall| run.passed && !wall.is_nan()));
            (known.session_h, known.value) = (known_session.session_h.clone(), values[1]);
        }
    }
    Ok(known.into_iter().flatten().filter(|known| !known.walls.is_empty()).collect())
}

/// A test of which nothing is known yet; `None` if it is not searched for.
fn searched(search: &str, id: TestId) -> Option<Known> {
    let name = measure::full_name(&id);
    is_wanted(search, &name).then(|| Known { id, name, session_h: String::new(), value: f64::NAN, walls: Vec::new() })
}

/// What each of them cost last.
fn table(project: &Project<'_>, tests: &[Known]) -> Result<Table, Problem> {
    let metrics = SORTS.iter().filter_map(|(_, _, metric)| *metric);
    let mut columns = vec![("test", "test"), ("package", ""), ("binary", ""), ("outcome", "outcome")];
    columns.extend(metrics.clone().map(|metric| (measure::key(metric), metric.title())));
    columns.extend([("evolution", "wall time so far"), ("component", "component"), ("session", "last session")]);
    let mut table = Table::new(&columns);
    // Most were in the newest session: one question for all of them.
    let mut by_session: HashMap<&str, Vec<&TestId>> = HashMap::new();
    for test in tests {
        by_session.entry(&test.session_h).or_default().push(&test.id);
    }
    let mut last_runs = HashMap::new();
    for (session_h, tests) in by_session {
        last_runs.insert(session_h, project.last_runs(session_h, &tests)?);
    }
    for Known { id, name, session_h, walls, .. } in tests {
        let Some(last) = last_runs.get(session_h.as_str()).and_then(|runs| runs.get(id)) else { continue };
        let outcome = measure::outcome(last);
        let mut row = vec![
            Value::Name(name.clone()).into(),
            Value::text(&id.package).into(),
            Value::text(&id.binary).into(),
            Value::Text(outcome.to_string()).toned(measure::tone(outcome)),
        ];
        row.extend(metrics.clone().map(|metric| measure::cell(last, metric).into()));
        row.extend([
            Value::text(&sparkline(walls, first::LISTED)).into(),
            Value::text(last.component()).into(),
            Value::id(last.session_h()).into(),
        ]);
        table.push(row);
    }
    Ok(table)
}
