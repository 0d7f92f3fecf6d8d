//! To which function a change is due: to the one that calls another more often, not to the one that is called.

use std::collections::BTreeMap;

use super::graph::{Call, Graph};

/// Instructions that came in by what each function does otherwise than before, by name.
///
/// Each function is given what its callers ask of it now, at the price of before: what their calls cost, without that by which it
/// became dearer for most of its callers alike. So it would have cost a multiple of what it did: its own instructions and its calls.
/// What it has spent itself beyond that, and its further or larger calls at their price of before, are due to it. The sum is the
/// change of all. Functions that call each other have one multiple.
pub(super) fn due<'d>(base: &Graph<'d>, head: &Graph<'d>) -> BTreeMap<&'d str, f64> {
    let groups = groups(base, head);
    let is_within = |caller: &str, called: &str| groups.get(caller) == groups.get(called);
    let dearer = dearer(base, head);
    let asked_now = |called: &str, call: Call| call.below / dearer.get(called).copied().unwrap_or(1.0);
    // Of each group: what its calls cost before, and what those of now would have cost.
    let mut asked: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (_, called, call) in base.calls().filter(|(caller, called, _)| !is_within(caller, called)) {
        asked.entry(groups[called]).or_default().0 += call.below;
    }
    for (_, called, call) in head.calls().filter(|(caller, called, _)| !is_within(caller, called)) {
        asked.entry(groups[called]).or_default().1 += asked_now(called, call);
    }
    let multiple = |name: &str| match asked.get(&groups[name]) {
        Some((before, now)) if *before > 0.0 => now / before,
        _ => 1.0,
    };
    let calls = |graph: &Graph<'d>, name: &str, cost: &dyn Fn(&str, Call) -> f64| -> f64 {
        let calls = graph.functions.get(name).into_iter().flat_map(|node| &node.calls);
        calls.filter(|(called, _)| !is_within(name, called)).map(|(called, call)| cost(called, *call)).sum()
    };
    let names = groups.keys().map(|name| {
        let now = head.own(name) + calls(head, name, &asked_now);
        let before = base.own(name) + calls(base, name, &|_, call| call.below);
        (*name, now - multiple(name) * before)
    });
    names.collect()
}

/// By how much a call of each function became dearer: the median of what it is for each of its callers, weighted by what they
/// spent on it before. Who alone pays more asks for more.
fn dearer<'d>(base: &Graph<'d>, head: &Graph<'d>) -> BTreeMap<&'d str, f64> {
    let mut ratios: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for (caller, called, before) in base.calls() {
        let Some(now) = head.call(caller, called) else { continue };
        let ratio = now.below * before.times / (before.below * now.times);
        if ratio.is_finite() && ratio > 0.0 {
            ratios.entry(called).or_default().push((ratio, before.below));
        }
    }
    let median = |mut ratios: Vec<(f64, f64)>| {
        ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        let half = ratios.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
        let mut sum = 0.0;
        let middle = ratios.iter().find(|(_, weight)| {
            sum += weight;
            sum >= half
        });
        middle.map_or(1.0, |(ratio, _)| *ratio)
    };
    ratios.into_iter().map(|(name, ratios)| (name, median(ratios))).collect()
}

