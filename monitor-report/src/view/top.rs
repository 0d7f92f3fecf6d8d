//! The highest or lowest values of a metric.

use std::collections::BTreeMap;

use monitor_analysis::metric::Metric;
use monitor_store::{Test, TestId};

use crate::document::{Table, Value};
use crate::measure;

/// What to rank.
#[derive(Clone, Copy, Debug)]
pub struct Top {
    /// The metric.
    pub metric: Metric,
    /// What is ranked.
    pub by: By,
    /// The number of rows.
    pub limit: usize,
    /// The lowest values instead of the highest.
    pub least: bool,
}

/// What is ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A test.
    Test,
    /// The tests of a module.
    Module,
    /// The tests of a component.
    Component,
    /// The tests of a Cargo package.
    Package,
}

/// What one user of a metric used.
struct User {
    name: String,
    /// Of a test.
    id: Option<TestId>,
    value: f64,
    tests: u64,
}

/// The ranking: a row for each test, module, component or package.
pub fn table(tests: &[Test], wanted: &Top) -> Table {
    let Top { metric, by, limit, least } = *wanted;
    let mut users = users(tests, metric, by);
    users.sort_by(|a, b| if least { a.value.total_cmp(&b.value) } else { b.value.total_cmp(&a.value) });
    let total: f64 = users.iter().map(|user| user.value).sum();
    let has_share = measure::is_additive(metric) && total > 0.0;
    let ids: Vec<TestId> = users.iter().filter_map(|user| user.id.clone()).collect();
    let mut columns = vec![
        ("name", name_of(by)),
        (measure::key(metric), metric.title()),
        ("share", if has_share { "share" } else { "" }),
        ("tests", if by == By::Test { "" } else { "tests" }),
    ];
    if by == By::Test {
        columns.extend(measure::place_columns(&ids));
    }
    let mut table = Table::new(&columns);
    for user in users.into_iter().take(limit) {
        let share = Value::or_missing(has_share.then(|| user.value / total), Value::Share);
        let mut row = vec![
            Value::Name(user.name).into(),
            Value::Quantity(metric.quantity(user.value)).into(),
            share.into(),
            Value::count(user.tests).into(),
        ];
        row.extend(user.id.iter().flat_map(measure::place));
        table.push(row);
    }
    table
}

fn users(tests: &[Test], metric: Metric, by: By) -> Vec<User> {
    if by == By::Test {
        let user = |test: &Test| {
            let value = measure::value(test, metric)?;
            Some(User { name: measure::name(test), id: Some(test.id()), value, tests: 1 })
        };
        return tests.iter().filter_map(user).collect();
    }
    let mut groups: BTreeMap<&str, Vec<&Test>> = BTreeMap::new();
    for test in tests {
        let group = match by {
            By::Test | By::Module => test.path(),
            By::Component => test.component(),
            By::Package => test.profile.as_ref().map_or("", |profile| &profile.package),
        };
        groups.entry(group).or_default().push(test);
    }
    let user = |(name, tests): (&str, Vec<&Test>)| {
        let name = if name.is_empty() { "(none)" } else { name }.to_owned();
        Some(User { name, id: None, value: together(&tests, metric)?, tests: tests.len() as u64 })
    };
    groups.into_iter().filter_map(user).collect()
}

/// What tests used together; `None` if it was measured of none.
fn together(tests: &[&Test], metric: Metric) -> Option<f64> {
    let values: Vec<f64> = tests.iter().filter_map(|test| measure::value(test, metric)).collect();
    if values.is_empty() {
        None
    } else if metric == Metric::CpuUsage {
        let sum = |metric| tests.iter().filter_map(|test| measure::value(test, metric)).sum::<f64>();
        Some(sum(Metric::CpuTime) / sum(Metric::WallTime)).filter(|usage| usage.is_finite())
    } else if measure::is_additive(metric) {
        Some(values.iter().sum())
    } else {
        values.into_iter().reduce(f64::max)
    }
}

fn name_of(by: By) -> &'static str {
    match by {
        By::Test => "test",
        By::Module => "module",
        By::Component => "component",
        By::Package => "package",
    }
}
