//! The verdict on one metric of one test, with its reason.

use crate::constants::{HISTORY_MIN_VALUES, LASTING_RUNS};
use crate::metric::Metric;
use crate::quantity::ratio_text;

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It costs more.
    Regressed,
    /// It costs less.
    Improved,
    /// No difference, or none that is larger than noise and limits.
    Unchanged,
    /// It may cost more: worth a second measurement before anybody is blamed.
    Suspect,
    /// Too little is known to say.
    Undecided,
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
            Self::Suspect => "suspect",
            Self::Undecided => "undecided",
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
    /// The value of the baseline, or the centre of its values.
    pub before: f64,
    /// The new value, or the centre of the new values.
    pub after: f64,
}

impl Change {
    /// `after / before`: 1 if both are equal, infinite if only `before` is zero, NaN where a value is below zero and a ratio
    /// has no meaning.
    ///
    /// ```
    /// use monitor_analysis::verdict::Change;
    /// assert_eq!(Change { before: 2.0, after: 3.0 }.ratio(), 1.5);
    /// assert_eq!(Change { before: 0.0, after: 0.0 }.ratio(), 1.0);
    /// assert_eq!(Change { before: 0.0, after: 8.0 }.ratio(), f64::INFINITY);
    /// assert!(Change { before: -4096.0, after: -8192.0 }.ratio().is_nan());
    /// ```
    #[must_use]
    pub fn ratio(self) -> f64 {
        if self.before == self.after {
            1.0
        } else if self.before < 0.0 || self.after < 0.0 {
            f64::NAN
        } else if self.before == 0.0 {
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
    /// An exact metric has the value that it had in all of `values` runs.
    ExactlyEqual {
        /// Identical values before.
        values: usize,
    },
    /// An exact metric differs from the value that it had in all of `values` runs.
    ExactlyDifferent {
        /// Identical values before.
        values: usize,
    },
    /// What is made at first use, such as a lazy static, was made by another test of the binary this time.
    FirstUse {
        /// This test made it this time, and has more; otherwise it made it before, and has less.
        pays: bool,
    },
    /// The same code gave both values, so a change of the code is not the cause.
    SameCode,
    /// Counted instructions differ by more, or by no more, than builds and runs of unchanged code do.
    Counted {
        /// That difference, instructions.
        limit: f64,
    },
    /// The score is within the noise of the history.
    WithinNoise {
        /// The score.
        z: f64,
    },
    /// Far outside the noise, by what is known of the series and of the whole run.
    OutsideNoise {
        /// The score.
        z: f64,
        /// Its probability by the series' own past.
        p: f64,
        /// Values in the history.
        values: usize,
    },
    /// Outside the noise, and so is the test's other time: wall and CPU time seldom come out so high together.
    BothTimes {
        /// The score.
        z: f64,
        /// Its probability by the series' own past.
        p: f64,
        /// Values in the history.
        values: usize,
    },
    /// Many times larger than any value in the history.
    BeyondAll {
        /// Values in the history.
        values: usize,
    },
    /// Outside the noise, but with so many tests that may happen by chance.
    Doubtful {
        /// The score.
        z: f64,
        /// Its probability by the series' own past.
        p: f64,
        /// The probability that a gate asks for.
        p_needed: f64,
    },
    /// Far outside the noise, but the history is short, and a value that comes once without cause could be as far out.
    Spike {
        /// The score.
        z: f64,
        /// How likely such a value is in this run, by the past values of all its tests.
        p: f64,
    },
    /// The last runs together are above those before them.
    Lasting {
        /// The probability of their median.
        p: f64,
    },
    /// Far outside the noise, but the metric scatters so much on this machine that it only warns.
    Scatters {
        /// The score.
        z: f64,
        /// The median scale of the tests.
        scatter: f64,
    },
    /// The history is too short to say.
    TooShort {
        /// Values in the history.
        values: usize,
    },
    /// The ratio is below the user's threshold.
    BelowRatio {
        /// The ratio asked for.
        ratio: f64,
    },
    /// The difference is below the user's threshold.
    BelowFloor {
        /// The difference asked for, in the metric's unit.
        floor: f64,
    },
    /// The confidence interval of the ratio of two samples. It is a change if it is a discovery among all that were compared,
    /// and the ratio is above 1.01 or below 1 / 1.01.
    Interval {
        /// Low end of the ratio's interval.
        low: f64,
        /// High end.
        high: f64,
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
    /// The two were measured in different ways: heap and resident memory, or a whole process and one test's threads.
    OtherSource,
    /// The baseline holds no comparable value.
    NoComparableValue,
}

impl Reason {
    /// The reason in words, a lower-case fragment: `12.1 sigma above 20 values`.
    #[must_use]
    pub fn text(&self, metric: Metric) -> String {
        match *self {
            Self::ExactlyEqual { values } => format!("exact, as in {} before", runs(values)),
            Self::ExactlyDifferent { values } => format!("exact, after {values} identical values"),
            Self::Counted { limit } => {
                format!("counted; unchanged code differs by at most {limit:.0}")
            }
            Self::FirstUse { pays: true } => "first use: another test of the binary paid for it before".to_owned(),
            Self::FirstUse { pays: false } => "first use: another test of the binary pays for it now".to_owned(),
            Self::SameCode => "the same commit had both values".to_owned(),
            Self::WithinNoise { z } => format!("within noise, {}", sigmas(z)),
            Self::OutsideNoise { z, p, values } => format!("{} {}, p = {}", sigmas(z), runs(values), probability(p)),
            Self::BothTimes { z, p, values } => {
                format!("{} {}, p = {}, in wall and CPU time", sigmas(z), runs(values), probability(p))
            }
            Self::BeyondAll { values } => format!("far beyond anything in {}", runs(values)),
            Self::Doubtful { z, p, p_needed } => {
                let told = [p, p_needed].map(probability);
                // Two that look the same would explain nothing.
                let [p, needed] = if told[0] == told[1] { [p, p_needed].map(|p| format!("{p:.1e}")) } else { told };
                format!("{}, p = {p}; a gate asks for {needed}", sigmas(z))
            }
            Self::Spike { z, p } => {
                format!("{}, but so far it may be a spike, p = {}", sigmas(z), probability(p))
            }
            Self::Lasting { p } => {
                format!("the last {LASTING_RUNS} runs are above those before, p = {}", probability(p))
            }
            Self::Scatters { z, scatter } => {
                format!("{}, but {metric} scatters by {:.0} % here", sigmas(z), 100.0 * scatter)
            }
            Self::TooShort { values } => format!("{} before, {HISTORY_MIN_VALUES} needed", runs(values)),
            Self::BelowRatio { ratio } => format!("less than {}", ratio_text(ratio, metric.unit())),
            Self::BelowFloor { floor } => format!("less than {}", metric.quantity(floor)),
            Self::Interval { low, high } => {
                format!("between {} and {}", ratio_text(low, metric.unit()), ratio_text(high, metric.unit()))
            }
            Self::OnlyInHead => "not in the baseline".to_owned(),
            Self::OnlyInBase => "only in the baseline".to_owned(),
            Self::OtherMachineClass => "another machine class".to_owned(),
            Self::DidNotPass => "the test did not pass".to_owned(),
            Self::NotMeasured => "not measured on both sides".to_owned(),
            Self::OtherSource => "measured in another way".to_owned(),
            Self::NoComparableValue => "no comparable value before".to_owned(),
        }
    }
}

fn runs(count: usize) -> String {
    if count == 1 { "1 run".to_owned() } else { format!("{count} runs") }
}

fn sigmas(z: f64) -> String {
    let direction = if z < 0.0 { "below" } else { "above" };
    format!("{:.1} sigma {direction}", z.abs())
}

fn probability(p: f64) -> String {
    if p >= 0.001 { format!("{p:.3}") } else { format!("{p:.0e}") }
}

/// The numbers that a verdict by history or by samples rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Distance from the centre in units of the series' scale (sigma); negative if the value is lower.
    pub z: f64,
    /// Its probability by the series' own past.
    pub p: f64,
    /// The probability that the gate of this run needs.
    pub p_needed: f64,
    /// The number of values in the history.
    pub values: usize,
    /// The scale of the series: 0.02 if it scatters by 2 %.
    pub scale: f64,
    /// The common slowdown of the run that was taken out of the value: 1.1 for 10 %.
    pub factor: f64,
}

/// A verdict on one metric of one test, with its reason and its values.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// The outcome.
    pub verdict: Verdict,
    /// The metric is usually exact, but not in this series, whose values differ for the same code. Deserves a warning.
    pub demoted: bool,
    /// Both values, where there are two.
    pub change: Option<Change>,
    /// Why.
    pub reason: Reason,
}

impl Judgement {
    /// A verdict without comparison: new, gone, not comparable, no baseline.
    pub const fn without_comparison(reason: Reason) -> Self {
        let verdict = match reason {
            Reason::OnlyInHead => Verdict::New,
            Reason::OnlyInBase => Verdict::Gone,
            Reason::NoComparableValue => Verdict::NoBaseline,
            _ => Verdict::NotComparable,
        };
        Self { verdict, demoted: false, change: None, reason }
    }

