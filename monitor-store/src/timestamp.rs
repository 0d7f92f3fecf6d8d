//! UTC points in time with microseconds, as the `.pymon` file spells them.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A point in time, UTC, to the microsecond.
///
/// Written as `2026-11-23T01:02:03.456789`: naive, always six fractional digits, so that texts sort
/// as times do and every Python since 3.7 reads them.
///
/// ```
/// use monitor_store::Timestamp;
///
/// let start: Timestamp = "2026-11-23T01:02:03.456789".parse().unwrap();
/// assert_eq!(start.after_micros(1).to_string(), "2026-11-23T01:02:03.456790");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use]
pub struct Timestamp {
    micros_since_epoch: i64,
}

impl Timestamp {
    /// The time now, by the system's clock.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// From microseconds since 1970-01-01T00:00:00 UTC.
    pub const fn from_micros(micros_since_epoch: i64) -> Self {
        Self { micros_since_epoch }
    }

    /// Microseconds since 1970-01-01T00:00:00 UTC.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.micros_since_epoch
    }

    /// Whole seconds since 1970-01-01T00:00:00 UTC.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.micros_since_epoch.div_euclid(MICROS_PER_SECOND)
    }

    /// The time `micros` microseconds later, or earlier if negative. Stops at the first or last time that can be written.
    pub const fn after_micros(self, micros: i64) -> Self {
        Self::from_micros(self.micros_since_epoch.saturating_add(micros))
    }

    /// Seconds from `earlier` to `self`; negative if `earlier` is the later one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "microseconds within 285 years of each other are exact in an f64")]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.micros_since_epoch - earlier.micros_since_epoch) as f64 / MICROS_PER_SECOND as f64
    }

    /// The time `seconds` seconds later, to the nearest microsecond. NaN counts as 0.
    #[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate")]
    pub fn after_seconds(self, seconds: f64) -> Self {
        self.after_micros((seconds * MICROS_PER_SECOND as f64).round() as i64)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let micros = |d: Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(match time.duration_since(UNIX_EPOCH) {
            Ok(after) => micros(after),
            Err(before) => -micros(before.duration()),
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.micros_since_epoch.div_euclid(MICROS_PER_SECOND);
        let micros = self.micros_since_epoch.rem_euclid(MICROS_PER_SECOND);
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        let second = seconds.rem_euclid(SECONDS_PER_DAY);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{micros:06}",
            second / 3600,
            second / 60 % 60,
            second % 60,
        )
    }
}

/// The text is not a time in one of the forms that [`Timestamp`] reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time: write it as 2026-11-23T01:02:03.456789 (UTC)")]
pub struct InvalidTimestamp(String);

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Takes what pytest-monitor and its server write: a date, `T` or a space, a time with none or up
    /// to nine fractional digits (cut to six), and `Z` or an offset, or a date alone.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| InvalidTimestamp(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let date = text.get(..10)?;
    let days = parse_date(date)?;
    let rest = &text[10..];
    let (clock, offset_seconds) = split_offset(rest)?;
    let micros = match clock.strip_prefix(['T', ' ']) {
        Some(clock) => parse_clock(clock)?,
        None if rest.is_empty() => 0,
        None => return None,
    };
    let seconds = days * SECONDS_PER_DAY - offset_seconds;
    Some(Timestamp::from_micros(seconds * MICROS_PER_SECOND + micros))
}

fn parse_date(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let days = days_from_civil(year, month, day);
    // Days that a month does not have come back as another date.
    (parts.next().is_none() && civil_from_days(days) == (year, month, day)).then_some(days)
}

/// Splits `T01:02:03+02:00` into `T01:02:03` and 7200.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let Some(at) = text.find(['+', '-']) else {
        return Some((text, 0));
    };
    let sign = if text.as_bytes()[at] == b'-' { -1 } else { 1 };
    let (hours, minutes) = text[at + 1..].split_once(':')?;
    let seconds = digits(hours, 2)? * 3600 + digits(minutes, 2)? * 60;
    Some((&text[..at], sign * seconds))
}

/// Microseconds since midnight of `01:02:03.456789`, `01:02:03` or `01:02`.
fn parse_clock(clock: &str) -> Option<i64> {
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = whole.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let second = parts.next().map_or(Some(0), |s| digits(s, 2))?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 || fraction.len() > 9 {
        return None;
    }
    let nanos = digits(fraction, fraction.len())? * 10_i64.pow(9 - fraction.len() as u32);
    Some((hour * 3600 + minute * 60 + second) * MICROS_PER_SECOND + nanos / 1000)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let valid = text.len() == count && count > 0 && text.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| text.parse().ok()).flatten()
}

/// Days since 1970-01-01 of a proleptic Gregorian date (H. Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `days_from_civil`).
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day (same source).
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + (month <= 2) as i64;
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts and seconds since the epoch from `date -u -d TEXT +%s`.
    const KNOWN: [(&str, i64); 9] = [
        ("1970-01-01T00:00:00.000000", 0),
        ("1969-12-31T23:59:59.000000", -1),
        ("2000-02-29T12:00:00.000000", 951_825_600),
        ("1900-03-01T00:00:00.000000", -2_203_891_200),
        ("2026-11-23T01:02:03.000000", 1_795_395_723),
        ("2024-12-31T23:59:59.000000", 1_735_689_599),
        ("2100-02-28T00:00:00.000000", 4_107_456_000),
        ("2100-03-01T00:00:00.000000", 4_107_542_400),
        ("9999-12-31T23:59:59.000000", 253_402_300_799),
    ];

    #[test]
    fn known_dates_are_written_and_read() {
        for (text, seconds) in KNOWN {
            let time = Timestamp::from_micros(seconds * MICROS_PER_SECOND);
            assert_eq!(time.to_string(), text);
            assert_eq!(text.parse(), Ok(time));
        }
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back_and_follows_the_one_before() {
        let mut before = civil_from_days(-146_098);
        for days in -146_097..146_097 {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
            assert!((year, month, day) > before);
            before = (year, month, day);
        }
    }

    #[test]
    fn other_spellings_are_read() {
        let same = "2026-11-23T01:02:03.500000".parse::<Timestamp>().unwrap();
        for text in [
            "2026-11-23T01:02:03.5",
            "2026-11-23 01:02:03.500",
            "2026-11-23T01:02:03.500000Z",
            "2026-11-23T01:02:03.500000999",
            "2026-11-23T03:02:03.5+02:00",
            "2026-11-22T23:32:03.5-01:30",
        ] {
            assert_eq!(text.parse(), Ok(same), "{text}");
        }
        let midnight = "2026-11-23T00:00:00.000000".parse::<Timestamp>();
        assert_eq!("2026-11-23".parse(), midnight);
        assert_eq!("2026-11-23T00:00:00".parse(), midnight);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "garbage",
            "2026-13-01",
            "2026-02-29",
            "2026-11-23X",
            "2026-11-23T25:00:00",
            "2026-11-23T01:02:03.",
            "2026-11-23T01:02:03.1234567890",
            "2026-11-23T1:2:3",
            "+026-11-23",
            "2026-11-23T01:02:03+2",
            "2026-11-2é",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn texts_sort_as_times_do() {
        let mut texts = KNOWN.map(|(text, _)| text);
        let mut times = KNOWN.map(|(text, _)| text.parse::<Timestamp>().unwrap());
        texts.sort_unstable();
        times.sort_unstable();
        assert_eq!(times.map(|t| t.to_string()), texts);
    }
}
