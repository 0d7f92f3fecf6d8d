//! How SQLite goes about what is asked most: by indexes that find few rows, not by one that has them all.

use std::path::Path;

use rusqlite::{Connection, params_from_iter};

use super::super::filter::{Count, Filter, Page, Text};
use super::super::sql::{Dialect, Sql, sweep};
use super::super::value::Value;
use super::connection::migrate;
use super::write::GOING;

fn plan(sql: &Sql) -> String {
    let mut connection = Connection::open_in_memory().expect("a database in memory");
    migrate(Path::new("memory"), &mut connection).expect("a schema");
    steps(&connection, &sql.text, &sql.values)
}

fn steps(connection: &Connection, sql: &str, values: &[Value]) -> String {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
    let steps = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).expect("a plan");
    steps.map(|step| step.expect("a step")).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_deleted_sessions_leave_is_found_without_a_look_at_all_runs() {
    let mut connection = Connection::open_in_memory().expect("a database in memory");
    migrate(Path::new("memory"), &mut connection).expect("a schema");
    connection.execute_batch(GOING).expect("a table");
    for sql in sweep().split("; ") {
        let plan = steps(&connection, sql, &[]);
        assert!(!plan.contains("SCAN r") && !plan.contains("SCAN test"), "{sql}: {plan}");
    }
}

fn is(text: &str) -> Option<Text> {
    Some(Text::Is(text.to_owned()))
}

#[test]
fn a_test_is_looked_up_in_the_sessions_that_have_it() {
    let project = Filter::project("p");
    for filter in [
        Filter { variant: is("test_a[1]"), ..project.clone() },
        Filter { item: is("test_a"), ..project.clone() },
        Filter { path: is("krate::tests"), variant: is("test_a[1]"), unfinished: true, ..project.clone() },
    ] {
        for sql in
            [Sql::runs(Dialect::Sqlite, &filter, Page::first(500)), Sql::count(Dialect::Sqlite, Count::Runs, &filter)]
        {
            let plan = plan(&sql);
            assert!(plan.contains("SEARCH r USING INDEX runs_key (session=? AND key=?)"), "{filter:?}: {plan}");
        }
    }
}

#[test]
fn a_session_is_found_by_its_own_index() {
    let filter = Filter { unfinished: false, ..Filter::session("p", "s") };
    let plan = plan(&Sql::runs(Dialect::Sqlite, &filter, Page::first(500)));
    assert!(plan.contains("SEARCH r USING INDEX runs_key (session=?)"), "{plan}");
}

#[test]
fn what_is_listed_is_counted_without_a_look_at_the_runs() {
    let project = Filter::project("p");
    for filter in [
        project.clone(),
        Filter::session("p", "s"),
        Filter { kind: is("function"), component: is("c"), context: is("c"), ..project.clone() },
        Filter { pipeline: Some("main".to_owned()), revision: is("r"), ..project.clone() },
    ] {
        let plan = plan(&Sql::count(Dialect::Sqlite, Count::Runs, &filter));
        assert!(!plan.contains("runs"), "{filter:?}: {plan}");
    }
    let plan = plan(&Sql::runs(Dialect::Sqlite, &project, Page { offset: 999_500, limit: 500 }));
    assert!(plan.contains("USING COVERING INDEX runs_of_project"), "{plan}");
}
