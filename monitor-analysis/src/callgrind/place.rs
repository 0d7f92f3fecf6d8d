//! In which line of a function its cost has changed.

use std::collections::BTreeMap;

use super::diff::Side;
use super::edits::Edits;
use super::graph::Node;
use super::symbol::package_of;

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its source file.
    pub file: String,
    /// Its number.
    pub line: u32,
    /// The function that it is in, which may be inlined; empty if that is not known.
    pub function: String,
}

/// An edited line is named if it has this share of the change of the line that changed most.
const SHARE_OF_EDITED: f64 = 0.1;
/// Of unedited lines, in and below each other, the innermost that has this share of it.
const SHARE_OF_INNERMOST: f64 = 0.8;

/// What a line costs now, with what it calls, and by how much that has changed.
struct Line<'d> {
    file: &'d str,
    line: u32,
    cost: f64,
    change: f64,
    is_edited: bool,
}

impl Line<'_> {
    fn is_of_workspace(&self) -> bool {
        package_of(self.file).is_empty()
    }
}

/// What is known of lines.
pub(super) struct Places<'d> {
    pub(super) edits: &'d Edits,
    /// Functions by file and line, before and now.
    pub(super) names: [&'d BTreeMap<(String, u32), String>; 2],
}

impl Places<'_> {
    /// Whether code was edited that is in the function, or is inlined into it.
    pub(super) fn is_edited(&self, [base, head]: [&Node<'_>; 2]) -> bool {
        [(Side::Base, base, self.names[0]), (Side::Head, head, self.names[1])].into_iter().any(|(side, node, names)| {
            // From the first line to the last of each function that has a part in it.
            let mut bounds: BTreeMap<(&str, &str), (u32, u32)> = BTreeMap::new();
            for (file, line) in node.through.keys() {
                let name = names.get(&((*file).to_owned(), *line)).map_or("", String::as_str);
                let bounds = bounds.entry((file, name)).or_insert((*line, *line));
                *bounds = (bounds.0.min(*line), bounds.1.max(*line));
            }
            bounds.iter().any(|((file, _), bounds)| self.edits.touch(side, file, *bounds))
        })
    }

    /// The line that changed most, an edited one if there is one that changed at all.
    pub(super) fn changed(&self, [base, head]: [&Node<'_>; 2]) -> Option<Place> {
        let changes: Vec<Line<'_>> = head
            .through
            .iter()
            .map(|((file, line), cost)| {
                let before = self.edits.before(file, *line);
                let known = before.and_then(|line| base.through.get(&(*file, line)));
                let change = (cost - known.unwrap_or(&0.0)).abs();
                Line { file, line: *line, cost: *cost, change, is_edited: before.is_none() }
            })
            .collect();
        let least = SHARE_OF_EDITED * most(&changes);
        let having = |is_chosen: &dyn Fn(&Line<'_>) -> bool| {
            changes.iter().filter(|it| it.change > 0.0 && it.change >= least && is_chosen(it)).collect::<Vec<_>>()
        };
        // Code of the workspace can be changed most easily.
        let edited = having(&|it| it.is_edited);
        let found = edited
            .into_iter()
            .max_by(|a, b| a.is_of_workspace().cmp(&b.is_of_workspace()).then(a.change.total_cmp(&b.change)))
            // An edited line may cost nothing itself: a limit, or one that is gone.
            .or_else(|| innermost(&having(&|it| self.edits.are_around(it.file, it.line))))
            .or_else(|| innermost(&having(&|_| true)))?;
        let name = self.names[1].get(&(found.file.to_owned(), found.line)).cloned();
        Some(Place { file: found.file.to_owned(), line: found.line, function: name.unwrap_or_default() })
    }
}

fn most<'l>(lines: impl IntoIterator<Item = &'l Line<'l>>) -> f64 {
    lines.into_iter().map(|it| it.change).fold(0.0, f64::max)
}

/// Of lines in and below each other, the innermost through which most of the change goes.
fn innermost<'l>(lines: &[&'l Line<'l>]) -> Option<&'l Line<'l>> {
    let least = SHARE_OF_INNERMOST * most(lines.iter().copied());
    lines.iter().filter(|it| it.change >= least).min_by(|a, b| a.cost.total_cmp(&b.cost)).copied()
}
