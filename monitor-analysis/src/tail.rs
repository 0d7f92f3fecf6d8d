//! How likely a deviation is: Student's t, and the kernel over a series' own past errors.

use std::sync::LazyLock;

use crate::constants::{
    KERNEL_FORETOLD, KERNEL_HALF_LIFE, KERNEL_HALF_LIFE_MIDDLE, KERNEL_HALF_LIFE_SHORT, KERNEL_LONG, KERNEL_PRIOR,
    KERNEL_PRIOR_MIDDLE, KERNEL_PRIOR_SHORT, KERNEL_PRIOR_WIDTH, KERNEL_REACH, KERNEL_SPREAD, KERNEL_WIDEST,
    KERNEL_WIDTH,
};

/// P(T > t) of Student's t with 4 degrees of freedom ([`KERNEL_FREEDOM`](crate::constants::KERNEL_FREEDOM)), which has
/// a closed form that keeps its digits in the tail.
pub(crate) fn student4_upper(t: f64) -> f64 {
    let root = (4.0 + t * t).sqrt();
    let u = t / root;
    // 1 - u, without cancellation.
    let rest = if t > 0.0 { 4.0 / (root * (root + t)) } else { 1.0 - u };
    0.5 * rest * rest * (1.0 + 0.5 * u)
}

/// Past errors of a series, and what a deviation is worth by them.
///
/// Three memories weigh them, each forgetting at its pace, and count as much as each would have foretold them, one after
/// another: a series that drifts is judged by its last errors, one that does not by all.
///
/// Each error is blurred, a far one wider: where errors are few, less is known of how far the next one goes (an adaptive kernel
/// estimate; Abramson, On bandwidth variation in kernel estimates, 1982). But not so wide that a spike hides what is larger.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    /// Oldest first.
    pub errors: Vec<f64>,
    /// The scale of the errors.
    pub scale: f64,
    /// What each error counts for; 1 together with what was never seen.
    weights: Vec<f64>,
    /// What that counts for.
    unseen: f64,
    /// The inverse of the width that each error is blurred by.
    sharpness: Vec<f64>,
}

impl Kernel {
    /// Of errors of a scale that is not known yet.
    pub(crate) fn unsettled(errors: Vec<f64>) -> Self {
        Self { errors, scale: f64::NAN, weights: Vec::new(), unseen: 1.0, sharpness: Vec::new() }
    }

    /// Of errors of this scale, each of values of its own.
    pub(crate) fn of(errors: Vec<f64>, scale: f64) -> Self {
        let mut kernel = Self::unsettled(errors);
        kernel.settle(scale, false);
        kernel
    }

    /// Weighs the errors, now that their scale is known. Where they overlap, since they are of medians of the same values, they
    /// foretell each other whatever the series does: then only the long memory counts.
    pub(crate) fn settle(&mut self, scale: f64, they_overlap: bool) {
        self.scale = scale;
        let width = |error: &f64| (KERNEL_SPREAD * error.abs()).min(KERNEL_WIDEST * scale).max(KERNEL_WIDTH * scale);
        self.sharpness = self.errors.iter().map(|error| 1.0 / width(error)).collect();
        self.weigh(if they_overlap { LONG_ALONE } else { self.trust() });
    }

    /// For deviations to the other side.
    pub(crate) fn mirrored(&self) -> Self {
        Self {
            errors: self.errors.iter().map(|error| -error).collect(),
            weights: self.weights.clone(),
            sharpness: self.sharpness.clone(),
            ..*self
        }
    }

    /// The probability of a deviation as large as this, upward.
    pub(crate) fn p(&self, deviation: f64) -> f64 {
        let seen: f64 = self.blurred(deviation).zip(&self.weights).map(|(likely, weight)| weight * likely).sum();
        seen + self.unseen * self.prior(deviation)
    }

    /// The same by the long memory, as if the error at `left_out` had not been; `None` if it is above `limit`, which few
    /// errors tell.
    pub(crate) fn p_without(&self, left_out: usize, deviation: f64, limit: f64) -> Option<f64> {
        let decay = DECAYS[0];
        let prior = KERNEL_PRIOR * self.prior(deviation);
        // No rounding makes more of it.
        let most = limit * (whole(decay, self.errors.len()) + KERNEL_PRIOR) * (1.0 + 1e-9);
        let (mut weight, mut sum, mut all) = (1.0, 0.0, 0.0);
        for (index, likely) in self.blurred(deviation).enumerate().rev() {
            if index != left_out {
                sum += weight * likely;
                all += weight;
                if sum + prior > most {
                    return None;
                }
            }
            weight *= decay;
        }
        Some((sum + prior) / (all + KERNEL_PRIOR))
    }

