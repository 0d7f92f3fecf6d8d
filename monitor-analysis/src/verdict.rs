//! What a comparison says of one metric of one test, and why.

use crate::metric::Metric;
use crate::quantity::{Quantity, Unit, ratio_text};

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It costs more.
    Regressed,
    /// It costs less.
    Improved,
    /// No difference that can be told from noise and matters.
    Unchanged,
    /// The test is in the new run only.
    New,
    /// The test is in the baseline only.
    Gone,
    /// The two values must not be compared; the reason says why.
    NotComparable,
    /// There is nothing to compare with: not a pass.
    NoBaseline,
}

impl Verdict {
    /// The word in tables and JSON, `no baseline`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Improved => "improved",
            Self::Unchanged => "unchanged",
            Self::New => "new",
            Self::Gone => "gone",
            Self::NotComparable => "not comparable",
            Self::NoBaseline => "no baseline",
        }
    }

    /// Whether it is a change of cost: regressed or improved.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Regressed | Self::Improved)
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A value before and after, in the metric's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// What the baseline says: its value, or the centre of its values.
    pub before: f64,
    /// The new value, or the centre of the new values.
    pub after: f64,
}

impl Change {
    /// `after / before`; 1 when both are equal, infinite when something came from nothing.
    ///
    /// ```
    /// use monitor_analysis::verdict::Change;
    /// assert_eq!(Change { before: 2.0, after: 3.0 }.ratio(), 1.5);
    /// assert_eq!(Change { before: 0.0, after: 0.0 }.ratio(), 1.0);
    /// assert_eq!(Change { before: 0.0, after: 8.0 }.ratio(), f64::INFINITY);
    /// ```
    #[must_use]
    pub fn ratio(self) -> f64 {
        if self.before == self.after {
            1.0
        } else if self.before <= 0.0 {
            f64::INFINITY
        } else {
            self.after / self.before
        }
    }

    /// `after - before`.
    #[must_use]
    pub fn difference(self) -> f64 {
        self.after - self.before
    }
}

/// Why a verdict is what it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// An exact metric has the value that it had in so many runs.
    ExactlyEqual {
        /// Identical values before.
        values: usize,
    },
    /// An exact metric differs from the value that it had in so many runs.
    ExactlyDifferent {
        /// Identical values before.
        values: usize,
    },
    /// The score is within the noise of the history.
    WithinNoise {
        /// The score.
        z: f64,
    },
    /// The score is outside the noise, but the ratio is too small to matter.
    BelowRatio {
        /// The ratio asked for.
        ratio: f64,
    },
    /// The score is outside the noise, but the difference is too small to matter.
    BelowFloor {
        /// The difference asked for, in the metric's unit.
        floor: f64,
    },
    /// Large, but among so many tests such a value comes up by chance.
    NotSignificant {
        /// The score.
        z: f64,
        /// Its probability by the series' own past.
        p: f64,
        /// The probability that it had to be below.
        p_needed: f64,
    },
    /// Outside the noise of the history, large enough, and significant in the run as a whole.
    OutsideNoise {
        /// The score.
        z: f64,
        /// Its probability by the series' own past.
        p: f64,
    },
    /// The history is short; the change is within what the coarse rule allows.
    WithinCoarse {
        /// Values in the history.
        values: usize,
    },
    /// The history is short; the change is beyond what the coarse rule allows.
    BeyondCoarse {
        /// Values in the history.
        values: usize,
    },
    /// The history is short, and the coarse rule has none for such a metric.
    NoCoarseRule {
        /// Values in the history.
        values: usize,
    },
    /// Where the ratio of two samples is: a change when the whole interval is beyond the least ratio.
    Interval {
        /// Low end of the ratio's interval.
        low: f64,
        /// High end.
        high: f64,
    },
    /// Too few samples for the test of N against N.
    TooFewSamples {
        /// Samples in the baseline.
        base: usize,
        /// New samples.
        head: usize,
        /// Needed on each side.
        needed: usize,
    },
    /// The baseline lacks the test.
    OnlyInHead,
    /// The new run lacks the test.
    OnlyInBase,
    /// The two ran on machines of different classes.
    OtherMachineClass,
    /// The new run of the test failed, crashed or went over its budget.
    DidNotPass,
    /// The metric could not be measured on one side.
    NotMeasured,
    /// The baseline holds no comparable value.
    NoComparableValue,
}

impl Reason {
    /// The reason in words, a lower-case fragment: `12.1 sigma above 20 values`.
    #[must_use]
    pub fn text(&self, metric: Metric) -> String {
        match *self {
            Self::ExactlyEqual { values } => format!("exact, as in {}", history(values)),
            Self::ExactlyDifferent { values } => format!("exact, after {values} identical values"),
            Self::WithinNoise { z } => format!("within noise, {}", sigmas(z)),
            Self::BelowRatio { ratio } => format!("less than {}", ratio_text(ratio)),
            Self::BelowFloor { floor } => format!("less than {}", metric.quantity(floor)),
            Self::NotSignificant { z, p, p_needed } => {
                format!("{}, but by chance at p = {}, {} needed", sigmas(z), probability(p), probability(p_needed))
            }
            Self::OutsideNoise { z, p } => format!("{}, p = {}", sigmas(z), probability(p)),
            Self::WithinCoarse { values } => format!("within the coarse rule, {}", history(values)),
            Self::BeyondCoarse { values } => format!("beyond the coarse rule, {}", history(values)),
            Self::NoCoarseRule { values } => format!("too few to judge by, {}", history(values)),
            Self::Interval { low, high } => format!("between {} and {}", ratio_text(low), ratio_text(high)),
            Self::TooFewSamples { base, head, needed } => {
                format!("{base} against {head} samples, {needed} a side needed")
            }
            Self::OnlyInHead => "not in the baseline".to_owned(),
            Self::OnlyInBase => "only in the baseline".to_owned(),
            Self::OtherMachineClass => "another machine class".to_owned(),
            Self::DidNotPass => "the test did not pass".to_owned(),
            Self::NotMeasured => "not measured on both sides".to_owned(),
            Self::NoComparableValue => "no comparable value before".to_owned(),
        }
    }
}

