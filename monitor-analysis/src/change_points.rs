//! Change points: where the level of a long series changed for good.
//!
//! By ranks, so that outliers and kinds of noise do not matter: the cut with the greatest standardised rank sum (Pettitt,
//! 1979), or the interval that differs most from the rest (Levin and Kline, 1985), then the parts on their own.

use crate::constants::{
    CHANGE_CHANCE, CHANGE_CLIP, CHANGE_EXACT, CHANGE_INTERVAL_MARGIN, CHANGE_MAX_CORRELATION, CHANGE_MIN_RATIO,
    CHANGE_MIN_SEGMENT, CHANGE_NEAR, CHANGE_REFINE, MAD_SCALE, SPREAD_FLOOR,
};
use crate::critical;
use crate::metric::Metric;
use crate::series::Scale;
use crate::summary::median;
use crate::verdict::Change;

/// A change point in a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// Index of the first value of the new level.
    pub index: usize,
    /// Medians of the segments before and after it, in the metric's unit.
    pub levels: Change,
}

/// The change points of a series, whose values are in the metric's unit, oldest first. Values must be finite.
///
/// ```
/// use monitor_analysis::change_points::change_points;
/// use monitor_analysis::metric::Metric;
/// let times: Vec<f64> = (0..40).map(|i| if i < 25 { 1.0 } else { 1.3 } + 0.01 * f64::from(i % 3)).collect();
/// let found = change_points(Metric::WallTime, &times);
/// assert_eq!((found.len(), found[0].index), (1, 25));
/// ```
#[must_use]
pub fn change_points(metric: Metric, values: &[f64]) -> Vec<ChangePoint> {
    let scale = Scale::of(metric, values, &[]);
    let logs: Vec<f64> = values.iter().map(|value| scale.log(*value)).collect();
    let mut changes = Vec::new();
    search(&logs, 0, true, &mut changes);
    changes.sort_unstable();
    levels(values, &changes)
}

/// The change points of an exact series: every value that differs from the one before.
#[must_use]
pub fn exact_changes(values: &[f64]) -> Vec<ChangePoint> {
    let changes = (1..values.len()).filter(|&at| values[at - 1] != values[at]).collect::<Vec<_>>();
    levels(values, &changes)
}

fn levels(values: &[f64], changes: &[usize]) -> Vec<ChangePoint> {
    let bounds: Vec<usize> = [0].iter().chain(changes).chain([&values.len()]).copied().collect();
    let levels: Vec<f64> = bounds.windows(2).filter_map(|bound| median(&values[bound[0]..bound[1]])).collect();
    let pairs = levels.windows(2).map(|pair| Change { before: pair[0], after: pair[1] });
    changes.iter().zip(pairs).map(|(&index, levels)| ChangePoint { index, levels }).collect()
}

/// Adds the changes within `values`, which begin at `offset` of the series.
fn search(values: &[f64], offset: usize, first: bool, changes: &mut Vec<usize>) {
    let count = values.len();
    if count < 2 * CHANGE_MIN_SEGMENT {
        return;
    }
    let sums = RankSums::of(values);
    let (z, at) = sums.best_cut();
    let cut = (z >= critical::cut(count, first)).then(|| refined(values, at)).filter(|&at| {
        let (before, after) = values.split_at(at);
        differ(before, after) && z >= critical::cut(count, first) * inflation(values, |place| place < at)
    });
    if let Some((from, to)) = interval(values, &sums, z, first) {
        search(&values[..from], offset, false, changes);
        changes.push(offset + from);
        search(&values[from..to], offset + from, false, changes);
        changes.push(offset + to);
        search(&values[to..], offset + to, false, changes);
    } else if let Some(at) = cut {
        search(&values[..at], offset, false, changes);
        changes.push(offset + at);
        search(&values[at..], offset + at, false, changes);
    }
}

/// The interval that differs from the rest, if that explains the series better than one cut with this z.
fn interval(values: &[f64], sums: &RankSums, z_of_cut: f64, first: bool) -> Option<(usize, usize)> {
    if values.len() < 3 * CHANGE_MIN_SEGMENT {
        return None;
    }
    let (z, from, to) = sums.best_interval();
    let needed = critical::interval(values.len(), first);
    if z < needed || z * z <= z_of_cut * z_of_cut + CHANGE_INTERVAL_MARGIN {
        return None;
    }
    let rest = [&values[..from], &values[to..]].concat();
    let is_inside = |place: usize| (from..to).contains(&place);
    if !differ(&values[from..to], &rest) || z < needed * inflation(values, is_inside) {
        return None;
    }
    let from = refined(&values[..to], from);
    Some((from, from + refined(&values[from..], to - from)))
}

/// Whether the medians are so far apart that it matters.
fn differ(a: &[f64], b: &[f64]) -> bool {
    let (a, b) = (median(a).unwrap_or_default(), median(b).unwrap_or_default());
    (a - b).abs() >= CHANGE_MIN_RATIO.ln()
}

/// Sums of the ranks of the first so many values, less what they are on average.
struct RankSums {
    sums: Vec<f64>,
    /// Variance of a sum of k of n ranks, over k (n - k).
    variance: f64,
}

impl RankSums {
    fn of(values: &[f64]) -> Self {
        let (ranks, ties) = centred_ranks(values);
        let mut sums = vec![0.0];
        let mut sum = 0.0;
        for rank in ranks {
            sum += rank;
            sums.push(sum);
        }
        let count = values.len() as f64;
        Self { sums, variance: (count + 1.0) / 12.0 - ties / (12.0 * count * (count - 1.0)) }
    }

