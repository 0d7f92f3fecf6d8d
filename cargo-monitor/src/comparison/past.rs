//! Which values of a series a new one is compared with.

use monitor_analysis::metric::{Metric, Thresholds};
use monitor_analysis::run::Past;
use monitor_analysis::summary::median;

/// The values since the last change, oldest first: what was before it says nothing of what the code costs now.
///
/// In a history too short for change points, a change is what the coarse rule calls one and what no later value took
/// back.
pub(super) fn since_last_change(metric: Metric, past: &[Past]) -> &[Past] {
    let Some(rule) = Thresholds::coarse(metric) else { return past };
    let values: Vec<f64> = past.iter().map(|past| past.value).collect();
    let differ = |before, after| rule.ratio_passed(before, after) && rule.floor_passed(before, after);
    let lasting = |&at: &usize| {
        let level = median(&values[..at]).unwrap_or_default();
        differ(values[at - 1], values[at]) && values[at..].iter().all(|&after| differ(level, after))
    };
    let last_change = (1..values.len()).rev().find(lasting);
    &past[last_change.unwrap_or(0)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(values: &[f64]) -> usize {
        let past: Vec<Past> = (0..).zip(values).map(|(run, &value)| Past { run, value }).collect();
        since_last_change(Metric::WallTime, &past).len()
    }

    #[test]
    fn a_lasting_change_cuts_the_history() {
        assert_eq!(kept(&[1.0, 1.0, 1.0, 3.0, 3.1]), 2);
        assert_eq!(kept(&[0.000_07, 2.3, 6.8, 0.000_006]), 1);
        assert_eq!(kept(&[3.0, 3.0, 1.0, 1.0]), 2);
    }

    #[test]
    fn a_spike_that_is_over_and_noise_do_not() {
        assert_eq!(kept(&[1.0, 1.0, 5.0, 1.0]), 4);
        assert_eq!(kept(&[1.0, 1.1, 0.9, 1.0]), 4);
        assert_eq!(kept(&[0.000_001, 0.000_9]), 2, "below the coarse rule's floor");
        assert_eq!(kept(&[]), 0);
    }
}