fn history(values: usize) -> String {
    if values == 1 { "1 run before".to_owned() } else { format!("{values} runs before") }
}

fn sigmas(z: f64) -> String {
    let direction = if z < 0.0 { "below" } else { "above" };
    format!("{:.1} sigma {direction}", z.abs())
}

fn probability(p: f64) -> String {
    if p >= 0.001 { format!("{p:.3}") } else { format!("{p:.0e}") }
}

/// A verdict on one metric of one test, with what it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// The outcome.
    pub verdict: Verdict,
    /// It rests on the coarse rule, for lack of history.
    pub coarse: bool,
    /// The metric was taken for exact and is not: its series stopped being constant. Deserves a warning.
    pub demoted: bool,
    /// Both values, where there are two.
    pub change: Option<Change>,
    /// Why.
    pub reason: Reason,
}

impl Judgement {
    /// A verdict without comparison: new, gone, not comparable, no baseline.
    #[must_use]
    pub const fn without_comparison(reason: Reason) -> Self {
        let verdict = match reason {
            Reason::OnlyInHead => Verdict::New,
            Reason::OnlyInBase => Verdict::Gone,
            Reason::NoComparableValue => Verdict::NoBaseline,
            _ => Verdict::NotComparable,
        };
        Self { verdict, coarse: false, demoted: false, change: None, reason }
    }

    /// A verdict on a change: its direction when `found`, else unchanged.
    #[must_use]
    pub fn on(change: Change, found: bool, reason: Reason) -> Self {
        let verdict = match found {
            false => Verdict::Unchanged,
            true if change.after > change.before => Verdict::Regressed,
            true => Verdict::Improved,
        };
        Self { verdict, coarse: false, demoted: false, change: Some(change), reason }
    }

    /// The change in words: values to the last digit where the rule is exact, else three digits.
    ///
    /// ```
    /// use monitor_analysis::metric::Metric;
    /// use monitor_analysis::verdict::{Change, Judgement, Reason};
    /// let change = Change { before: 1000.0, after: 1001.0 };
    /// let judgement = Judgement::on(change, true, Reason::ExactlyDifferent { values: 9 });
    /// assert_eq!(judgement.change_text(Metric::Allocations), Some("1,000 -> 1,001 (+1)".to_owned()));
    /// ```
    #[must_use]
    pub fn change_text(&self, metric: Metric) -> Option<String> {
        let change = self.change?;
        let (before, after) = (metric.quantity(change.before), metric.quantity(change.after));
        Some(if matches!(self.reason, Reason::ExactlyDifferent { .. }) {
            let sign = if change.difference() > 0.0 { "+" } else { "" };
            let difference = Quantity { value: change.difference(), unit: metric.unit() }.in_full();
            format!("{} -> {} ({sign}{difference})", before.in_full(), after.in_full())
        } else if metric.unit() == Unit::Ratio {
            format!("{before} -> {after}")
        } else {
            format!("{before} -> {after} ({})", ratio_text(change.ratio()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_follows_the_direction() {
        let up = Change { before: 1.0, after: 2.0 };
        let down = Change { before: 2.0, after: 1.0 };
        let reason = Reason::OutsideNoise { z: 9.0, p: 1e-5 };
        assert_eq!(Judgement::on(up, true, reason).verdict, Verdict::Regressed);
        assert_eq!(Judgement::on(down, true, reason).verdict, Verdict::Improved);
        assert_eq!(Judgement::on(up, false, reason).verdict, Verdict::Unchanged);
    }

    #[test]
    fn a_missing_side_has_its_own_verdict() {
        let verdict = |reason| Judgement::without_comparison(reason).verdict;
        assert_eq!(verdict(Reason::OnlyInHead), Verdict::New);
        assert_eq!(verdict(Reason::OnlyInBase), Verdict::Gone);
        assert_eq!(verdict(Reason::NoComparableValue), Verdict::NoBaseline);
        assert_eq!(verdict(Reason::OtherMachineClass), Verdict::NotComparable);
        assert_eq!(verdict(Reason::DidNotPass), Verdict::NotComparable);
    }

    #[test]
    fn reasons_read_well() {
        let text = |reason: Reason| reason.text(Metric::WallTime);
        assert_eq!(text(Reason::WithinNoise { z: -1.25 }), "within noise, 1.2 sigma below");
        assert_eq!(text(Reason::OutsideNoise { z: 12.06, p: 0.000_02 }), "12.1 sigma above, p = 2e-5");
        assert_eq!(text(Reason::BelowFloor { floor: 0.001 }), "less than 1.00 ms");
        assert_eq!(text(Reason::Interval { low: 1.06, high: 2.1 }), "between +6.0 % and x2.10");
    }
}
