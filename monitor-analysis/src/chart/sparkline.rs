//! A history in one line of text.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Share of the maximum that the bars span at least, so that noise looks like noise.
const LEAST_SPAN: f64 = 0.1;

/// One bar for each value, oldest first; a blank for a missing value. If there are more values than `width`, a bar stands for
/// several and shows the largest.
///
/// ```
/// use monitor_analysis::chart::sparkline;
/// assert_eq!(sparkline(&[Some(1.0), Some(5.0), None, Some(8.0)], 40), "▁▅ █");
/// assert_eq!(sparkline(&[Some(1.0), Some(5.0), Some(2.0), Some(8.0)], 2), "▁█");
/// ```
#[must_use]
pub fn sparkline(values: &[Option<f64>], width: usize) -> String {
    let finite = |value: &Option<f64>| value.filter(|value| value.is_finite());
    let count = values.len().min(width);
    let bar = |index: usize| {
        let share = &values[index * values.len() / count..(index + 1) * values.len() / count];
        share.iter().filter_map(finite).reduce(f64::max)
    };
    let bars: Vec<Option<f64>> = (0..count).map(bar).collect();
    let least = bars.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let greatest = bars.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let span = (greatest - least).max(greatest.abs() * LEAST_SPAN).max(f64::MIN_POSITIVE);
    let height = |value: f64| ((value - least) / span * 7.0).round().clamp(0.0, 7.0) as usize;
    bars.into_iter().map(|bar| bar.map_or(' ', |value| BARS[height(value)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_low() {
        assert_eq!(sparkline(&[Some(1.0), Some(1.005), Some(1.0)], 10), "▁▁▁");
        assert_eq!(sparkline(&[Some(0.0), Some(0.0)], 10), "▁▁");
    }

    #[test]
    fn a_peak_is_never_lost() {
        let mut values = vec![Some(1.0); 1000];
        values[637] = Some(9.0);
        let line = sparkline(&values, 30);
        assert_eq!((line.chars().count(), line.matches('█').count()), (30, 1));
    }

    #[test]
    fn nothing_makes_nothing() {
        assert_eq!(sparkline(&[], 10), "");
        assert_eq!(sparkline(&[Some(1.0)], 0), "");
        assert_eq!(sparkline(&[None, Some(f64::NAN)], 10), "  ");
    }
}
