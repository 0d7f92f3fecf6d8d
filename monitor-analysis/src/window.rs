//! The part of a series that a new value is compared with.

use crate::change_points::last_change;
use crate::constants::{HISTORY_SEARCH, HISTORY_WINDOW};
use crate::exact::{Exactness, exactness};
use crate::history::log_value;
use crate::run::{Past, Series};

/// The last values of a series since its last change of level.
pub(crate) struct Window<'a> {
    /// What its last values say of an exact metric; [`Exactness::Unproven`] of any other.
    pub(crate) exactness: Exactness,
    /// The values; none of a proven series, which needs none.
    pub(crate) past: &'a [Past],
    /// Their logarithms.
    pub(crate) logs: Vec<f64>,
}

impl<'a> Window<'a> {
    pub(crate) fn of(series: &Series<'a>) -> Self {
        let values: Vec<f64> = last(series.past, HISTORY_SEARCH).iter().map(|past| past.value).collect();
        let exactness = match series.metric.is_countable() && series.single_threaded {
            true => exactness(last(&values, HISTORY_WINDOW)),
            false => Exactness::Unproven,
        };
        if matches!(exactness, Exactness::Proven { .. }) {
            return Self { exactness, past: &[], logs: Vec::new() };
        }
        let since = values.len() - last_change(series.metric, &values);
        let past = last(series.past, since.min(HISTORY_WINDOW));
        Self { exactness, past, logs: past.iter().map(|past| log_value(series.metric, past.value)).collect() }
    }
}

/// The last of the values, at most so many.
pub(crate) fn last<T>(values: &[T], count: usize) -> &[T] {
    &values[values.len().saturating_sub(count)..]
}
