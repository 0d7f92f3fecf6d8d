//! The rows that the shapes must make.

use monitor_tests::Database;
use monitor_tests::shapes::{Expected, expected};

use crate::krate::{SOURCES, Shapes};

/// The rows of the module `name` of shapes in `module`: item, variant, outcome.
pub fn rows(database: &Database, shapes: &Shapes, module: &str, name: &str) -> Vec<[String; 3]> {
    let tests = if module == "within" { "::tests" } else { "" };
    let sql = format!(
        "select ITEM, ITEM_VARIANT, OUTCOME from TEST_METRICS
         join TEST_PROFILES using (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME)
         where ITEM_PATH = '{}::{module}::{name}{tests}' order by 1, 2, 3",
        shapes.crate_name()
    );
    database.rows(&sql).into_iter().map(|row| row.try_into().expect("three columns")).collect()
}

/// Expects exactly the rows of the shapes that `only` accepts, in these modules.
pub fn assert_rows(shapes: &Shapes, database: &Database, modules: &[String], only: impl Fn(&Expected) -> bool) {
    let mut problems = String::new();
    for (name, source) in SOURCES {
        for module in shapes.having(name).filter(|module| modules.contains(module)) {
            let found = rows(database, shapes, module, name);
            let mut right: Vec<_> =
                expected(source).into_iter().filter(&only).map(|row| [row.item, row.variant, row.outcome]).collect();
            right.sort();
            for row in right.iter().filter(|row| !found.contains(row)) {
                problems += &format!("{module}::{name} lacks {row:?}\n");
            }
            for row in found.iter().filter(|row| !right.contains(row)) {
                problems += &format!("{module}::{name} has {row:?}\n");
            }
            if found.len() != right.len() {
                problems += &format!("{module}::{name} has {} rows, not {}\n", found.len(), right.len());
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
}
