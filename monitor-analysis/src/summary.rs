//! Order statistics of a handful of numbers.

/// A copy of the values in ascending order, NaN last.
#[must_use]
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The median; `None` if there are no values.
///
/// ```
/// use monitor_analysis::summary::median;
/// assert_eq!(median(&[3.0, 1.0, 2.0, 10.0]), Some(2.5));
/// assert_eq!(median(&[]), None);
/// ```
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    // Rolling medians take most of the time that a large comparison needs: no allocation for small windows.
    let mut window = [0.0; 16];
    match window.get_mut(..values.len()) {
        Some(window) => {
            window.copy_from_slice(values);
            window.sort_unstable_by(f64::total_cmp);
            quantile_of_sorted(window, 0.5)
        }
        None => median_of_many(values.to_vec()),
    }
}

/// The same without sorting what is not in the middle.
fn median_of_many(mut values: Vec<f64>) -> Option<f64> {
    let (half, is_even) = (values.len() / 2, values.len().is_multiple_of(2));
    let (less, &mut above, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let below = less.iter().copied().max_by(f64::total_cmp).filter(|_| is_even);
    quantile_of_sorted(&[below.unwrap_or(above), above], 0.5)
}

/// The quantile at `fraction` (0 to 1) of values that are in ascending order, by linear interpolation (type 7 of Hyndman and
/// Fan, 1996, which R and NumPy use). `None` if there are no values.
///
/// ```
/// use monitor_analysis::summary::quantile_of_sorted;
/// assert_eq!(quantile_of_sorted(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
/// ```
#[must_use]
pub fn quantile_of_sorted(sorted: &[f64], fraction: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = fraction.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    if sorted[below] == sorted[above] {
        return Some(sorted[below]);
    }
    Some(sorted[below] + (sorted[above] - sorted[below]) * (position - position.floor()))
}

/// The median absolute deviation from the median, in the unit of the values, not scaled to the normal distribution. `None` if
/// there are no values.
///
/// ```
/// assert_eq!(monitor_analysis::summary::mad(&[1.0, 2.0, 3.0, 10.0]), Some(1.0));
/// ```
#[must_use]
pub fn mad(values: &[f64]) -> Option<f64> {
    let centre = median(values)?;
    median(&values.iter().map(|value| (value - centre).abs()).collect::<Vec<_>>())
}

/// What a table shows of several values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many there are.
    pub count: usize,
    /// The smallest.
    pub min: f64,
    /// Half are below.
    pub median: f64,
    /// The largest.
    pub max: f64,
}

impl Summary {
    /// The summary of some values; `None` if there are none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values);
        let at = |fraction| quantile_of_sorted(&sorted, fraction);
        Some(Self { count: sorted.len(), min: at(0.0)?, median: at(0.5)?, max: at(1.0)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_numpy() {
        // numpy.percentile([15, 20, 35, 40, 50], [0, 25, 40, 75, 100])
        let values = [15.0, 20.0, 35.0, 40.0, 50.0];
        let quantiles = [0.0, 0.25, 0.4, 0.75, 1.0].map(|fraction| quantile_of_sorted(&values, fraction).unwrap());
        assert_eq!(quantiles, [15.0, 20.0, 29.0, 40.0, 50.0]);
        assert_eq!(mad(&[1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]), Some(1.0));
    }

    #[test]
    fn sums_up() {
        let summary = Summary::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((summary.count, summary.min, summary.median, summary.max), (4, 1.0, 2.5, 4.0));
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn infinite_values_do_not_become_nan() {
        assert_eq!(median(&[f64::INFINITY, f64::INFINITY]), Some(f64::INFINITY));
    }
}
