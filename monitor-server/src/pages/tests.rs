//! The tests of a project: what each cost last, and how that went.

use std::collections::HashMap;

use askama::Template;
use monitor_analysis::chart::sparkline;
use monitor_analysis::metric::Metric;
use monitor_report::document::{Document, Table, Value};
use monitor_report::{Source as _, measure, select};
use monitor_store::{Kind, Test, TestId};

use super::links::linked;
use super::view::View;
use super::wanted::Wanted;
use crate::error::Problem;
use crate::judge::Project;

/// Sessions that say which tests there are, and how their costs went.
const SESSIONS: usize = 20;

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

/// A test's last run, and its wall times, the oldest first.
struct Known {
    last: Test,
    walls: Vec<Option<f64>>,
}

/// The page of all tests.
///
/// # Errors
///
/// If the rows can't be read.
pub fn tests(wanted: &Wanted, project: &Project<'_>) -> Result<View, Problem> {
    let (search, sort) = (wanted.parameter("q"), wanted.parameter("sort"));
    let mut known: Vec<(String, Known)> = known(project)?
        .into_iter()
        .map(|(id, known)| (measure::full_name(&id), known))
        .filter(|(name, _)| is_wanted(search, name))
        .collect();
    known.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some((_, _, Some(metric))) = SORTS.iter().find(|(name, _, _)| *name == sort) {
        let value = |known: &Known| measure::value(&known.last, *metric).unwrap_or(f64::NEG_INFINITY);
        known.sort_by(|(_, a), (_, b)| value(b).total_cmp(&value(a)));
    }
    let count = known.len();
    known.truncate(PAGE);
    let document = linked(&wanted.prefix, Document::table("tests", table(&known)));
    let mut view = View::of("Tests", document);
    view.subtitle = if count > PAGE {
        format!("{PAGE} of {count}: search for fewer")
    } else {
        format!("{count} tests of the newest {SESSIONS} sessions")
    };
    view.form = Form { search, sort }.render().unwrap_or_default();
    Ok(view)
}

fn is_wanted(search: &str, name: &str) -> bool {
    search.is_empty() || select::matches(search, name) || name.to_lowercase().contains(&search.to_lowercase())
}

fn known(project: &Project<'_>) -> Result<HashMap<TestId, Known>, Problem> {
    let mut known: HashMap<TestId, Known> = HashMap::new();
    let newest: Vec<_> = project.newest(SESSIONS)?;
    for session in newest.iter().rev() {
        for test in project.tests(&session.session_h)? {
            if test.kind() != Kind::Function {
                continue;
            }
            let wall = measure::value(&test, Metric::WallTime).filter(|_| measure::passed(&test));
            match known.get_mut(&test.id()) {
                Some(known) => {
                    known.walls.push(wall);
                    known.last = test;
                }
                None => {
                    known.insert(test.id(), Known { last: test, walls: vec![wall] });
                }
            }
        }
    }
    Ok(known)
}

fn table(tests: &[(String, Known)]) -> Table {
    let metrics = SORTS.iter().filter_map(|(_, _, metric)| *metric);
    let mut columns = vec![("test", "test"), ("package", ""), ("binary", ""), ("outcome", "outcome")];
    columns.extend(metrics.clone().map(|metric| (measure::key(metric), metric.title())));
    columns.extend([("evolution", "wall time so far"), ("component", "component"), ("session", "last session")]);
    let mut table = Table::new(&columns);
    for (name, Known { last, walls }) in tests {
        let (id, outcome) = (last.id(), measure::outcome(last));
        let mut row = vec![
            Value::Name(name.clone()).into(),
            Value::text(&id.package).into(),
            Value::text(&id.binary).into(),
            Value::Text(outcome.to_string()).toned(measure::tone(outcome)),
        ];
        row.extend(metrics.clone().map(|metric| measure::cell(last, metric).into()));
        row.extend([
            Value::text(&sparkline(walls, SESSIONS)).into(),
            Value::text(last.component()).into(),
            Value::id(last.session_h()).into(),
        ]);
        table.push(row);
    }
    table
}
