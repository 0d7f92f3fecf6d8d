//! Which functions a test spends its instructions in, and what changed there.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use monitor_analysis::callgrind::{Change, FunctionCost, package_of};
use monitor_analysis::dependencies::ChangedDependency;
use monitor_analysis::heap_sites::{Point, SiteChange};
use monitor_analysis::quantity::{Quantity, Unit};
use monitor_store::TestId;

use super::compare;
use crate::comparison::{cause, place, place_of};
use crate::document::{Cell, Column, Document, Table, Tone, Value};
use crate::measure;

/// The functions in which a test spends its instructions.
pub fn of_one(test: &TestId, costs: &[FunctionCost], rows: usize) -> Document {
    let total: u64 = costs.iter().map(|cost| cost.own).sum();
    let mut table = Table::new(&[
        ("own", "own"),
        ("share", "share"),
        ("inclusive", "with calls"),
        ("calls", "calls"),
        ("function", "function"),
        ("place", "place"),
        ("package", "package"),
    ]);
    for cost in costs.iter().take(rows) {
        table.push(vec![
            Value::count(cost.own).into(),
            Value::Share(cost.own as f64 / total.max(1) as f64).into(),
            Value::count(cost.inclusive).into(),
            Value::count(cost.calls).into(),
            Value::Name(cost.name.clone()).into(),
            Value::text(&place(&cost.file, cost.line)).into(),
            Value::text(&cost.package).into(),
        ]);
    }
    let facts = vec![
        (Column::new("test", "test"), Value::Name(measure::full_name(test)).into()),
        (Column::new("instructions", "instructions"), Value::count(total).into()),
    ];
    Document::default().with_facts("explanation", "", facts).with_table("functions", "Functions", table)
}

/// What differs between two sides of a test.
#[derive(Clone, Debug, Default)]
pub struct Differences {
    /// Functions whose cost changed, largest change first.
    pub functions: Vec<Change>,
    /// Instructions of the test, before and now.
    pub totals: (u64, u64),
    /// Where memory is allocated, largest change first; empty if that is not known.
    pub heap: Vec<SiteChange>,
    /// Packages of the lockfile.
    pub dependencies: Vec<ChangedDependency>,
}

/// What changed for a test.
pub fn of_two(test: &TestId, differences: &Differences, rows: usize) -> Document {
    let Differences { functions: changes, totals, heap, dependencies } = differences;
    let mut functions = Table::new(&[
        ("due", "caused"),
        ("change", "change"),
        ("base_own", "before"),
        ("head_own", "now"),
        ("base_calls", "calls before"),
        ("head_calls", "now"),
        ("function", "function"),
        ("place", "place"),
        ("inlined", "of"),
        ("package", "package"),
        ("code", "code"),
        ("with", "with"),
    ]);
    let shown = changes.iter().filter(|change| change.due != 0 || change.difference() != 0);
    for change in shown.take(rows) {
        let function = change.function();
        functions.push(vec![
            signed(change.due),
            signed(change.difference()),
            Value::count(change.base.own).into(),
            Value::count(change.head.own).into(),
            Value::count(change.base.calls).into(),
            Value::count(change.head.calls).into(),
            Value::Name(function.name.clone()).into(),
            Value::text(&place_of(change)).into(),
            Value::text(inlined(change)).into(),
            Value::text(&package(change)).into(),
            Value::text(if change.is_edited { "edited" } else { "" }).into(),
            Value::text(&change.only_on_one_side.iter().take(2).cloned().collect::<Vec<_>>().join(", ")).into(),
        ]);
    }
    let difference = totals.1 as i64 - totals.0 as i64;
    let facts = vec![
        (Column::new("test", "test"), Value::Name(measure::full_name(test)).into()),
        (Column::new("base_instructions", "before"), Value::count(totals.0).into()),
        (Column::new("head_instructions", "now"), Value::count(totals.1).into()),
        (Column::new("difference", "change"), signed(difference)),
        (Column::new("reason", "reason"), Value::or_missing(cause(changes), Value::Text).into()),
    ];
    let mut document = Document::default().with_facts("explanation", "", facts);
    document = document.with_table("functions", "Functions that caused the change", functions);
    document = document.with_table("packages", "By package", packages(changes));
    if !heap.is_empty() {
        document = document.with_table("heap", "Memory allocated", sites(heap, rows));
    }
    if !dependencies.is_empty() {
        document = document.with_table("dependencies", "Changed dependencies", compare::dependencies(dependencies));
    }
    document
}

fn sites(changes: &[SiteChange], rows: usize) -> Table {
    let mut table = Table::new(&[
        ("total_change_bytes", "in all"),
        ("peak_change_bytes", "at the peak"),
        ("end_change_bytes", "at the end"),
        ("site", "site"),
        ("place", "place"),
    ]);
    for change in changes.iter().take(rows) {
        let bytes = |of: fn(&Point) -> u64| {
            let difference = of(&change.head) as f64 - of(&change.base) as f64;
            let tone = if difference > 0.0 { Tone::Bad } else { Tone::Good };
            Value::bytes(difference).toned(if difference == 0.0 { Tone::Plain } else { tone })
        };
        let names: Vec<&str> = change.site.functions.iter().map(|(function, _)| function.as_str()).collect();
        let (file, line) = change.line.rsplit_once(':').unwrap_or((&change.line, ""));
        table.push(vec![
            bytes(|point| point.total_bytes),
            bytes(|point| point.peak_bytes),
            bytes(|point| point.end_bytes),
            Value::Name(names.join(" < ")).into(),
            Value::text(&place(file, line.parse().unwrap_or(0))).into(),
        ]);
    }
    table
}

fn packages(changes: &[Change]) -> Table {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for change in changes {
        *sums.entry(package_name(change)).or_default() += change.due;
    }
    let mut sums: Vec<(String, i64)> = sums.into_iter().filter(|(_, sum)| *sum != 0).collect();
    sums.sort_by_key(|(name, sum)| (Reverse(sum.abs()), name.clone()));
    let mut table = Table::new(&[("change", "change"), ("package", "package")]);
    for (name, sum) in sums {
        table.push(vec![signed(sum), Value::Text(name).into()]);
    }
    table
}

/// The inlined function in which it changed; empty if that is itself.
fn inlined(change: &Change) -> &str {
    let name = change.place.as_ref().map_or("", |place| place.function.as_str());
    let own = &change.function().name;
    if own == name || own.ends_with(&format!("::{name}")) { "" } else { name }
}

/// The package of the code that changed; empty for the user's own.
fn package(change: &Change) -> String {
    change.place.as_ref().map_or_else(|| change.function().package.clone(), |place| package_of(&place.file))
}

/// A version that changed is no other package.
fn package_name(change: &Change) -> String {
    match package(change).split(' ').next() {
        None | Some("") => "this workspace".to_owned(),
        Some(name) => name.to_owned(),
    }
}

fn signed(difference: i64) -> Cell {
    let value = Value::Quantity(Quantity { value: difference as f64, unit: Unit::Count });
    value.toned(if difference > 0 { Tone::Bad } else { Tone::Good })
}
