//! Who calls whom, with some functions taken out.

use std::collections::BTreeMap;

use super::dump::Dump;
use super::symbol::without_hash;

/// What was counted of a test, as a graph of functions.
///
/// A function that is taken out gives what it cost, and its calls, to who called it, shared as callgrind has counted the cost for
/// each of them. The sum of all costs stays what it is.
#[derive(Clone, Debug)]
pub(super) struct Graph<'d> {
    /// In alphabetical order.
    pub(super) functions: BTreeMap<&'d str, Node<'d>>,
}

/// A function that has not been taken out.
#[derive(Clone, Debug, Default)]
pub(super) struct Node<'d> {
    /// Instructions of its own.
    pub(super) own: f64,
    /// By file and line: the instructions that go through it, of what it calls too.
    pub(super) through: BTreeMap<(&'d str, u32), f64>,
    /// By function called. A call of itself is none.
    pub(super) calls: BTreeMap<&'d str, Call>,
}

/// What one function asked of another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Call {
    /// How often.
    pub(super) times: f64,
    /// Instructions below.
    pub(super) below: f64,
}

impl Call {
    fn weight(self) -> f64 {
        self.below.max(self.times).max(1.0)
    }

    fn add(&mut self, other: Self, share: f64) {
        self.times += other.times * share;
        self.below += other.below * share;
    }
}

impl<'d> Graph<'d> {
    /// All that a dump holds.
    pub(super) fn new(dump: &'d Dump) -> Self {
        let functions = dump.functions.iter().map(|(name, function)| {
            let calls = function.calls.iter().filter(|(called, _)| *called != name);
            let calls = calls.filter_map(|(called, (times, below))| {
                let (called, _) = dump.functions.get_key_value(called)?;
                Some((called.as_str(), Call { times: *times as f64, below: *below as f64 }))
            });
            let through = function.through.iter().map(|((file, line), cost)| ((file.as_str(), *line), *cost as f64));
            (name.as_str(), Node { own: function.own() as f64, through: through.collect(), calls: calls.collect() })
        });
        Self { functions: functions.collect() }
    }

    /// Without those functions for which `is_taken_out` says so; one that nobody calls stays.
    pub(super) fn without(mut self, is_taken_out: impl Fn(&str) -> bool) -> Self {
        let functions = &mut self.functions;
        let mut callers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, node) in functions.iter() {
            node.calls.keys().for_each(|called| callers.entry(*called).or_default().push(name));
        }
        let taken_out: Vec<&str> = functions.keys().copied().filter(|name| is_taken_out(name)).collect();
        for name in taken_out {
            let of_it: Vec<(&str, Call)> = callers
                .remove(name)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|caller| Some((caller, *functions.get(caller)?.calls.get(name)?)))
                .collect();
            if of_it.is_empty() {
                continue;
            }
            let taken = functions.remove(name).unwrap_or_default();
            let all: f64 = of_it.iter().map(|(_, call)| call.weight()).sum();
            for (caller, call) in of_it {
                let share = call.weight() / all;
                let Some(node) = functions.get_mut(caller) else { continue };
                node.calls.remove(name);
                node.own += taken.own * share;
                for (place, cost) in &taken.through {
                    *node.through.entry(*place).or_default() += cost * share;
                }
                for (called, below) in taken.calls.iter().filter(|(called, _)| **called != caller) {
                    match node.calls.get_mut(called) {
                        Some(call) => call.add(*below, share),
                        None => {
                            node.calls.insert(called, Call { times: below.times * share, below: below.below * share });
                            callers.entry(called).or_default().push(caller);
                        }
                    }
                }
            }
        }
        self
    }

    /// All instances of a function as one, by the name without a hash.
    pub(super) fn by_name(&self) -> Self {
        let mut functions: BTreeMap<&'d str, Node<'d>> = BTreeMap::new();
        for (name, node) in &self.functions {
            let name = without_hash(name);
            let sum = functions.entry(name).or_default();
            sum.own += node.own;
            for (place, cost) in &node.through {
                *sum.through.entry(*place).or_default() += cost;
            }
            for (called, call) in node.calls.iter().map(|(called, call)| (without_hash(called), call)) {
                if called != name {
                    sum.calls.entry(called).or_default().add(*call, 1.0);
                }
            }
        }
        Self { functions }
    }

    /// Instructions of a function's own; 0 if it is not there.
    pub(super) fn own(&self, name: &str) -> f64 {
        self.functions.get(name).map_or(0.0, |node| node.own)
    }

    /// All calls: caller, called, what was asked.
    pub(super) fn calls(&self) -> impl Iterator<Item = (&'d str, &'d str, Call)> {
        self.functions
            .iter()
            .flat_map(|(caller, node)| node.calls.iter().map(|(called, call)| (*caller, *called, *call)))
    }

    /// What a call cost.
    pub(super) fn call(&self, caller: &str, called: &str) -> Option<Call> {
        self.functions.get(caller)?.calls.get(called).copied()
    }
}