    /// A bound that this is not below for any of these deviations, one after another.
    pub(crate) fn least_p_without(&self) -> impl Fn(f64) -> f64 {
        let share = self.unseen();
        move |deviation| share * self.prior(deviation)
    }

    /// How likely a deviation as large as this is by each error alone.
    fn blurred(&self, deviation: f64) -> impl DoubleEndedIterator<Item = f64> + ExactSizeIterator {
        let sharp = self.errors.iter().zip(&self.sharpness);
        sharp.map(move |(error, sharpness)| student4_upper((deviation - error) * sharpness))
    }

    /// What was never seen is as likely as this.
    fn prior(&self, deviation: f64) -> f64 {
        student4_upper(deviation / (KERNEL_PRIOR_WIDTH * self.scale))
    }

    /// What was never seen counts for as much whichever memory is right: not less is known for what is forgotten.
    fn unseen(&self) -> f64 {
        KERNEL_PRIOR / (whole(DECAYS[0], self.errors.len()) + KERNEL_PRIOR)
    }

    /// Weighs the errors by the memories, of which each has its share.
    fn weigh(&mut self, shares: Memories) {
        self.unseen = self.unseen();
        let mut newest: Memories = std::array::from_fn(|memory| {
            shares[memory] * (1.0 - self.unseen) / whole(DECAYS[memory], self.errors.len())
        });
        self.weights = vec![0.0; self.errors.len()];
        for weight in self.weights.iter_mut().rev() {
            *weight = newest.iter().sum();
            newest.iter_mut().zip(*DECAYS).for_each(|(weight, decay)| *weight *= decay);
        }
    }

    /// The share of each memory: how likely the last errors were by it.
    fn trust(&self) -> Memories {
        let (errors, ages, mut trust) = (&self.errors, &*AGES, [KERNEL_LONG, 1.0, 1.0]);
        let (width, wide) = (1.0 / (KERNEL_WIDTH * self.scale), 1.0 / (KERNEL_PRIOR_WIDTH * self.scale));
        for at in errors.len().saturating_sub(KERNEL_FORETOLD).max(1)..errors.len() {
            let prior = likeness(errors[at] * wide) * wide / width;
            let mut sum = UNSEEN.map(|unseen| unseen * prior);
            for (before, weights) in errors[..at].iter().rev().zip(ages) {
                let likeness = likeness((errors[at] - before) * width);
                sum.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight * likeness);
            }
            for (memory, trust) in trust.iter_mut().enumerate() {
                *trust *= sum[memory] / (whole(DECAYS[memory], at.min(KERNEL_REACH)) + UNSEEN[memory]);
            }
            trust = shares(trust);
        }
        shares(trust)
    }
}

/// The density of Student's t with 3 degrees of freedom but for a factor: tails much like those of 4, without a root.
fn likeness(t: f64) -> f64 {
    let x = 1.0 + t * t / 3.0;
    1.0 / (x * x)
}

/// What so many errors count for together.
fn whole(decay: f64, errors: usize) -> f64 {
    (1.0 - decay.powi(errors as i32)) / (1.0 - decay)
}

/// Of the long memory, the middle and the short one.
type Memories = [f64; 3];

const LONG_ALONE: Memories = [1.0, 0.0, 0.0];

/// The errors that what was never seen counts for.
const UNSEEN: Memories = [KERNEL_PRIOR, KERNEL_PRIOR_MIDDLE, KERNEL_PRIOR_SHORT];

/// What an error counts for in comparison to the next one.
static DECAYS: LazyLock<Memories> = LazyLock::new(|| {
    [KERNEL_HALF_LIFE, KERNEL_HALF_LIFE_MIDDLE, KERNEL_HALF_LIFE_SHORT].map(|half_life| 0.5_f64.powf(1.0 / half_life))
});

/// What errors count for, the newest first.
static AGES: LazyLock<[Memories; KERNEL_REACH]> =
    LazyLock::new(|| std::array::from_fn(|age| DECAYS.map(|decay| decay.powi(age as i32))));

/// Parts of a whole that is 1.
fn shares(parts: Memories) -> Memories {
    let all: f64 = parts.iter().sum();
    parts.map(|part| part / all)
}

/// P(T > t) for Student's t distribution with `freedom` > 0 degrees of freedom, by the continued fraction of the incomplete
/// beta function (Abramowitz and Stegun, 26.5.8).
///
/// ```
/// use monitor_analysis::tail::student_upper;
/// assert!((student_upper(2.228, 10.0) - 0.025).abs() < 1e-4); // the table value for 97.5 %
/// ```
#[must_use]
pub fn student_upper(t: f64, freedom: f64) -> f64 {
    let x = freedom / (freedom + t * t);
    let half = 0.5 * incomplete_beta(0.5 * freedom, 0.5, x);
    if t >= 0.0 { half } else { 1.0 - half }
}

