//! How the costs of one test differ between two builds.

use std::collections::{BTreeMap, BTreeSet};

use super::due::due;
use super::dump::Dump;
use super::edits::{EDITED, Edits};
use super::fold::{FunctionCost, costs, graph};
use super::graph::Node;
use super::place::{Place, Places};

/// What changed in a function. If one side does not have it, its cost there is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The function before.
    pub base: FunctionCost,
    /// The function now.
    pub head: FunctionCost,
    /// Instructions that were added because of what this function does; negative if there are fewer. If a function is called
    /// more often, its caller is the cause.
    pub due: i64,
    /// Where in it the cost is that was not there before. Code that was inlined has the file it comes from.
    pub place: Option<Place>,
    /// Whether its code was edited, or that of a function inlined there.
    pub is_edited: bool,
    /// Functions that only one side has and that are counted as part of this one, most expensive first.
    pub only_on_one_side: Vec<String>,
}

impl Change {
    /// Its own instructions after minus before.
    #[must_use]
    pub fn difference(&self) -> i64 {
        self.head.own as i64 - self.base.own as i64
    }

    /// The function after, or before if it is gone.
    #[must_use]
    pub fn function(&self) -> &FunctionCost {
        if self.head.name.is_empty() { &self.base } else { &self.head }
    }
}

/// The functions that caused a difference, largest first. What is due to edited code counts ten times.
///
/// A function that only one side has counts as part of its callers. So a function that is inlined on one side only, or was
/// renamed, makes no difference.
#[must_use]
pub fn differences(base: &Dump, head: &Dump, edits: &Edits) -> Vec<Change> {
    let graphs = (graph(base), graph(head));
    let (base, head) = (&base.by_name(), &head.by_name());
    let is_in_both = |name: &str| base.functions.contains_key(name) && head.functions.contains_key(name);
    let one_sided = one_sided([costs(base, &graphs.0), costs(head, &graphs.1)], &is_in_both);
    let graphs = (graphs.0.without(|name| !is_in_both(name)), graphs.1.without(|name| !is_in_both(name)));
    let mut changes = changes_of(&costs(base, &graphs.0), &costs(head, &graphs.1));
    let due = due(&graphs.0, &graphs.1);
    let places = Places { edits, names: [&base.names, &head.names] };
    let nobody = Node::default();
    for change in &mut changes {
        let name = change.function().name.clone();
        change.due = due.get(name.as_str()).map_or(0, |due| due.round() as i64);
        let nodes = [&graphs.0, &graphs.1].map(|graph| graph.functions.get(name.as_str()).unwrap_or(&nobody));
        change.is_edited = places.is_edited(nodes);
        let one_sided = below(&name, &one_sided, [base, head]);
        let attributed = one_sided.iter().find_map(|name| with_other_attributes(name, head, edits));
        change.place = attributed.or_else(|| places.changed(nodes));
        change.only_on_one_side = one_sided.into_iter().map(str::to_owned).collect();
    }
    sorted(changes)
}

/// Where the code begins whose attributes were edited, in the function: what is no longer inlined is its own reason.
fn with_other_attributes(name: &str, head: &Dump, edits: &Edits) -> Option<Place> {
    let lines = head.functions.get(name)?.lines.keys();
    let (file, line) = lines.filter(|(file, line)| edits.touch_attributes(file, *line)).min()?;
    let function = head.names.get(&(file.clone(), *line)).map_or(name, String::as_str).to_owned();
    Some(Place { file: file.clone(), line: *line, function })
}

/// What functions cost that are on one side only.
fn one_sided(costs: [Vec<FunctionCost>; 2], is_in_both: &dyn Fn(&str) -> bool) -> BTreeMap<String, u64> {
    let costs = costs.into_iter().flatten().filter(|cost| !is_in_both(&cost.name) && cost.own > 0);
    costs.map(|cost| (cost.name, cost.own)).collect()
}

/// As [`differences`], for costs that are folded already, as a `.pymon` file keeps them. They do not say who called a function,
/// so each function is the cause of its own cost.
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
    // Edited code may have made its own instructions more without being asked more.
    let weight = |change: &Change| match change.is_edited {
        true => EDITED * change.due.unsigned_abs().max(change.difference().unsigned_abs()),
        false => change.due.unsigned_abs(),
    };
    changes.sort_by_key(|change| (std::cmp::Reverse(weight(change)), change.function().name.clone()));
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
