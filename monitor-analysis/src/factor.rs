//! What all tests of a run have in common: the machine was slow that day.

use crate::constants::{FACTOR_CLIP, FACTOR_MIN_TESTS, FACTOR_PRICE, FACTOR_UNSEEN, FACTOR_WINDOW, HISTORY_SETTLED};
use crate::constants::{MAD_SCALE, SCALE_UNKNOWN, SPREAD_FLOOR};
use crate::median::medians_of_nine_before;
use crate::summary::{mad, median};

/// A series as the factors see it: logarithms, and the places of its runs among all runs.
pub(crate) struct Member<'a> {
    pub past: &'a [f64],
    pub runs: &'a [u32],
}

/// The factors of the runs before.
#[derive(Debug)]
pub(crate) struct Factors {
    runs: Vec<RunFactor>,
    levels: Vec<Level>,
}

/// A test's usual level and spread.
#[derive(Clone, Copy, Debug)]
struct Level {
    centre: f64,
    spread: f64,
}

/// Of one run: the median of its tests' distances from their levels, and sums of what is beyond it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RunFactor {
    tests: usize,
    median: f64,
    numerator: f64,
    denominator: f64,
}

impl Factors {
    /// The factors of `run_count` runs.
    pub(crate) fn of(members: &[Member<'_>], run_count: usize) -> Self {
        let levels: Vec<Level> = members.iter().map(|member| Level::of(member.past)).collect();
        let mut distances: Vec<Vec<(f64, f64)>> = (0..run_count).map(|_| Vec::with_capacity(members.len())).collect();
        for (member, level) in members.iter().zip(&levels) {
            for (value, run) in member.past.iter().zip(member.runs) {
                distances[*run as usize].push(level.distance(*value));
            }
        }
        Self { runs: distances.into_iter().map(RunFactor::of).collect(), levels }
    }

    /// The factor of a run in which the members have these values.
    pub(crate) fn of_new(&self, values: &[f64]) -> RunFactor {
        RunFactor::of(self.levels.iter().zip(values).map(|(level, value)| level.distance(*value)).collect())
    }

    /// The factors of the runs that have enough tests, all tests counted.
    pub(crate) fn whole(&self) -> Vec<f64> {
        self.runs.iter().filter_map(RunFactor::whole).collect()
    }

    /// How many tests there are.
    pub(crate) fn tests(&self) -> usize {
        self.levels.len()
    }

    /// The factors of a member's runs, its own part in them left out.
    pub(crate) fn without(&self, index: usize, member: &Member<'_>) -> Vec<f64> {
        let values = member.past.iter().zip(member.runs);
        values.map(|(value, run)| self.runs[*run as usize].without(self.levels[index].distance(*value))).collect()
    }

    /// The factor of a new run, the part of the member with this value left out.
    pub(crate) fn new_without(&self, run: &RunFactor, index: usize, value: f64) -> f64 {
        run.without(self.levels[index].distance(value))
    }
}

impl Level {
    fn of(past: &[f64]) -> Self {
        let window = &past[past.len() - past.len().min(FACTOR_WINDOW)..];
        let centre = median(window).unwrap_or(0.0);
        if window.len() < 4 {
            return Self { centre, spread: SCALE_UNKNOWN };
        }
        let steps: Vec<f64> = window.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
        // The median step between two normal values is .9539 standard deviations.
        let by_steps = 1.0484 * median(&steps).unwrap_or(0.0);
        Self { centre, spread: (MAD_SCALE * mad(window).unwrap_or(0.0)).max(by_steps) + SPREAD_FLOOR }
    }

    /// How far a value is from it, and its spread.
    fn distance(&self, value: f64) -> (f64, f64) {
        (value - self.centre, self.spread)
    }
}

fn clipped(distance: f64, spread: f64) -> f64 {
    distance.clamp(-FACTOR_CLIP * spread, FACTOR_CLIP * spread)
}

impl RunFactor {
    fn of(mut distances: Vec<(f64, f64)>) -> Self {
        let tests = distances.len();
        if tests < FACTOR_MIN_TESTS {
            return Self { tests, ..Self::default() };
        }
        distances.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        // However quiet two tests are, they are not what the whole run is judged by.
        let quiet = third_least(distances.iter().map(|(_, spread)| *spread));
        let half = distances.iter().map(|(_, spread)| 1.0 / spread.max(quiet)).sum::<f64>() / 2.0;
        let mut weight = 0.0;
        let reached = |(_, spread): &&(f64, f64)| {
            weight += 1.0 / spread.max(quiet);
            weight >= half
        };
        let median = distances.iter().find(reached).map_or(0.0, |(distance, _)| *distance);
        let (mut numerator, mut denominator) = (0.0, 0.0);
        for (distance, spread) in distances {
            numerator += clipped(distance - median, spread) / (spread * spread);
            denominator += 1.0 / (spread * spread);
        }
        Self { tests, median, numerator, denominator }
    }