    fn count(&self) -> usize {
        self.sums.len() - 1
    }

    fn z(&self, sum: f64, of: usize) -> f64 {
        let rest = self.count() - of;
        if self.variance <= 0.0 { 0.0 } else { sum.abs() / (of as f64 * rest as f64 * self.variance).sqrt() }
    }

    fn best_cut(&self) -> (f64, usize) {
        let cuts = CHANGE_MIN_SEGMENT..=self.count() - CHANGE_MIN_SEGMENT;
        let scored = cuts.map(|at| (self.z(self.sums[at], at), at));
        scored.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, 0))
    }

    fn best_interval(&self) -> (f64, usize, usize) {
        let last = self.count() - CHANGE_MIN_SEGMENT;
        let mut best = (0.0, 0, 0);
        for from in CHANGE_MIN_SEGMENT..=last - CHANGE_MIN_SEGMENT {
            for to in from + CHANGE_MIN_SEGMENT..=last {
                let z = self.z(self.sums[to] - self.sums[from], to - from);
                if z > best.0 {
                    best = (z, from, to);
                }
            }
        }
        best
    }
}

/// Ranks less their mean, ties sharing theirs, and the sum of t^3 - t over the ties.
fn centred_ranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mean = (values.len() as f64 + 1.0) / 2.0;
    let mut ranks = vec![0.0; values.len()];
    let (mut start, mut ties) = (0, 0.0);
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let count = tied.len() as f64;
        for &index in tied {
            ranks[index] = start as f64 + (count + 1.0) / 2.0 - mean;
        }
        start += tied.len();
        ties += count * (count * count - 1.0);
    }
    (ranks, ties)
}

/// The place near `at` that splits the values: the one from which the true place is likely not to be far. All places are as
/// likely as the distances from the centres of both sides make them by Huber's loss (1964), which weighs normal noise as squares
/// do and does not follow outliers. A chance value or two can make a place the likeliest that has no likely neighbours.
fn refined(values: &[f64], at: usize) -> usize {
    let low = at.saturating_sub(CHANGE_REFINE).max(CHANGE_MIN_SEGMENT);
    let high = (at + CHANGE_REFINE).min(values.len() - CHANGE_MIN_SEGMENT);
    let (before, after) = values.split_at(at);
    let spread = MAD_SCALE * median(&[distances(before), distances(after)].concat()).unwrap_or_default() + SPREAD_FLOOR;
    let far = CHANGE_CLIP * spread;
    let costs: Vec<f64> = (low..=high).map(|at| loss(&values[..at], far) + loss(&values[at..], far)).collect();
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    let likely: Vec<f64> = costs.iter().map(|cost| (-0.5 * (cost - least) / (spread * spread)).exp()).collect();
    let worth = |place: usize| -> f64 {
        (low..).zip(&likely).map(|(other, likely)| likely * nearness(place.abs_diff(other))).sum()
    };
    let worths = (low..=high).map(|place| (worth(place), place));
    worths.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(at, |(_, place)| place)
}

/// What a place is worth that is so many runs from the true one.
fn nearness(distance: usize) -> f64 {
    if distance > CHANGE_NEAR { 0.0 } else { 1.0 + CHANGE_EXACT * (1.0 - distance as f64 / CHANGE_NEAR as f64) }
}

/// How far values are from their median.
fn distances(values: &[f64]) -> Vec<f64> {
    let middle = median(values).unwrap_or_default();
    values.iter().map(|value| (value - middle).abs()).collect()
}

/// Huber's loss of values around their centre: squares, and beyond `far` as steep as there.
fn loss(values: &[f64], far: f64) -> f64 {
    // From the median a few steps suffice.
    const STEPS: usize = 3;
    let mut centre = median(values).unwrap_or_default();
    for _ in 0..STEPS {
        centre +=
            values.iter().map(|value| (value - centre).clamp(-far, far)).sum::<f64>() / values.len().max(1) as f64;
    }
    let of = |distance: f64| if distance <= far { distance * distance } else { far * (2.0 * distance - far) };
    values.iter().map(|value| of((value - centre).abs())).sum()
}

/// How much greater z becomes because neighbours are alike, from the ranks of what the two levels leave.
fn inflation(values: &[f64], is_first: impl Fn(usize) -> bool) -> f64 {
    let part = |wanted: bool| {
        let places = (0..values.len()).filter(|&place| is_first(place) == wanted);
        median(&places.map(|place| values[place]).collect::<Vec<_>>()).unwrap_or_default()
    };
    let (first, other) = (part(true), part(false));
    let level = |place: usize| if is_first(place) { first } else { other };
    let residuals: Vec<f64> = values.iter().enumerate().map(|(place, value)| value - level(place)).collect();
    let (ranks, _) = centred_ranks(&residuals);
    let squares: f64 = ranks.iter().map(|rank| rank * rank).sum();
    if squares == 0.0 {
        return 1.0;
    }
    let products: f64 = ranks.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let correlation = products / squares - CHANGE_CHANCE / (values.len() as f64).sqrt();
    let correlation = correlation.clamp(0.0, CHANGE_MAX_CORRELATION);
    ((1.0 + correlation) / (1.0 - correlation)).sqrt()
}
