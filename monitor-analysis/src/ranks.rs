//! Exact null distribution of rank sums, with ties.

use crate::constants::SAMPLES_EXACT_MAX;

/// Ranks of the pooled samples, doubled so that the mean ranks of ties are whole: base first, then head.
pub(crate) fn doubled_ranks(base: &[f64], head: &[f64]) -> Vec<usize> {
    let pooled: Vec<f64> = base.iter().chain(head).copied().collect();
    let mut order: Vec<usize> = (0..pooled.len()).collect();
    order.sort_by(|a, b| pooled[*a].total_cmp(&pooled[*b]));
    let mut ranks = vec![0; pooled.len()];
    let mut start = 0;
    for tied in order.chunk_by(|a, b| pooled[*a] == pooled[*b]) {
        let (first, last) = (start + 1, start + tied.len());
        for &index in tied {
            ranks[index] = first + last;
        }
        start = last;
    }
    ranks
}

/// Two-sided p-value that the rank sum of the last `head_count` of these ranks is as far out as it is, when every
/// choice of `head_count` of them is equally likely. Twice the smaller tail, at most 1.
pub(crate) fn two_sided_p(doubled_ranks: &[usize], head_count: usize) -> f64 {
    let observed: usize = doubled_ranks[doubled_ranks.len() - head_count..].iter().sum();
    let (below, above) = if doubled_ranks.len() <= SAMPLES_EXACT_MAX {
        exact_tails(doubled_ranks, head_count, observed)
    } else {
        normal_tails(doubled_ranks, head_count, observed)
    };
    (2.0 * below.min(above)).min(1.0)
}

/// P(sum <= observed) and P(sum >= observed), by counting the choices of each sum.
fn exact_tails(ranks: &[usize], chosen: usize, observed: usize) -> (f64, f64) {
    let counts = choices_by_sum(ranks, chosen);
    let all: f64 = counts.iter().sum();
    let below: f64 = counts.iter().take(observed + 1).sum();
    let above: f64 = counts.iter().skip(observed).sum();
    (below / all, above / all)
}

/// How many ways there are to choose so many of the ranks, by their sum.
fn choices_by_sum(ranks: &[usize], chosen: usize) -> Vec<f64> {
    let total: usize = ranks.iter().sum();
    let mut counts = vec![vec![0.0; total + 1]; chosen + 1];
    counts[0][0] = 1.0;
    for (seen, &rank) in ranks.iter().enumerate() {
        for size in (1..=chosen.min(seen + 1)).rev() {
            let (smaller, larger) = counts.split_at_mut(size);
            for (count, without) in larger[0][rank..].iter_mut().zip(&smaller[size - 1]) {
                *count += without;
            }
        }
    }
    counts.swap_remove(chosen)
}

/// The normal approximation of both tails, corrected for continuity and ties.
fn normal_tails(ranks: &[usize], chosen: usize, observed: usize) -> (f64, f64) {
    let count = ranks.len() as f64;
    let chosen = chosen as f64;
    let mean_rank = ranks.iter().sum::<usize>() as f64 / count;
    let spread: f64 = ranks.iter().map(|rank| (*rank as f64 - mean_rank).powi(2)).sum();
    let deviation = (chosen * (count - chosen) / (count * (count - 1.0)) * spread).sqrt();
    if deviation == 0.0 {
        return (1.0, 1.0);
    }
    // Doubled ranks: one step of the sum is 2, half a step 1.
    let distance = observed as f64 - chosen * mean_rank;
    (normal_below((distance + 1.0) / deviation), normal_below((1.0 - distance) / deviation))
}

/// The critical value of Moses' interval: how many of the ordered pairwise differences to leave out at each end.
///
/// The largest k with P(U < k) <= (1 - confidence) / 2 for two samples without ties; 0 if there is none.
pub(crate) fn moses_cut(base_count: usize, head_count: usize, confidence: f64) -> usize {
    let tail = (1.0 - confidence) / 2.0;
    let (m, n) = (base_count as f64, head_count as f64);
    if base_count + head_count > SAMPLES_EXACT_MAX {
        let deviation = (m * n * (m + n + 1.0) / 12.0).sqrt();
        return (m * n / 2.0 - normal_upper_quantile(tail) * deviation).max(0.0).floor() as usize;
    }
    let ranks: Vec<usize> = (1..=base_count + head_count).collect();
    let counts = choices_by_sum(&ranks, head_count);
    let all: f64 = counts.iter().sum();
    let least = head_count * (head_count + 1) / 2;
    let mut below = 0.0;
    // Rounding of sums of counts must not cost the last step.
    counts
        .iter()
        .skip(least)
        .take_while(|count| {
            below += **count;
            below / all <= tail + 1e-12
        })
        .count()
}

/// P(Z <= z) of the standard normal distribution: Zelen and Severo (1964), 26.2.17 of Abramowitz and Stegun, within
/// 7.5e-8.
fn normal_below(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let polynomial =
        t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let upper = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * polynomial;
    if z < 0.0 { upper } else { 1.0 - upper }
}

/// The z with P(Z > z) = tail, by bisection.
fn normal_upper_quantile(tail: f64) -> f64 {
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if normal_below(-middle) > tail { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(doubled_ranks(&[1.0, 2.0], &[2.0, 3.0]), [2, 5, 5, 8]);
    }

    #[test]
    fn the_published_critical_values() {
        // Table of the Mann-Whitney U test (two-sided 5 % and 1 %): the largest U that is significant, plus one.
        let five = [(4, 4, 0), (5, 5, 2), (8, 8, 13), (10, 10, 23), (5, 10, 8), (20, 20, 127)];
        for (m, n, critical) in five {
            assert_eq!(moses_cut(m, n, 0.95), critical + 1, "{m} {n}");
        }
        let one = [(5, 5, 0), (8, 8, 7), (10, 10, 16), (20, 20, 105)];
        for (m, n, critical) in one {
            assert_eq!(moses_cut(m, n, 0.99), critical + 1, "{m} {n}");
        }
        assert_eq!(moses_cut(4, 4, 0.99), 0);
    }

    #[test]
    fn the_normal_distribution_is_that_of_statrs() {
        let normal = Normal::new(0.0, 1.0).unwrap();
        for step in -80..=80 {
            let z = f64::from(step) / 10.0;
            assert!((normal_below(z) - normal.cdf(z)).abs() < 1e-7, "{z}");
        }
        for tail in [0.1, 0.025, 0.005, 0.0001] {
            assert!((normal_upper_quantile(tail) - normal.inverse_cdf(1.0 - tail)).abs() < 1e-4);
        }
    }

    #[test]
    fn the_approximation_joins_the_enumeration() {
        let values: Vec<f64> = (0..40).map(|i| f64::from((i * 17) % 23)).collect();
        let head: Vec<f64> = (0..40).map(|i| f64::from((i * 13) % 23) + 2.0).collect();
        let ranks = doubled_ranks(&values, &head);
        let observed: usize = ranks[40..].iter().sum();
        let (exact, approximate) = (exact_tails(&ranks, 40, observed), normal_tails(&ranks, 40, observed));
        assert!(
            (exact.0 - approximate.0).abs() < 0.002 && (exact.1 - approximate.1).abs() < 0.002,
            "{exact:?} {approximate:?}"
        );
        let ranks: Vec<usize> = (1..=80).collect();
        assert_eq!(ranks.len(), SAMPLES_EXACT_MAX);
    }
}
