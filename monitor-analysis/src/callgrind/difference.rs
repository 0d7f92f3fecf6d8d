//! How the costs of one test differ between two builds.

use std::collections::{BTreeMap, BTreeSet};

use super::due::due;
use super::dump::Dump;
use super::fold::{FunctionCost, costs, graph};
use super::graph::Node;
use super::symbol::package_of;

/// What changed in a function; a side on which it is not is all zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The function before.
    pub base: FunctionCost,
    /// The function now.
    pub head: FunctionCost,
    /// Instructions that came in by what it does; negative if they became fewer. What is called more often is due to who calls it.
    pub due: i64,
    /// Where in it the cost is that was not there before, file and line; code inlined from elsewhere has that file.
    pub place: Option<(String, u32)>,
    /// Functions that are on one side only and were counted as a part of this one, most expensive first.
    pub only_on_one_side: Vec<String>,
}

impl Change {
    /// Instructions of its own that came in; negative if they became fewer.
    #[must_use]
    pub fn difference(&self) -> i64 {
        self.head.own as i64 - self.base.own as i64
    }

    /// The side on which it is.
    #[must_use]
    pub fn function(&self) -> &FunctionCost {
        if self.head.name.is_empty() { &self.base } else { &self.head }
    }
}

/// The functions to which a change is due, greatest change first.
///
/// Functions that are on one side only count as a part of who called them: what is inlined on one side only, or was renamed,
/// is then no difference.
#[must_use]
pub fn differences(base: &Dump, head: &Dump) -> Vec<Change> {
    let graphs = (graph(base), graph(head));
    let (base, head) = (&base.by_name(), &head.by_name());
    let is_in_both = |name: &str| base.functions.contains_key(name) && head.functions.contains_key(name);
    let one_sided = one_sided([costs(base, &graphs.0), costs(head, &graphs.1)], &is_in_both);
    let graphs = (graphs.0.without(|name| !is_in_both(name)), graphs.1.without(|name| !is_in_both(name)));
    let mut changes = changes_of(&costs(base, &graphs.0), &costs(head, &graphs.1));
    let due = due(&graphs.0, &graphs.1);
    for change in &mut changes {
        change.due = due.get(change.function().name.as_str()).map_or(0, |due| due.round() as i64);
    }
    let mut changes = sorted(changes);
    for change in &mut changes {
        let name = change.function().name.clone();
        let (before, now) = (graphs.0.functions.get(name.as_str()), graphs.1.functions.get(name.as_str()));
        let below = below(&name, &one_sided, [base, head]);
        change.place = new_place(before, now).or_else(|| {
            let dearest = below.iter().find(|name| head.functions.contains_key(**name))?;
            head.functions[*dearest].place().map(|(file, line)| (file.to_owned(), line))
        });
        change.only_on_one_side = below.into_iter().map(str::to_owned).collect();
    }
    changes
}

/// What functions cost that are on one side only.
fn one_sided(costs: [Vec<FunctionCost>; 2], is_in_both: &dyn Fn(&str) -> bool) -> BTreeMap<String, u64> {
    let costs = costs.into_iter().flatten().filter(|cost| !is_in_both(&cost.name) && cost.own > 0);
    costs.map(|cost| (cost.name, cost.own)).collect()
}

/// As [`differences`], of costs that are folded already, as a file keeps them: who called is not known of them, so that each
/// function's own cost is due to itself.
#[must_use]
pub fn differences_of_costs(base: &[FunctionCost], head: &[FunctionCost]) -> Vec<Change> {
    sorted(changes_of(base, head))
}

fn changes_of(base: &[FunctionCost], head: &[FunctionCost]) -> Vec<Change> {
    let by_name = |costs: &[FunctionCost]| -> BTreeMap<String, FunctionCost> {
        costs.iter().map(|cost| (cost.name.clone(), cost.clone())).collect()
    };
    let (mut before, now) = (by_name(base), by_name(head));
    let mut changes: Vec<Change> = now
        .into_iter()
        .map(|(name, head)| Change { base: before.remove(&name).unwrap_or_default(), head, ..Change::default() })
        .collect();
    changes.extend(before.into_values().map(|base| Change { base, ..Change::default() }));
    changes.iter_mut().for_each(|change| change.due = change.difference());
    changes
}

fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    changes.retain(|change| change.due != 0 || change.difference() != 0 || change.base.calls != change.head.calls);
    changes.sort_by_key(|change| (std::cmp::Reverse(change.due.abs()), change.function().name.clone()));
    changes
}

/// Functions on one side only that `name` reaches through such functions, most expensive first.
fn below<'n>(name: &str, one_sided: &'n BTreeMap<String, u64>, dumps: [&Dump; 2]) -> Vec<&'n str> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(next) = open.pop() {
        for called in
            dumps.iter().filter_map(|dump| dump.functions.get(&next)).flat_map(|function| function.calls.keys())
        {
            if let Some((known, _)) = one_sided.get_key_value(called)
                && found.insert(known)
            {
                open.push(known.clone());
            }
        }
    }
    let mut found: Vec<&str> = found.into_iter().collect();
    found.sort_by_key(|name| std::cmp::Reverse(one_sided[*name]));
    found
}

/// The dearest line that costs something that no line of the same file cost before. Lines move from commit to commit; what is
/// counted on them does not, where nothing changed.
fn new_place(before: Option<&Node<'_>>, now: Option<&Node<'_>>) -> Option<(String, u32)> {
    let mut known: BTreeMap<(String, u64), usize> = BTreeMap::new();
    for ((file, _), cost) in before.into_iter().flat_map(|function| &function.lines) {
        *known.entry((tail(file), cost.round() as u64)).or_default() += 1;
    }
    let mut new: Vec<((&str, u32), f64)> = Vec::new();
    for (place, cost) in now.into_iter().flat_map(|function| &function.lines) {
        match known.get_mut(&(tail(place.0), cost.round() as u64)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => new.push((*place, *cost)),
        }
    }
    let is_readable = |(file, line): (&str, u32)| line > 0 && package_of(file) != "std" && file != "???";
    let dearest = |readable: bool| {
        let lines = new.iter().filter(|(place, _)| is_readable(*place) == readable && place.1 > 0);
        lines.max_by(|a, b| a.1.total_cmp(&b.1)).map(|((file, line), _)| ((*file).to_owned(), *line))
    };
    dearest(true).or_else(|| dearest(false))
}

/// The end of a path, which is the same in every worktree.
fn tail(file: &str) -> String {
    let parts: Vec<&str> = file.rsplit('/').take(3).collect();
    parts.join("/")
}
