//! Counted instructions: the same in every run of a binary, and nearly so in every build of the same code.

use crate::constants::{COUNTED_LEAST, COUNTED_RATIO, COUNTED_RATIO_THREADS};
use crate::series::Series;
use crate::summary::median;
use crate::verdict::{Change, Judgement, Reason};

/// The verdict on a series, by the last value before; `None` if there is none.
pub(crate) fn counted(series: &Series<'_>) -> Option<Judgement> {
    let last = series.past.last()?;
    // All of the last code's values say together what it costs, and how far that goes.
    let of_last: Vec<f64> =
        series.past.iter().rev().take_while(|past| past.code == last.code).map(|past| past.value).collect();
    let before = median(&of_last)?;
    let after = median(series.new)?;
    let own: Vec<f64> = series.witnesses.iter().chain(series.new).copied().collect();
    let limit = limit(before.max(after), series.single_threaded);
    // A second run has said more: what one code's runs differ by is no change of the code.
    let spread = spread(&of_last).max(spread(&own));
    let noise = limit.max(2.0 * spread);
    let change = Change { before, after };
    let differs = (after - before).abs() > noise;
    let judgement = match series.is_same_code() {
        true if differs => Judgement::on(change, false, Reason::SameCode),
        _ => Judgement::on(change, differs, Reason::Counted { limit: noise }),
    };
    Some(Judgement { demoted: spread > limit, ..judgement })
}

/// By how much a count of unchanged code differs at most, if nothing is known of the test.
fn limit(count: f64, single_threaded: bool) -> f64 {
    let ratio = if single_threaded { COUNTED_RATIO } else { COUNTED_RATIO_THREADS };
    (count * ratio).max(COUNTED_LEAST)
}

fn spread(values: &[f64]) -> f64 {
    let (least, most) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(*value), most.max(*value)));
    (most - least).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Metric;
    use crate::series::Past;
    use crate::verdict::Verdict;

    fn verdict(past: &[(u32, f64)], new: f64, single_threaded: bool) -> (Verdict, bool) {
        let past: Vec<Past> = (0..).zip(past).map(|(run, &(code, value))| Past { run, code, value }).collect();
        let series = Series {
            metric: Metric::Instructions,
            single_threaded,
            test: 0,
            binary: 0,
            past: &past,
            code: Some(99),
            witnesses: &[],
            new: &[new],
        };
        let judgement = counted(&series).expect("there is a value before");
        (judgement.verdict, judgement.demoted)
    }

    #[test]
    fn one_run_against_one_finds_half_a_percent() {
        assert_eq!(verdict(&[(1, 9_000_000.0)], 9_045_000.0, true), (Verdict::Regressed, false));
        assert_eq!(verdict(&[(1, 9_000_000.0)], 8_955_000.0, true), (Verdict::Improved, false));
    }

    #[test]
    fn a_rebuild_is_no_change() {
        assert_eq!(verdict(&[(1, 9_000_000.0)], 9_000_090.0, true), (Verdict::Unchanged, false));
        assert_eq!(verdict(&[(1, 1_000.0)], 1_500.0, true), (Verdict::Unchanged, false));
        assert_eq!(verdict(&[(1, 1_000.0)], 1_501.0, true), (Verdict::Regressed, false));
    }

    #[test]
    fn threads_may_wait_for_each_other() {
        assert_eq!(verdict(&[(1, 9e6)], 9.06e6, false), (Verdict::Unchanged, false));
        assert_eq!(verdict(&[(1, 9e6)], 9.2e6, false), (Verdict::Regressed, false));
    }

    #[test]
    fn a_loop_that_waits_is_marked_once_two_runs_differ() {
        assert_eq!(verdict(&[(1, 9e6), (1, 12e6)], 14e6, true), (Verdict::Unchanged, true));
        assert_eq!(verdict(&[(1, 9e6), (2, 12e6), (2, 12e6)], 14e6, true), (Verdict::Regressed, false));
    }
}
