//! Durations as people write them, in variables, options and rules.

use std::time::Duration;

/// `250ms`, `1.5 s`, `2min`: a number that is not negative and its unit, one of `us`, `ms`, `s`, `min`; `None` for all else.
///
/// ```
/// use std::time::Duration;
/// use monitor_store::duration;
/// assert_eq!(duration("1.5 s"), Some(Duration::from_millis(1500)));
/// assert_eq!(duration("15"), None);
/// ```
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (number, unit) = text.split_at(end);
    let seconds = match unit.trim() {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}
