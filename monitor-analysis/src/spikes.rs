//! Values that are far out once, without cause: how often they come and how far they go, all tests of a run show together. A
//! short history has too few values to show its own.

use crate::constants::{
    GATE_BONFERRONI, GATE_FALSE, SPIKE_FROM, SPIKE_MEAN, SPIKE_PRIOR, SPIKE_RATE, SPIKE_RATE_BOTH, SPIKE_RATE_VALUES,
    SPIKE_SHAPE,
};
use crate::look::Look;
use crate::pair::Pair;

/// The spikes in the past of a run's series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spikes {
    series: usize,
    /// The share of values that are spikes.
    rate: f64,
    /// The mean of what they are beyond [`SPIKE_FROM`], in scales.
    mean: f64,
    /// How likely a spike as large as a rise may be, for this to be none.
    pub limit: f64,
}

impl Spikes {
    /// Those of the series that decide a gate, of so many runs.
    pub(crate) fn of(looks: &[&Look], runs: usize) -> Self {
        Self::of_distances(looks.iter().flat_map(|look| look.distances()), looks.len(), runs, (SPIKE_RATE, GATE_FALSE))
    }

    /// Those that came in both times of a test at once.
    pub(crate) fn of_pairs(pairs: &[Pair<'_>], runs: usize) -> Self {
        Self::of_distances(
            pairs.iter().flat_map(|pair| pair.distances()),
            pairs.len(),
            runs,
            (SPIKE_RATE_BOTH, GATE_BONFERRONI),
        )
    }

    /// Those among distances in scales, each with its run; `rate` is their share where nothing is known of it.
    fn of_distances(
        distances: impl Iterator<Item = (u32, f64)>,
        series: usize,
        runs: usize,
        (rate, limit): (f64, f64),
    ) -> Self {
        let mut by_run = vec![(0.0_f64, 0.0_f64); runs];
        let mut values = SPIKE_RATE_VALUES;
        for (run, distance) in distances {
            values += 1.0;
            if distance > SPIKE_FROM {
                let (count, beyond) = &mut by_run[run as usize];
                *count += 1.0;
                *beyond += distance - SPIKE_FROM;
            }
        }
        // One run alone tells of one spike at most, if no other has more: on that day something may have been wrong, and it must
        // not hide a change.
        by_run.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        if let [most, second, ..] = by_run.as_mut_slice() {
            let count = second.0.max(1.0).min(most.0);
            *most = (count, most.1 * count / most.0.max(1.0));
        }
        let (count, beyond) = by_run.iter().fold((0.0, 0.0), |sums, run| (sums.0 + run.0, sums.1 + run.1));
        Self {
            series,
            rate: (count + rate * SPIKE_RATE_VALUES) / values,
            mean: (beyond + SPIKE_PRIOR * SPIKE_MEAN) / (count + SPIKE_PRIOR),
            limit,
        }
    }

    /// How likely it is that one of the run's series has a spike as large as this, in scales.
    pub(crate) fn p(&self, distance: f64) -> f64 {
        let beyond = (distance - SPIKE_FROM).max(0.0);
        let larger = (1.0 + beyond / (self.mean * SPIKE_SHAPE)).powf(-SPIKE_SHAPE);
        (self.series as f64 * self.rate * larger).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(spikes: &[(u32, f64)]) -> f64 {
        let distances = (0..200).map(|value| (value % 10, 0.5)).chain(spikes.iter().copied());
        Spikes::of_distances(distances, 20, 10, (SPIKE_RATE, GATE_FALSE)).p(40.0)
    }

    #[test]
    fn what_tests_saw_before_is_likely() {
        let (calm, seen) = (of(&[]), of(&[(1, 20.0), (2, 30.0), (5, 15.0), (7, 40.0)]));
        assert!(seen > 10.0 * calm, "{seen} {calm}");
    }

    #[test]
    fn a_day_on_which_all_tests_were_slow_counts_as_one_spike() {
        let day: Vec<(u32, f64)> = (0..20).map(|_| (3, 40.0)).collect();
        let (calm, one, many) = (of(&[]), of(&day[..1]), of(&day));
        assert!(calm < one && many <= one, "{calm} {one} {many}");
    }

    #[test]
    fn larger_ones_are_less_likely() {
        let spikes = Spikes::of_distances([].into_iter(), 20, 10, (SPIKE_RATE, GATE_FALSE));
        assert!(spikes.p(4.0) > spikes.p(40.0) && spikes.p(40.0) > spikes.p(400.0));
    }
}
