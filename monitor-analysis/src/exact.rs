//! Exact metrics: the same in every run of the same code, so that one extra allocation shows.

use std::collections::BTreeMap;

use crate::constants::EXACT_MIN_VALUES;
use crate::metric::Metric;
use crate::quantity::Unit;
use crate::series::{Past, Series};

/// What the values of a countable metric of a single-threaded test have shown so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exactness {
    /// Its values change only when the code does.
    Proven {
        /// The last value.
        value: f64,
        /// The number of identical values that prove it.
        values: usize,
    },
    /// It may be exact, but there are too few values to say so.
    Unproven,
    /// The same code gave different values, or a value came and went.
    Demoted,
}

/// Whether a series is exact, by its past.
///
/// The values of an exact series change only with the code. So a series is not exact if one commit has two values, or, where
/// the code is not known, if a value comes back within two runs.
#[must_use]
pub fn exactness(series: &Series<'_>) -> Exactness {
    if disagrees(series) {
        return Exactness::Demoted;
    }
    let stretches: Vec<&[Past]> = series.past.chunk_by(|a, b| a.value == b.value).collect();
    let came_and_went = stretches.windows(3).any(|three| three[1].len() <= 2 && three[0][0].value == three[2][0].value);
    if came_and_went {
        return Exactness::Demoted;
    }
    let Some(last) = stretches.last() else { return Exactness::Unproven };
    let longest = stretches.iter().map(|stretch| stretch.len()).max().unwrap_or(0);
    let settled = stretches.len() <= 1 + series.past.len() / 3;
    if last.len() >= EXACT_MIN_VALUES {
        Exactness::Proven { value: last[0].value, values: last.len() }
    } else if longest >= EXACT_MIN_VALUES && settled {
        Exactness::Proven { value: last[0].value, values: longest }
    } else {
        Exactness::Unproven
    }
}

/// Whether one code has two values.
fn disagrees(series: &Series<'_>) -> bool {
    let own = || series.witnesses.iter().chain(series.new);
    if !all_equal(own()) {
        return true;
    }
    if all_equal(series.past.iter().map(|past| &past.value).chain(own())) {
        return false;
    }
    let past = series.past.iter().map(|past| (past.code, past.value));
    let new = series.code.into_iter().flat_map(|code| own().map(move |value| (code, *value)));
    let mut known: BTreeMap<u32, f64> = BTreeMap::new();
    past.chain(new).any(|(code, value)| *known.entry(code).or_insert(value) != value)
}

fn all_equal<'a>(mut values: impl Iterator<Item = &'a f64>) -> bool {
    values.next().is_none_or(|first| values.all(|value| value == first))
}

/// A difference of an exact metric: of which test and binary, and how large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Difference {
    pub test: u32,
    pub binary: u32,
    pub metric: Metric,
    pub amount: f64,
}

/// Which of the differences are costs that moved between tests of one binary: what is made at its first use (a lazy
/// static, a thread-local) is paid by whichever test comes first.
///
/// One test has more by exactly what another one has less. Then the first one's other metrics, by at most as much, are
/// of the same origin.
pub(crate) fn moved(differences: &[Difference]) -> Vec<bool> {
    let key = |a: &Difference, amount: f64| (a.metric, a.binary, amount.to_bits());
    let mut tests: BTreeMap<(Metric, u32, u64), Vec<u32>> = BTreeMap::new();
    for a in differences {
        tests.entry(key(a, a.amount)).or_default().push(a.test);
    }
    let has_counterpart = |a: &Difference| {
        let others = tests.get(&key(a, -a.amount));
        others.is_some_and(|others| others.iter().any(|test| *test != a.test))
    };
    let paired: Vec<bool> = differences.iter().map(has_counterpart).collect();
    let is_bytes = |a: &Difference| a.metric.unit() == Unit::Bytes;
    let mut bytes_moved: BTreeMap<u32, f64> = BTreeMap::new();
    for (a, _) in differences.iter().zip(&paired).filter(|(a, paired)| **paired && is_bytes(a)) {
        let most = bytes_moved.entry(a.test).or_default();
        *most = most.max(a.amount.abs());
    }
    let explained =
        |a: &Difference| is_bytes(a) && a.amount.abs() <= bytes_moved.get(&a.test).copied().unwrap_or_default();
    differences.iter().zip(&paired).map(|(a, paired)| *paired || explained(a)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64], codes: &[u32]) -> Exactness {
        let past: Vec<Past> =
            (0..).zip(values).zip(codes).map(|((run, &value), &code)| Past { run, code, value }).collect();
        let series = Series {
            metric: Metric::Allocations,
            single_threaded: true,
            test: 0,
            binary: 0,
            past: &past,
            code: None,
            witnesses: &[],
            new: &[1.0],
        };
        exactness(&series)
    }

    fn of_commits(values: &[f64]) -> Exactness {
        of(values, &(0..).take(values.len()).collect::<Vec<u32>>())
    }

    #[test]
    fn changes_of_the_code_do_not_demote() {
        let mut past = vec![100.0; 8];
        past.extend([101.0, 102.0]);
        assert_eq!(of_commits(&past), Exactness::Proven { value: 102.0, values: 8 }, "two changes within five runs");
        past.extend([102.0; 4]);
        assert_eq!(of_commits(&past), Exactness::Proven { value: 102.0, values: 5 });
    }

    #[test]
    fn a_commit_that_disagrees_with_itself_does() {
        assert_eq!(of(&[7.0, 7.0, 7.0, 7.0, 7.0, 8.0], &[1, 2, 3, 4, 5, 5]), Exactness::Demoted);
        assert_eq!(
            of(&[7.0, 7.0, 7.0, 7.0, 7.0, 8.0], &[1, 2, 3, 4, 5, 6]),
            Exactness::Proven { value: 8.0, values: 5 }
        );
    }

    #[test]
    fn a_short_visit_does_too() {
        let mut past = vec![100.0; 6];
        past.push(101.0);
        past.extend([100.0; 30]);
        assert_eq!(of_commits(&past), Exactness::Demoted);
    }

    #[test]
    fn few_values_prove_nothing() {
        assert_eq!(of_commits(&[]), Exactness::Unproven);
        assert_eq!(of_commits(&[1.0; 4]), Exactness::Unproven);
        assert_eq!(of_commits(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), Exactness::Unproven, "no two are equal");
    }

    #[test]
    fn what_one_test_has_more_and_another_less_has_moved() {
        let of = |test, metric, amount| Difference { test, binary: 1, metric, amount };
        let differences = [
            of(1, Metric::Allocations, 3.0),
            of(2, Metric::Allocations, -3.0),
            of(1, Metric::HeapRetained, 4096.0),
            of(2, Metric::HeapRetained, -4096.0),
            of(1, Metric::HeapPeak, 4000.0),
            of(2, Metric::HeapPeak, 5000.0),
            of(3, Metric::Allocations, 1.0),
        ];
        assert_eq!(moved(&differences), [true, true, true, true, true, false, false]);
    }
}