    pub(crate) fn whole(&self) -> Option<f64> {
        (self.tests >= FACTOR_MIN_TESTS).then(|| self.median + self.numerator / self.denominator)
    }

    fn without(&self, (distance, spread): (f64, f64)) -> f64 {
        if self.tests < FACTOR_MIN_TESTS {
            return 0.0;
        }
        let weight = 1.0 / (spread * spread);
        let left = self.denominator - weight;
        if left <= 0.0 {
            return 0.0;
        }
        self.median + (self.numerator - clipped(distance - self.median, spread) * weight) / left
    }
}

/// The third of these from below.
fn third_least(values: impl Iterator<Item = f64>) -> f64 {
    let mut least = [f64::INFINITY; FACTOR_MIN_TESTS];
    for value in values {
        let at = least.iter().position(|other| value < *other);
        if let Some(at) = at {
            least[at..].rotate_right(1);
            least[at] = value;
        }
    }
    least[FACTOR_MIN_TESTS - 1]
}

/// How much of the runs' factors a series follows: the share that leaves its errors smallest.
pub(crate) fn slope(past: &[f64], factors: &[f64], tests: usize) -> f64 {
    const SLOPES: [f64; 6] = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25];
    if past.len() < HISTORY_SETTLED {
        // Too few to tell: what most tests do, if there are many.
        return if tests < 10 { 0.0 } else { 0.5 + 0.5 * ((tests as f64 - 10.0) / 30.0).min(1.0) };
    }
    if factors.iter().all(|factor| factor.abs() < 1e-4) {
        return 0.0;
    }
    let from = past.len() - past.len().min(FACTOR_WINDOW);
    let (past, factors) = (&past[from..], &factors[from..]);
    let mut adjusted = [0.0; FACTOR_WINDOW];
    let mut price = |slope: f64| {
        for (value, (past, factor)) in adjusted.iter_mut().zip(past.iter().zip(factors)) {
            *value = past - slope * factor;
        }
        let mut error = 0.0;
        medians_of_nine_before(&adjusted[..past.len()], 5, |at, median| error += (adjusted[at] - median).abs());
        error * (1.0 + FACTOR_PRICE * slope)
    };
    let priced = SLOPES.map(|slope| (price(slope), slope));
    priced.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0.0, |(_, slope)| slope)
}

/// The factors beyond which a run is unlike all before, either way; `None` of fewer than three.
pub(crate) fn unseen(factors: &[f64]) -> Option<f64> {
    (factors.len() >= 3).then(|| FACTOR_UNSEEN * (MAD_SCALE * mad(factors).unwrap_or(0.0) + 0.005))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten tests over 20 runs, with a factor in run 15 and the new one.
    fn factors_of(shift: f64) -> (Vec<Vec<f64>>, Vec<u32>, Vec<f64>) {
        let runs: Vec<u32> = (0..20).collect();
        let wave = |test: u32, run: u32| 0.01 * (f64::from(run * (7 + test) % 5) - 2.0);
        let past = |test| runs.iter().map(|&run| wave(test, run) + if run == 15 { 0.4 } else { 0.0 }).collect();
        ((0..10).map(past).collect(), runs.clone(), vec![shift; 10])
    }

    #[test]
    fn a_slow_day_is_seen_and_one_slow_test_is_not() {
        let (past, runs, new) = factors_of(0.25);
        let members: Vec<Member<'_>> = past.iter().map(|past| Member { past, runs: &runs }).collect();
        let factors = Factors::of(&members, 20);
        let (known, run) = (factors.whole(), factors.of_new(&new));
        assert!((run.whole().unwrap() - 0.25).abs() < 0.03 && (known[15] - 0.4).abs() < 0.03 && known[3].abs() < 0.03);
        let (own, of_new) = (factors.without(0, &members[0]), factors.new_without(&run, 0, new[0]));
        assert!((own[15] - 0.4).abs() < 0.03 && (of_new - 0.25).abs() < 0.03);
        assert_eq!(slope(&past[0], &own, 10), 1.0);

        let mut one = vec![0.0; 10];
        one[4] = 3.0;
        assert!(factors.of_new(&one).whole().unwrap().abs() < 0.02);
    }

    #[test]
    fn two_tests_have_nothing_in_common() {
        let (past, runs, _) = factors_of(0.0);
        let members: Vec<Member<'_>> = past[..2].iter().map(|past| Member { past, runs: &runs }).collect();
        let factors = Factors::of(&members, 20);
        let run = factors.of_new(&[1.0; 2]);
        assert!(factors.whole().is_empty() && run.whole().is_none());
        assert_eq!(factors.new_without(&run, 0, 1.0), 0.0);
    }
}
