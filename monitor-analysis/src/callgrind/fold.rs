//! Costs by the functions that a reader can change.

use std::collections::BTreeMap;

use super::dump::Dump;
use super::symbol::{is_of_language, package_of};

/// What one function cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionCost {
    /// As the compiler names it.
    pub name: String,
    /// Source file of its most expensive code; empty if unknown.
    pub file: String,
    /// The line there; 0 if unknown.
    pub line: u32,
    /// Package and version of that file; empty for the user's own code.
    pub package: String,
    /// Instructions of its own and of what was folded into it.
    pub own: u64,
    /// Instructions of all that it did, what it called included.
    pub inclusive: u64,
    /// How often it was called.
    pub calls: u64,
}

/// Rounds in which costs go one call up; what a longer chain of folded functions holds stays with the last.
const ROUNDS: usize = 200;

/// The costs of a dump, most expensive first, with functions of the language and the C library folded into the nearest other
/// function that called them.
#[must_use]
pub fn folded(dump: &Dump) -> Vec<FunctionCost> {
    folded_with(dump, &|_| false)
}

/// As [`folded`]; functions for which `is_folded` says so are folded too.
///
/// A folded function's cost is shared among its callers as callgrind has counted it for each of them, instructions below the
/// call included. The sum of all costs stays what it is.
#[must_use]
pub fn folded_with(dump: &Dump, is_folded: &dyn Fn(&str) -> bool) -> Vec<FunctionCost> {
    let names: Vec<&str> = dump.functions.keys().map(String::as_str).collect();
    let number: BTreeMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    // Of each function: who called it, how often, and what it cost for them.
    let mut callers: Vec<Vec<(usize, u64, u64)>> = vec![Vec::new(); names.len()];
    for (at, function) in dump.functions.values().enumerate() {
        for (called, (times, below)) in &function.calls {
            if let Some(&called) = number.get(called.as_str())
                && called != at
            {
                callers[called].push((at, *times, *below));
            }
        }
    }
    let folds: Vec<bool> = dump
        .functions
        .iter()
        .enumerate()
        .map(|(at, (name, function))| {
            let file = function.lines.keys().next().map_or("", |(file, _)| file);
            !callers[at].is_empty() && (is_of_language(name, &function.object, file) || is_folded(name))
        })
        .collect();
    let mut costs: Vec<f64> = dump.functions.values().map(|function| function.own() as f64).collect();
    for _ in 0..ROUNDS {
        let mut moved = false;
        for at in 0..costs.len() {
            let cost = costs[at];
            if !folds[at] || cost < 1e-6 {
                continue;
            }
            moved = true;
            costs[at] = 0.0;
            let weight = |(_, times, below): &(usize, u64, u64)| (*below).max(*times).max(1) as f64;
            let all: f64 = callers[at].iter().map(weight).sum();
            for caller in &callers[at] {
                costs[caller.0] += cost * weight(caller) / all;
            }
        }
        if !moved {
            break;
        }
    }
    let mut folded: Vec<FunctionCost> = Vec::new();
    for (at, (name, function)) in dump.functions.iter().enumerate() {
        let own = costs[at].round() as u64;
        if folds[at] && own == 0 {
            continue;
        }
        let (file, line) = function.place().unwrap_or(("", 0));
        let below: u64 = function.calls.values().map(|(_, below)| below).sum();
        let calls = callers[at].iter().map(|(_, times, _)| times).sum();
        let inclusive = match callers[at].as_slice() {
            [] => function.own() + below,
            callers => callers.iter().map(|(_, _, below)| below).sum(),
        };
        folded.push(FunctionCost {
            name: name.clone(),
            file: file.to_owned(),
            line,
            package: package_of(file),
            own,
            inclusive: inclusive.min(dump.total).max(own),
            calls,
        });
    }
    folded.sort_by(|a, b| b.own.cmp(&a.own).then_with(|| a.name.cmp(&b.name)));
    folded
}

/// The most expensive of the costs, which are sorted: those that make up `share` of all.
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
