//! Dates of sessions: read as ISO 8601, printed as Python's `isoformat` prints them.

use std::ops::RangeInclusive;

use monitor_store::Timestamp;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The date as the API prints it; `None` if it is none.
#[must_use]
pub fn normal(text: &str) -> Option<String> {
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let (clock, offset) = match time.map(|time| time.split_at(time.find(['Z', '+', '-']).unwrap_or(time.len()))) {
        None => (0, String::new()),
        Some((clock, "")) => (self::clock(clock)?, String::new()),
        Some((clock, offset)) => (self::clock(clock)?, self::offset(offset)?),
    };
    let printed = Timestamp::from_micros(day(date)? * DAY + clock).to_string();
    // Python's years have four digits.
    let printed = (printed.len() == 26).then(|| printed.strip_suffix(".000000").unwrap_or(&printed).to_owned())?;
    Some(printed + &offset)
}

/// The day since 1970: of a month, of a year or of a week, with hyphens or without; the first of a month or a year.
fn day(text: &str) -> Option<i64> {
    let (year, rest) = text.split_at_checked(4)?;
    let of = |month: &str, day: &str| {
        // The store's type knows the calendar.
        let time = format!("{year}-{month}-{day}").parse::<Timestamp>().ok()?;
        Some(time.as_micros().div_euclid(DAY))
    };
    let (hyphen, rest) = rest.strip_prefix('-').map_or(("", rest), |rest| ("-", rest));
    if let Some(week) = rest.strip_prefix('W') {
        let (week, day) = week.split_at_checked(2)?;
        let day = if day.is_empty() { "1" } else { day.strip_prefix(hyphen)? };
        // The fourth of January is in the first week. 1970 began on a Thursday.
        let fourth = of("01", "04")?;
        let monday = fourth - (fourth + 3).rem_euclid(7) + 7 * (digits(week, 2, 1..=53)? - 1);
        return Some(monday + digits(day, 1, 1..=7)? - 1);
    }
    match (rest.len(), hyphen) {
        (0, "") => of("01", "01"),
        (2, "-") => of(rest, "01"),
        (3, _) => {
            let day = of("01", "01")? + digits(rest, 3, 1..=366)? - 1;
            (day <= of("12", "31")?).then_some(day)
        }
        (4 | 5, _) => {
            let (month, day) = rest.split_at_checked(2)?;
            of(month, day.strip_prefix(hyphen)?)
        }
        _ => None,
    }
}

/// Microseconds since midnight. The last part may have a fraction; 24:00 is the end of the day.
fn clock(text: &str) -> Option<i64> {
    let (whole, fraction) =
        text.split_once(['.', ',']).map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let parts: Vec<&str> = if whole.contains(':') {
        whole.split(':').collect()
    } else {
        whole.as_bytes().chunks(2).map(std::str::from_utf8).collect::<Result<_, _>>().ok()?
    };
    let (mut micros, mut unit) = (0, 3600 * 60 * SECOND);
    for (place, part) in parts.iter().enumerate() {
        unit /= 60;
        micros += digits(part, 2, if place == 0 { 0..=24 } else { 0..=59 })? * unit;
    }
    if let Some(fraction) = fraction {
        let known = fraction.get(..fraction.len().min(9)).filter(|known| !known.is_empty())?;
        let is_number = fraction.bytes().all(|byte| byte.is_ascii_digit());
        let billionths = is_number.then(|| format!("{known:0<9}").parse::<i64>().ok())??;
        micros += i64::try_from(i128::from(billionths) * i128::from(unit) / 1_000_000_000).ok()?;
    }
    ((1..=3).contains(&parts.len()) && micros <= DAY).then_some(micros)
}

fn offset(text: &str) -> Option<String> {
    if text == "Z" {
        return Some("+00:00".to_owned());
    }
    let (sign, rest) = text.split_at(1);
    let (hours, minutes) = match (rest.len(), rest.is_ascii()) {
        (2, true) => (rest, "00"),
        (4, true) => rest.split_at(2),
        (5, true) => rest.split_once(':')?,
        _ => return None,
    };
    let is_one = sign != "Z" && digits(hours, 2, 0..=23).is_some() && digits(minutes, 2, 0..=59).is_some();
    is_one.then(|| format!("{sign}{hours}:{minutes}"))
}

/// A number of so many digits, within a range.
fn digits(text: &str, count: usize, range: RangeInclusive<i64>) -> Option<i64> {
    let is_number = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?.filter(|number| range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_printed_as_python_does() {
        for (text, normal) in [
            ("2026-01-02", "2026-01-02T00:00:00"),
            ("2026-01-02T03:04", "2026-01-02T03:04:00"),
            ("2026-01-02T03:04:05", "2026-01-02T03:04:05"),
            ("2026-01-02T03:04:05.5", "2026-01-02T03:04:05.500000"),
            ("2026-01-02T03:04:05.000000", "2026-01-02T03:04:05"),
            ("2026-01-02T03:04:05.123456789", "2026-01-02T03:04:05.123456"),
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
            ("2026-01-02T03:04:05.25-0130", "2026-01-02T03:04:05.250000-01:30"),
            ("20260102T030405.5Z", "2026-01-02T03:04:05.500000+00:00"),
            ("20260102T0304", "2026-01-02T03:04:00"),
            ("2026-01-02T03", "2026-01-02T03:00:00"),
            ("2026-01-02T03.5", "2026-01-02T03:30:00"),
            ("2026-01-02T03:04,5", "2026-01-02T03:04:30"),
            ("2026-01", "2026-01-01T00:00:00"),
            ("2026", "2026-01-01T00:00:00"),
            ("2026-W01-5T03:04+01", "2026-01-02T03:04:00+01:00"),
            ("2026W015", "2026-01-02T00:00:00"),
            ("2026-W01", "2025-12-29T00:00:00"),
            ("2021-W01-1", "2021-01-04T00:00:00"),
            ("2026-002", "2026-01-02T00:00:00"),
            ("2024366", "2024-12-31T00:00:00"),
            // The reference takes the end of a day for its beginning.
            ("2026-01-31T24:00", "2026-02-01T00:00:00"),
        ] {
            assert_eq!(self::normal(text).as_deref(), Some(normal), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "garbage",
            "2026-01-02 03:04:05",
            "2026-02-30",
            "2026-01-02T",
            "2026-01-02T24:00:01",
            "2026-01-02T25",
            "9999-12-31T24:00",
            "2026-02-29",
            "2026-366",
            "2026-000",
            "2026-W54-1",
            "2026-W01-8",
            "2026-W011",
            "2026W01-1",
            "202601",
            "2026-",
            "2026-0102",
            "202601-02",
            "-2026-01-02",
            "2026-01-02T03:04:05:06",
            "2026-01-02T03:04.",
            "2026-01-02T030",
            "20260102T03:4",
            "2026-01-02T03:04:05.",
            "2026-01-02T03:04:05ZZ",
            "2026-01-02T03:04:05+1",
            "2026-01-02T03:04é",
            "2026-01-02T3:4:5",
            "2026-01-0é",
        ] {
            assert_eq!(normal(text), None, "{text}");
        }
    }
}
