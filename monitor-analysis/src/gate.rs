//! How unlikely the most unlikely value of a run must be before a gate fails.

use crate::constants::{
    GATE_BONFERRONI, GATE_EXCESS_CAP, GATE_FALSE, GATE_LEAST_P, GATE_MIN_PAST, GATE_PRIOR, GATE_QUANTILE,
    HISTORY_WINDOW,
};
use crate::summary::{quantile_of_sorted, sorted};

/// The score -ln p at which a finding fails a gate of `series` series.
///
/// `past` are the highest scores of past runs, oldest first. Scores above their 70 % quantile are modelled as an exponential
/// tail (Pickands, 1975) with a prior mean of 1, which -ln p has if p is right. As the mean is not known but learned from few
/// scores, the next one is distributed like Lomax's (1954): wider the fewer they are. A day on which everything was slow is one
/// score, however many tests it hit. With fewer than 20 past runs the answer is not below Bonferroni's bound.
///
/// ```
/// use monitor_analysis::gate::threshold;
/// assert_eq!(threshold(&[], 100), (100.0_f64 / 0.005).ln());
/// ```
#[must_use]
pub fn threshold(past: &[f64], series: usize) -> f64 {
    let past = sorted(&past[past.len() - past.len().min(HISTORY_WINDOW)..]);
    let unlearned = (series.max(1) as f64 / GATE_BONFERRONI).ln();
    let [.., second, first] = past.as_slice() else { return unlearned };
    let quantile = quantile_of_sorted(&past, GATE_QUANTILE).unwrap_or(0.0);
    let excesses = past.iter().map(|score| score - quantile).filter(|excess| *excess > 0.0);
    let (mut count, mut sum) = (GATE_PRIOR, GATE_PRIOR);
    for excess in excesses {
        count += 1.0;
        sum += excess.min(GATE_EXCESS_CAP);
    }
    // What the tail has beyond where it begins, and beyond where the past ended. The greatest score may be of the one day on
    // which something was wrong.
    let excess = |p: f64| sum * (p.min(1.0).powf(-1.0 / count) - 1.0);
    let by_tail = quantile + excess(GATE_FALSE / (1.0 - GATE_QUANTILE));
    let end = first.min(second + GATE_EXCESS_CAP / 2.0);
    let by_end = end + excess(past.len() as f64 * GATE_FALSE);
    let least = if past.len() < GATE_MIN_PAST { unlearned } else { -GATE_LEAST_P.ln() };
    by_tail.max(by_end).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wild_gates_raise_it_and_one_does_little() {
        let calm: Vec<f64> = (0..40).map(|i| 3.0 + f64::from(i * 7 % 11) / 5.0).collect();
        let mut once = calm.clone();
        once[10] = 300.0;
        let wild: Vec<f64> = calm.iter().map(|score| score * 2.0).collect();
        let needed = [&calm, &once, &wild].map(|past| threshold(past, 10));
        assert!(needed[0] < needed[1] && needed[1] < needed[0] + 5.0 && needed[2] > needed[0] + 3.0, "{needed:?}");
    }
}