    /// A verdict on a change: its direction when `found`, else unchanged.
    pub fn on(change: Change, found: bool, reason: Reason) -> Self {
        let verdict = match found {
            false => Verdict::Unchanged,
            true if change.after > change.before => Verdict::Regressed,
            true => Verdict::Improved,
        };
        Self { verdict, demoted: false, change: Some(change), reason }
    }

    /// A change that deserves a second measurement.
    pub const fn suspect(change: Change, reason: Reason) -> Self {
        Self { verdict: Verdict::Suspect, demoted: false, change: Some(change), reason }
    }

    /// A change, or none, of which too little is known.
    pub const fn undecided(change: Change, reason: Reason) -> Self {
        Self { verdict: Verdict::Undecided, demoted: false, change: Some(change), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_follows_the_direction() {
        let up = Change { before: 1.0, after: 2.0 };
        let down = Change { before: 2.0, after: 1.0 };
        let reason = Reason::OutsideNoise { z: 9.0, p: 1e-5, values: 20 };
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
        assert_eq!(
            text(Reason::OutsideNoise { z: 12.06, p: 0.000_02, values: 20 }),
            "12.1 sigma above 20 runs, p = 2e-5"
        );
        assert_eq!(text(Reason::TooShort { values: 1 }), "1 run before, 5 needed");
        assert_eq!(text(Reason::BelowFloor { floor: 0.001 }), "less than 1.00 ms");
        assert_eq!(text(Reason::Interval { low: 1.06, high: 2.1 }), "between +6.0 % and 2.10 times slower");
    }
}
