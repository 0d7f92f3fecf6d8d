//! The best partition of a series into constant segments: PELT (Killick, Fearnhead and Eckley, 2012) with the L2 cost.

/// Starts of all segments but the first, ascending: the partition that minimises the sum of squared distances from
/// the segments' means plus `penalty` for each segment, with segments of at least `min_segment` values.
///
/// ```
/// use monitor_analysis::pelt::partition;
/// assert_eq!(partition(&[1.0, 1.1, 0.9, 5.0, 5.1, 4.9], 1.0, 2), [3]);
/// ```
#[must_use]
pub fn partition(values: &[f64], penalty: f64, min_segment: usize) -> Vec<usize> {
    let min_segment = min_segment.max(1);
    let cost = SquaredError::of(values);
    // best[end]: cost of the best partition of values[..end], and the start of its last segment.
    let mut best = vec![(f64::INFINITY, 0); values.len() + 1];
    best[0] = (-penalty, 0);
    let mut starts = vec![Start { index: 0, before: -penalty, with_segment: 0.0, dead_from: usize::MAX }];
    for end in min_segment..=values.len() {
        starts.retain(|start| start.dead_from > end);
        let mut least = (f64::INFINITY, 0);
        for start in &mut starts {
            start.with_segment = start.before + cost.of_segment(start.index, end);
            if start.with_segment < least.0 {
                least = (start.with_segment, start.index);
            }
        }
        best[end] = (least.0 + penalty, least.1);
        // A start that loses by more than a penalty here loses for good: a segment could begin at `end` instead,
        // and does as soon as it can be long enough.
        for start in starts.iter_mut().filter(|start| start.with_segment >= least.0 + penalty) {
            start.dead_from = start.dead_from.min(end + min_segment);
        }
        let next = end + 1 - min_segment;
        if next >= min_segment {
            starts.push(Start { index: next, before: best[next].0, with_segment: 0.0, dead_from: usize::MAX });
        }
    }
    let mut changes = Vec::new();
    let mut end = values.len();
    while best[end].1 > 0 {
        end = best[end].1;
        changes.push(end);
    }
    changes.reverse();
    changes
}

/// Where a last segment may start, and from which end on it need not be tried.
struct Start {
    index: usize,
    /// Cost of the best partition of what is before it.
    before: f64,
    /// That, and the cost of the segment from it to the end under consideration.
    with_segment: f64,
    dead_from: usize,
}

/// Sums from which the cost of any segment follows at once.
struct SquaredError {
    sums: Vec<(f64, f64)>,
    /// 1 / n: the cost is asked for too often to divide.
    inverses: Vec<f64>,
}

impl SquaredError {
    fn of(values: &[f64]) -> Self {
        // Around their mean, so that the squares keep their digits.
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let mut sums = vec![(0.0, 0.0)];
        let (mut sum, mut squares) = (0.0, 0.0);
        for value in values {
            sum += value - mean;
            squares += (value - mean) * (value - mean);
            sums.push((sum, squares));
        }
        let inverses = (0..=values.len()).map(|count| 1.0 / count as f64).collect();
        Self { sums, inverses }
    }

    fn of_segment(&self, start: usize, end: usize) -> f64 {
        let ((sum_before, squares_before), (sum, squares)) = (self.sums[start], self.sums[end]);
        let sum = sum - sum_before;
        (squares - squares_before - sum * sum * self.inverses[end - start]).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cost(values: &[f64], changes: &[usize], penalty: f64) -> f64 {
        let bounds: Vec<usize> = [0].iter().chain(changes).chain([&values.len()]).copied().collect();
        let segments = bounds.windows(2).map(|bound| &values[bound[0]..bound[1]]);
        let error = |segment: &[f64]| {
            let mean = segment.iter().sum::<f64>() / segment.len() as f64;
            segment.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
        };
        segments.map(error).sum::<f64>() + penalty * changes.len() as f64
    }

    /// Every partition that is allowed, each change a bit.
    fn brute_force(values: &[f64], penalty: f64, min_segment: usize) -> f64 {
        let sets = 0..1_u32 << (values.len() - 1);
        let allowed = sets.filter_map(|set| {
            let changes: Vec<usize> = (1..values.len()).filter(|index| set >> (index - 1) & 1 == 1).collect();
            let bounds: Vec<usize> = [0].iter().chain(&changes).chain([&values.len()]).copied().collect();
            bounds.windows(2).all(|bound| bound[1] - bound[0] >= min_segment).then_some(changes)
        });
        allowed.map(|changes| cost(values, &changes, penalty)).fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #[test]
        fn no_partition_is_better(
            values in prop::collection::vec(-5.0..5.0_f64, 4..13),
            penalty in 0.01..20.0_f64,
            min_segment in 1..5_usize,
        ) {
            prop_assume!(values.len() >= min_segment);
            let found = partition(&values, penalty, min_segment);
            let difference = cost(&values, &found, penalty) - brute_force(&values, penalty, min_segment);
            prop_assert!(difference.abs() < 1e-9, "{found:?} is {difference} worse");
        }
    }

    #[test]
    fn short_series_have_one_segment() {
        assert!(partition(&[], 1.0, 5).is_empty());
        assert!(partition(&[1.0, 9.0, 1.0], 1.0, 5).is_empty());
        assert!(partition(&[1.0; 9], 1.0, 5).is_empty());
    }
}
