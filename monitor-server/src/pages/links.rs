//! Where pages are, and tables whose names lead there.

use monitor_report::document::{Table, Value};
use monitor_store::{Test, TestId};

use super::view::escaped;

/// The page of a session.
pub fn session(prefix: &str, session_h: &str) -> String {
    format!("{prefix}/sessions/{}", escaped(session_h))
}

/// The page of a test.
pub fn test(prefix: &str, test: &TestId) -> String {
    let mut address = format!("{prefix}/test?path={}&variant={}", escaped(&test.path), escaped(&test.variant));
    for (name, value) in [("package", &test.package), ("binary", &test.binary)] {
        if !value.is_empty() {
            address += &format!("&{name}={}", escaped(value));
        }
    }
    address
}

/// The comparison of a session with those before it.
pub fn compare(prefix: &str, base: &str, head: &str) -> String {
    format!("{prefix}/compare?base={}&head={}", escaped(base), escaped(head))
}

/// Links the first column of a table of tests, in whose order the tests are.
pub fn tests(table: &mut Table, prefix: &str, tests: &[Test]) {
    for (row, test) in table.rows.iter_mut().zip(tests) {
        row[0].link = Some(self::test(prefix, &test.id()));
    }
}

/// Links every session in a table.
pub fn sessions(table: &mut Table, prefix: &str) {
    let columns = || table.columns.iter().position(|column| column.key == "session");
    let Some(column) = columns() else { return };
    for row in &mut table.rows {
        if let Value::Id(session_h) = &row[column].value {
            row[column].link = Some(session(prefix, session_h));
        }
    }
}
