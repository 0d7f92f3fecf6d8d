//! The part of a series that a new value is compared with.

use crate::change_points::last_change;
use crate::constants::{HISTORY_SEARCH, HISTORY_WINDOW};
use crate::history::log_value;
use crate::run::{Past, Series};

/// The last values of a series since its last change of level.
pub(crate) struct Window<'a> {
    pub(crate) past: &'a [Past],
    /// Their logarithms.
    pub(crate) logs: Vec<f64>,
}

impl<'a> Window<'a> {
    pub(crate) fn of(series: &Series<'a>) -> Self {
        let searched = last(series.past, HISTORY_SEARCH);
        let values: Vec<f64> = searched.iter().map(|past| past.value).collect();
        let level = &searched[last_change(series.metric, &values)..];
        let past = last(level, HISTORY_WINDOW);
        Self { past, logs: past.iter().map(|past| log_value(series.metric, past.value)).collect() }
    }
}

/// The last of the values, at most so many.
pub(crate) fn last<T>(values: &[T], count: usize) -> &[T] {
    &values[values.len().saturating_sub(count)..]
}
