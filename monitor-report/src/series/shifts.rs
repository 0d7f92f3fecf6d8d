//! Where the level of a series changed.

use monitor_analysis::change_points::{ChangePoint, change_points, exact_changes};
use monitor_analysis::constants::CHANGE_MIN_SEGMENT;
use monitor_analysis::dependencies::ChangedDependency;
use monitor_analysis::metric::Metric;
use monitor_analysis::quantity::ratio_text;
use monitor_analysis::summary::median;
use monitor_analysis::thresholds::Thresholds;
use monitor_analysis::verdict::Change;

/// So many changed dependencies are named in a line of text.
const NAMED: usize = 5;

/// A change point.
#[derive(Clone, Debug, PartialEq)]
pub struct Shift {
    /// Index of the first run of the new level.
    pub index: usize,
    /// Index of the last run with a value before it.
    pub before: usize,
    /// The levels: medians of the runs before and after, up to the next change.
    pub levels: Change,
    /// The history is too short for statistics; this is a large change from one value to the next.
    pub coarse: bool,
    /// It was accepted by the user.
    pub accepted: bool,
    /// What changed in the lockfile between the two runs; `None` if one of them has none.
    pub dependencies: Option<Vec<ChangedDependency>>,
}

/// The change points of a series, without dependencies. An `exact` one changes wherever its value does. A level begins at each
/// of the `accepted` runs, if its value differs, and the parts between them are looked at on their own.
#[must_use]
pub fn find(metric: Metric, values: &[Option<f64>], exact: bool, accepted: &[usize]) -> Vec<Shift> {
    let (runs, values): (Vec<usize>, Vec<f64>) =
        values.iter().enumerate().filter_map(|(run, value)| Some((run, (*value)?))).unzip();
    let mut begins: Vec<usize> = accepted.iter().map(|run| runs.partition_point(|known| known < run)).collect();
    begins.retain(|&at| at > 0 && at < values.len());
    begins.dedup();
    let bounds: Vec<usize> = [0].into_iter().chain(begins.iter().copied()).chain([values.len()]).collect();
    let shift = |at: usize, levels, coarse, accepted| Shift {
        index: runs[at],
        before: runs[at - 1],
        levels,
        coarse,
        accepted,
        dependencies: None,
    };
    let mut shifts: Vec<Shift> = Vec::new();
    for bound in bounds.windows(2) {
        let (from, part) = (bound[0], &values[bound[0]..bound[1]]);
        let coarse = part.len() < 2 * CHANGE_MIN_SEGMENT && !exact;
        let found = within(metric, part, exact);
        if from > 0 {
            let before = shifts.last().map_or(0, |shift| runs.partition_point(|run| *run < shift.index));
            let after = found.first().map_or(bound[1], |(at, _)| from + at);
            let level = |values: &[f64]| median(values).unwrap_or_default();
            let levels = Change { before: level(&values[before..from]), after: level(&values[from..after]) };
            if levels.before != levels.after {
                shifts.push(shift(from, levels, false, true));
            }
        }
        shifts.extend(found.into_iter().map(|(at, levels)| shift(from + at, levels, coarse, false)));
    }
    shifts
}

/// The changes within values of which none is accepted.
fn within(metric: Metric, values: &[f64], exact: bool) -> Vec<(usize, Change)> {
    let points = |points: Vec<ChangePoint>| points.into_iter().map(|point| (point.index, point.levels)).collect();
    if exact {
        points(exact_changes(values))
    } else if values.len() < 2 * CHANGE_MIN_SEGMENT {
        steps(metric, values)
    } else {
        points(change_points(metric, values))
    }
}

/// Where a large change from one value to the next, if the metric has one.
fn steps(metric: Metric, values: &[f64]) -> Vec<(usize, Change)> {
    let Some(rule) = Thresholds::coarse(metric) else { return Vec::new() };
    let differ = |change: &Change| {
        rule.ratio_passed(change.before, change.after) && rule.floor_passed(change.before, change.after)
    };
    let changes = values.windows(2).map(|pair| Change { before: pair[0], after: pair[1] });
    changes.enumerate().filter(|(_, change)| differ(change)).map(|(index, change)| (index + 1, change)).collect()
}