/// The t with P(T > t) = `tail`, for a `tail` between 0 and 0.5, by bisection. Never more than 10,000.
#[must_use]
pub fn student_quantile(tail: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e4);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if student_upper(middle, freedom) > tail { low = middle } else { high = middle }
    }
    high
}

fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * continued_fraction(a, b, x) / a
    } else {
        1.0 - front * continued_fraction(b, a, 1.0 - x) / b
    }
}

/// Lentz's way to sum it (Press and others, Numerical Recipes, 6.4).
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    let tiny = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / tiny(1.0 - (a + b) * x / (a + 1.0));
    let mut sum = d;
    for step in 1..300 {
        let m = f64::from(step);
        for term in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / tiny(1.0 + term * d);
            c = tiny(1.0 + term / c);
            sum *= d * c;
        }
        if (d * c - 1.0).abs() < 1e-14 {
            break;
        }
    }
    sum
}

/// Lanczos' approximation (1964), within 1e-13 for positive numbers.
fn ln_gamma(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        let pi = std::f64::consts::PI;
        return (pi / (pi * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let mut sum = 0.999_999_999_999_809_9;
    for (index, coefficient) in (1..).zip(COEFFICIENTS) {
        sum += coefficient / (x + f64::from(index));
    }
    let base = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * base.ln() - base + sum.ln()
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, StudentsT};

    use super::*;

    #[test]
    fn student_is_that_of_statrs() {
        for freedom in [1.0, 4.0, 5.0, 8.0, 18.0, 60.0] {
            let oracle = StudentsT::new(0.0, 1.0, freedom).expect("a distribution");
            for t in [-6.0, -1.0, 0.0, 0.3, 1.0, 2.5, 6.0, 12.0] {
                let (found, expected) = (student_upper(t, freedom), oracle.sf(t));
                assert!((found - expected).abs() <= 1e-9 + 1e-6 * expected, "{freedom} {t}: {found} {expected}");
            }
            assert!((student_upper(student_quantile(0.01, freedom), freedom) - 0.01).abs() < 1e-9);
        }
    }

    #[test]
    fn four_degrees_keep_their_digits_far_out() {
        for t in [-8.0, -1.0, 0.0, 0.5, 3.0, 30.0] {
            assert!((student4_upper(t) / student_upper(t, 4.0) - 1.0).abs() < 1e-6, "{t}");
        }
        assert!((student4_upper(1e3) / 3e-12 - 1.0).abs() < 1e-4);
    }

    #[test]
    fn a_past_error_makes_its_like_likely() {
        let calm = Kernel::of(vec![0.0; 40], 0.01);
        let mut errors = vec![0.0; 40];
        errors[35] = 0.3;
        let spiky = Kernel::of(errors, 0.01);
        assert!(spiky.p(0.3) > 50.0 * calm.p(0.3));
        assert!(spiky.p(4.6) < 1e-7, "but not one ten times as large");
        let p = spiky.p_without(35, 0.3, 1.0).expect("below 1");
        assert!(p < 1.1 * calm.p(0.3), "what is left out is not seen");
        assert!(spiky.least_p_without()(0.3) <= p);
        assert_eq!(spiky.p_without(35, 0.3, p), Some(p));
        assert_eq!(spiky.p_without(35, 0.3, 0.9 * p), None);
    }

    #[test]
    fn what_a_series_no_longer_does_is_forgotten_only_where_it_changed() {
        let wild = |at: usize| 0.04 * (at as f64 * 2.4).sin();
        let calmed = Kernel::of((0..60).map(|at| if at < 40 { wild(at) } else { 0.1 * wild(at) }).collect(), 0.01);
        let as_ever = Kernel::of((0..60).map(wild).collect(), 0.01);
        assert!(calmed.trust()[0] < 0.1, "{:?}", calmed.trust());
        assert!(as_ever.trust()[0] > 0.5, "{:?}", as_ever.trust());
        assert!(calmed.p(0.04) < 0.3 * as_ever.p(0.04));
        let of_all = {
            let mut kernel = calmed.clone();
            kernel.settle(0.01, true);
            kernel
        };
        assert!(calmed.p(0.04) < 0.5 * of_all.p(0.04));
        let all = |kernel: &Kernel| kernel.weights.iter().sum::<f64>() + kernel.unseen;
        assert!([&calmed, &as_ever, &of_all].iter().all(|kernel| (all(kernel) - 1.0).abs() < 1e-12));
        assert!((calmed.mirrored().p(-0.02) - (1.0 - calmed.p(0.02))).abs() < 1e-12);
    }
}
