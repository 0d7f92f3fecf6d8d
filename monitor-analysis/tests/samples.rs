//! N against N, held against definitions: every choice of ranks enumerated, every pair counted.

use monitor_analysis::metric::Metric;
use monitor_analysis::samples::{Difference, Rule, compare};
use proptest::prelude::*;

fn difference(base: &[f64], head: &[f64], confidence: f64) -> Difference {
    compare(Metric::WallTime, false, base, head, Rule { confidence, ratio: 1.0 }).difference.unwrap()
}

/// Twice Mann and Whitney's U: pairs that head wins count two, ties one.
fn doubled_u(base: &[f64], head: &[f64]) -> usize {
    head.iter().flat_map(|h| base.iter().map(move |b| usize::from(h > b) + usize::from(h >= b))).sum()
}

/// The two-sided p-value by trying every way to deal the pooled values out to the two sides.
fn enumerated_p(base: &[f64], head: &[f64]) -> f64 {
    let pooled: Vec<f64> = base.iter().chain(head).copied().collect();
    let observed = doubled_u(base, head);
    let (mut below, mut above, mut all) = (0.0, 0.0, 0.0);
    for deal in 0..1_u32 << pooled.len() {
        if deal.count_ones() as usize != head.len() {
            continue;
        }
        let (dealt_head, dealt_base): (Vec<_>, Vec<_>) =
            pooled.iter().enumerate().partition(|(index, _)| deal >> index & 1 == 1);
        let values = |side: Vec<(usize, &f64)>| side.into_iter().map(|(_, value)| *value).collect::<Vec<_>>();
        let u = doubled_u(&values(dealt_base), &values(dealt_head));
        all += 1.0;
        below += f64::from(u8::from(u <= observed));
        above += f64::from(u8::from(u >= observed));
    }
    f64::min(2.0 * f64::min(below, above) / all, 1.0)
}

/// Times with few digits, so that there are ties.
fn tied() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((1..8_u32).prop_map(f64::from), 1..7)
}

/// Times that are all different.
fn untied(count: usize) -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    let values: Vec<f64> = (0..2 * count).map(|index| 1.0 + 0.01 * (index * index) as f64).collect();
    Just(values).prop_shuffle().prop_map(move |values| (values[..count].to_vec(), values[count..].to_vec()))
}

proptest! {
    #[test]
    fn p_is_that_of_all_deals(base in tied(), head in tied()) {
        let (p, expected) = (difference(&base, &head, 0.95).p, enumerated_p(&base, &head));
        prop_assert!((p - expected).abs() < 1e-9, "{p} is not {expected}");
    }

    #[test]
    fn the_ratio_is_in_its_interval((base, head) in untied(8)) {
        let Difference { ratio, low, high, .. } = difference(&base, &head, 0.95);
        prop_assert!(low <= ratio && ratio <= high);
    }

    /// Moses' interval is the set of ratios that the test does not reject.
    #[test]
    fn the_interval_excludes_one_when_the_test_rejects((base, head) in untied(7)) {
        for confidence in [0.9, 0.95, 0.99] {
            let Difference { low, high, p, .. } = difference(&base, &head, confidence);
            prop_assert_eq!(low > 1.0 || high < 1.0, p <= 1.0 - confidence + 1e-12);
        }
    }

    #[test]
    fn delta_counts_the_pairs(base in tied(), head in tied()) {
        let expected = doubled_u(&base, &head) as f64 / (base.len() * head.len()) as f64 - 1.0;
        prop_assert!((difference(&base, &head, 0.95).delta - expected).abs() < 1e-12);
    }

    #[test]
    fn a_slower_machine_moves_the_ratio_and_nothing_else(base in tied(), head in tied(), factor in 0.5..3.0_f64) {
        let slower: Vec<f64> = head.iter().map(|value| value * factor).collect();
        let (before, after) = (difference(&base, &head, 0.95), difference(&base, &slower, 0.95));
        prop_assert!((after.ratio / before.ratio - factor).abs() < 1e-9);
    }
}