impl Shift {
    /// `wall time 5.97 times slower: 61.0 s -> 364 s; rand 0.9.0 -> 0.10.1`.
    #[must_use]
    pub fn text(&self, metric: Metric) -> String {
        let Change { before, after } = self.levels;
        let ratio = ratio_text(self.levels.ratio(), metric.unit());
        let (before, after) = (metric.quantity(before), metric.quantity(after));
        let mut text = format!("{metric} {ratio}: {before} -> {after}");
        if let Some(dependencies) = self.dependencies.as_deref().filter(|changed| !changed.is_empty()) {
            text.push_str("; ");
            text.push_str(&named(dependencies));
        }
        if self.accepted {
            text.push_str("; accepted");
        }
        text
    }
}

/// The changed dependencies in a line.
pub(crate) fn named(dependencies: &[ChangedDependency]) -> String {
    let mut names: Vec<String> = dependencies.iter().take(NAMED).map(ToString::to_string).collect();
    if dependencies.len() > NAMED {
        names.push(format!("{} more", dependencies.len() - NAMED));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(values: &[Option<f64>]) -> Vec<(usize, usize)> {
        find(Metric::WallTime, values, false, &[]).iter().map(|shift| (shift.before, shift.index)).collect()
    }

    #[test]
    fn a_short_history_has_coarse_steps() {
        assert_eq!(places(&[Some(0.000_06), Some(4.0), None, Some(15.0), Some(0.000_004)]), [(0, 1), (1, 3), (3, 4)]);
        assert_eq!(places(&[Some(1.0), Some(1.5), Some(1.4)]), []);
        assert_eq!(places(&[]), []);
        assert!(find(Metric::WallTime, &[Some(1.0), Some(9.0)], false, &[])[0].coarse);
    }

    #[test]
    fn an_exact_series_changes_where_its_value_does() {
        let found = find(Metric::Allocations, &[Some(7.0), Some(7.0), None, Some(8.0)], true, &[]);
        assert_eq!((found.len(), found[0].before, found[0].index, found[0].coarse), (1, 1, 3, false));
    }

    #[test]
    fn a_level_that_was_accepted_begins_where_it_was() {
        // By statistics the change is a run later: the first value of the new level is a low one.
        let values: Vec<Option<f64>> =
            (0..40).map(|run| Some(if run <= 20 { 1.0 } else { 2.0 } + f64::from(run % 3) / 100.0)).collect();
        let of = |accepted: &[usize]| {
            let found = find(Metric::WallTime, &values, false, accepted);
            found.iter().map(|shift| (shift.index, shift.accepted)).collect::<Vec<_>>()
        };
        assert_eq!(of(&[]), [(21, false)]);
        assert_eq!(of(&[21]), [(21, true)]);
        assert_eq!(of(&[0, 40]), [(21, false)], "no value before, none after");
        let levels = find(Metric::Allocations, &[Some(7.0), Some(7.0), Some(9.0)], true, &[2])[0].levels;
        assert_eq!((levels.before, levels.after), (7.0, 9.0));
        assert_eq!(find(Metric::Allocations, &[Some(7.0), Some(7.0)], true, &[1]), []);
    }

    #[test]
    fn gaps_do_not_move_a_change_point() {
        let mut values: Vec<Option<f64>> = (0..40).map(|run| Some(if run < 20 { 1.0 } else { 2.0 })).collect();
        values[3] = None;
        values[20] = None;
        let found = find(Metric::WallTime, &values, false, &[]);
        assert_eq!((found.len(), found[0].before, found[0].index, found[0].coarse), (1, 19, 21, false));
    }

    #[test]
    fn many_dependencies_are_counted() {
        let lock = |version: u32| -> String {
            (0..8).map(|name| format!("[[package]]\nname = \"p{name}\"\nversion = \"{version}.0.0\"\n")).collect()
        };
        let changed = monitor_analysis::dependencies::diff(&lock(1), &lock(2)).expect("two lockfiles");
        assert!(named(&changed).ends_with("p4 1.0.0 -> 2.0.0, 3 more"), "{}", named(&changed));
    }
}