/// A number for each function, the same for those that call each other in a circle on either side.
fn groups<'d>(base: &Graph<'d>, head: &Graph<'d>) -> BTreeMap<&'d str, usize> {
    let mut called: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut callers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for graph in [base, head] {
        for name in graph.functions.keys() {
            called.entry(*name).or_default();
        }
        for (from, to, _) in graph.calls() {
            called.entry(from).or_default().push(to);
            callers.entry(to).or_default().push(from);
        }
    }
    // Kosaraju: in the order in which a search leaves them, last first, each takes all that still can reach it.
    let mut left: Vec<&str> = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for start in called.keys() {
        let mut path = vec![*start];
        while let Some(name) = path.last().copied() {
            let next = seen.entry(name).or_default();
            let below = &called[name];
            match below.get(*next) {
                Some(to) => {
                    *next += 1;
                    if !seen.contains_key(to) {
                        path.push(to);
                    }
                }
                None => {
                    path.pop();
                    if *next == below.len() {
                        // Not to be left twice.
                        *next += 1;
                        left.push(name);
                    }
                }
            }
        }
    }
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, start) in left.into_iter().rev().enumerate() {
        let mut open = vec![start];
        while let Some(name) = open.pop() {
            if groups.contains_key(name) {
                continue;
            }
            groups.insert(name, number);
            open.extend(callers.get(name).into_iter().flatten().filter(|caller| !groups.contains_key(**caller)));
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::super::dump::{Dump, Function};
    use super::*;

    type Row<'a> = (&'a str, u64, &'a [(&'a str, u64, u64)]);

    fn dump(rows: &[Row<'_>]) -> Dump {
        let function = |(_, own, calls): &Row<'_>| Function {
            lines: [(("lib.rs".to_owned(), 1), *own)].into(),
            calls: calls.iter().map(|(name, times, below)| ((*name).to_owned(), (*times, *below))).collect(),
            ..Function::default()
        };
        let functions: BTreeMap<String, Function> = rows.iter().map(|row| (row.0.to_owned(), function(row))).collect();
        Dump { total: functions.values().map(Function::own).sum(), functions, ..Dump::default() }
    }

    fn dues(base: &[Row<'_>], head: &[Row<'_>]) -> Vec<(String, i64)> {
        let (base, head) = (dump(base), dump(head));
        let due = due(&Graph::new(&base), &Graph::new(&head));
        due.into_iter().map(|(name, due)| (name.to_owned(), due.round() as i64)).collect()
    }

    fn named(rows: &[(&str, i64)]) -> Vec<(String, i64)> {
        rows.iter().map(|(name, due)| ((*name).to_owned(), *due)).collect()
    }

    #[test]
    fn who_calls_more_often_is_the_reason() {
        let base: &[Row<'_>] = &[("a", 10, &[("b", 1, 110)]), ("b", 10, &[("c", 2, 100)]), ("c", 100, &[])];
        let head: &[Row<'_>] = &[("a", 10, &[("b", 1, 312)]), ("b", 12, &[("c", 6, 300)]), ("c", 300, &[])];
        assert_eq!(dues(base, head), named(&[("a", 0), ("b", 202), ("c", 0)]));
    }

    #[test]
    fn who_became_slower_is_the_reason() {
        let base: &[Row<'_>] = &[("a", 10, &[("b", 1, 110)]), ("b", 10, &[("c", 2, 100)]), ("c", 100, &[])];
        let head: &[Row<'_>] = &[("a", 10, &[("b", 3, 630)]), ("b", 30, &[("c", 6, 600)]), ("c", 600, &[])];
        assert_eq!(dues(base, head), named(&[("a", 220), ("b", 0), ("c", 300)]));
    }

    #[test]
    fn who_alone_pays_more_asks_for_more() {
        let base: &[Row<'_>] =
            &[("a", 10, &[("b", 1, 20), ("c", 10, 1000)]), ("b", 10, &[("c", 2, 10)]), ("c", 1010, &[])];
        let head: &[Row<'_>] =
            &[("a", 10, &[("b", 1, 820), ("c", 10, 1000)]), ("b", 10, &[("c", 4, 810)]), ("c", 1810, &[])];
        assert_eq!(dues(base, head), named(&[("a", 0), ("b", 800), ("c", 0)]));
    }

    #[test]
    fn functions_that_call_each_other_share_what_was_asked_of_them() {
        let base: &[Row<'_>] = &[("a", 10, &[("b", 1, 100)]), ("b", 50, &[("c", 5, 50)]), ("c", 50, &[("b", 4, 40)])];
        let head: &[Row<'_>] =
            &[("a", 10, &[("b", 2, 200)]), ("b", 100, &[("c", 10, 100)]), ("c", 100, &[("b", 8, 80)])];
        assert_eq!(dues(base, head), named(&[("a", 100), ("b", 0), ("c", 0)]));
    }

    #[test]
    fn what_is_the_same_is_due_to_nobody() {
        let rows: &[Row<'_>] = &[("a", 10, &[("b", 1, 110)]), ("b", 10, &[("c", 2, 100)]), ("c", 100, &[])];
        assert_eq!(dues(rows, rows), named(&[("a", 0), ("b", 0), ("c", 0)]));
    }
}
