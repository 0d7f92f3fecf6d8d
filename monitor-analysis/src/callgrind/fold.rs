//! Costs of the functions that a developer can change.

use std::collections::BTreeMap;

use super::dump::Dump;
use super::graph::Graph;
use super::symbol::{is_of_language, package_of, without_hash};

/// What one function cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionCost {
    /// Its name, as the compiler writes it.
    pub name: String,
    /// Source file of its most expensive code; empty if unknown.
    pub file: String,
    /// The line there; 0 if unknown.
    pub line: u32,
    /// Package and version of that file; empty for the user's own code.
    pub package: String,
    /// Instructions of its own and of what was folded into it.
    pub own: u64,
    /// Instructions of the function and of everything that it called.
    pub inclusive: u64,
    /// How often it was called.
    pub calls: u64,
}

/// The costs of a dump, most expensive first, with functions of the language and the C library folded into the nearest other
/// function that called them.
#[must_use]
pub fn folded(dump: &Dump) -> Vec<FunctionCost> {
    costs(&dump.by_name(), &graph(dump))
}

/// The functions of a dump that do not belong to the language or the C library.
pub(super) fn graph(dump: &Dump) -> Graph<'_> {
    let is_taken_out = |name: &str| {
        dump.functions.get(name).is_some_and(|function| {
            let files = || function.lines.keys().map(|(file, _)| file.as_str());
            // Code of the language is inlined everywhere.
            let file = files().find(|file| package_of(file) != "std").or_else(|| files().next()).unwrap_or("");
            is_of_language(without_hash(name), &function.object, file)
        })
    };
    // One instance of a library's function after another: each has callers of its own.
    Graph::new(dump).without(is_taken_out).by_name()
}

/// The costs of the functions of a graph, which are those of a dump by name, most expensive first.
pub(super) fn costs(dump: &Dump, graph: &Graph<'_>) -> Vec<FunctionCost> {
    let mut called: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (caller, function) in &dump.functions {
        for (name, (times, below)) in function.calls.iter().filter(|(name, _)| *name != caller) {
            let sum = called.entry(name).or_default();
            *sum = (sum.0 + times, sum.1 + below);
        }
    }
    let mut costs: Vec<FunctionCost> = Vec::new();
    for (name, node) in &graph.functions {
        let Some(function) = dump.functions.get(*name) else { continue };
        let own = node.own.round() as u64;
        let (file, line) = function.place().unwrap_or(("", 0));
        let (calls, inclusive) = called.get(name).copied().unwrap_or_else(|| {
            let below: u64 = function.calls.values().map(|(_, below)| below).sum();
            (0, function.own() + below)
        });
        costs.push(FunctionCost {
            name: (*name).to_owned(),
            file: file.to_owned(),
            line,
            package: package_of(file),
            own,
            inclusive: inclusive.min(dump.total).max(own),
            calls,
        });
    }
    costs.sort_by(|a, b| b.own.cmp(&a.own).then_with(|| a.name.cmp(&b.name)));
    costs
}

/// The first of `costs`, which are sorted, that together make up `share` (0 to 1) of all instructions.
#[must_use]
pub fn most(costs: &[FunctionCost], share: f64) -> &[FunctionCost] {
    let enough = costs.iter().map(|cost| cost.own).sum::<u64>() as f64 * share;
    let mut sum = 0.0;
    let end = costs.iter().position(|cost| {
        sum += cost.own as f64;
        sum >= enough
    });
    &costs[..end.map_or(costs.len(), |end| end + 1)]
}
