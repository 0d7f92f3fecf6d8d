//! How likely a deviation is: Student's t, and the kernel over a series' own past errors.

use crate::constants::{KERNEL_HALF_LIFE, KERNEL_PRIOR, KERNEL_PRIOR_WIDTH, KERNEL_WIDTH};

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
#[derive(Clone, Debug, Default)]
pub(crate) struct Kernel {
    /// Oldest first.
    pub errors: Vec<f64>,
    /// The scale of the errors.
    pub scale: f64,
}

impl Kernel {
    /// The probability of a deviation as large as this, upward.
    pub(crate) fn p(&self, deviation: f64) -> f64 {
        self.p_up_to(deviation, usize::MAX, f64::INFINITY).unwrap_or(1.0)
    }

    /// The same as if the error at `left_out` had not been; `None` if it is above `limit`, which few errors tell.
    pub(crate) fn p_up_to(&self, deviation: f64, left_out: usize, limit: f64) -> Option<f64> {
        let decay = decay();
        let width = 1.0 / (KERNEL_WIDTH * self.scale);
        let prior = KERNEL_PRIOR * self.prior(deviation);
        // No rounding makes more of it.
        let most = limit * (self.weight() + KERNEL_PRIOR) * (1.0 + 1e-9);
        let (mut weight, mut sum, mut all) = (1.0, 0.0, 0.0);
        for (index, error) in self.errors.iter().enumerate().rev() {
            if index != left_out {
                sum += weight * student4_upper((deviation - error) * width);
                all += weight;
                if sum + prior > most {
                    return None;
                }
            }
            weight *= decay;
        }
        Some((sum + prior) / (all + KERNEL_PRIOR))
    }

    /// A bound that no probability of these deviations is below, one after another.
    pub(crate) fn least_p(&self) -> impl Fn(f64) -> f64 {
        let share = KERNEL_PRIOR / (self.weight() + KERNEL_PRIOR);
        move |deviation| share * self.prior(deviation)
    }

    /// What was never seen is as likely as this.
    fn prior(&self, deviation: f64) -> f64 {
        student4_upper(deviation / (KERNEL_PRIOR_WIDTH * self.scale))
    }

    /// What the errors count for together.
    fn weight(&self) -> f64 {
        let decay = decay();
        (1.0 - decay.powi(self.errors.len() as i32)) / (1.0 - decay)
    }
}

/// What an error counts for in comparison to the next one.
fn decay() -> f64 {
    (-std::f64::consts::LN_2 / KERNEL_HALF_LIFE).exp()
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
        let calm = Kernel { errors: vec![0.0; 40], scale: 0.01 };
        let mut errors = vec![0.0; 40];
        errors[35] = 0.3;
        let spiky = Kernel { errors, scale: 0.01 };
        assert!(spiky.p(0.3) > 50.0 * calm.p(0.3));
        assert!(spiky.p(4.6) < 1e-7, "but not one ten times as large");
        assert!(calm.least_p()(0.3) <= calm.p(0.3));
        assert_eq!(calm.p_up_to(0.3, usize::MAX, calm.p(0.3)), Some(calm.p(0.3)));
        assert_eq!(calm.p_up_to(0.3, usize::MAX, 0.9 * calm.p(0.3)), None);
    }
}
