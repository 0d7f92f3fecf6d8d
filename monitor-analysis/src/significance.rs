//! Which of many p-values are discoveries: Benjamini and Hochberg's procedure.

/// The largest of the p-values that is a discovery at the false discovery rate `rate` (0 to 1); 0 if none is.
///
/// Benjamini and Hochberg (1995): the largest p(k) with p(k) <= k / m rate.
///
/// ```
/// use monitor_analysis::significance::discovery_threshold;
/// assert_eq!(discovery_threshold(&[0.2, 0.001, 0.015, 0.9], 0.05), 0.015);
/// ```
#[must_use]
pub fn discovery_threshold(p_values: &[f64], rate: f64) -> f64 {
    let mut sorted = p_values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let passes = |(index, p): &(usize, &f64)| **p <= rate * (*index as f64 + 1.0) / count;
    sorted.iter().enumerate().rfind(passes).map_or(0.0, |(_, p)| *p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_paper() {
        // Benjamini and Hochberg (1995), section 4: 15 p-values, four discoveries at 5 %.
        let p_values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.000,
        ];
        assert_eq!(discovery_threshold(&p_values, 0.05), 0.0095);
    }

    #[test]
    fn nothing_is_discovered_in_nothing() {
        assert_eq!(discovery_threshold(&[], 0.01), 0.0);
        assert_eq!(discovery_threshold(&[0.5, 0.02], 0.01), 0.0);
    }
}
