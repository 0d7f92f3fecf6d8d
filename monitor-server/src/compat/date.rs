//! Dates of sessions: read as ISO 8601, printed as Python's `isoformat` prints them.

use monitor_store::Timestamp;

/// The date as the API prints it; `None` if it is none.
#[must_use]
pub fn normal(text: &str) -> Option<String> {
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    // The store's type knows the calendar.
    let calendar = date.len() == 10 && date.is_ascii() && date.parse::<Timestamp>().is_ok();
    if !calendar {
        return None;
    }
    let Some(time) = time else {
        return Some(format!("{date}T00:00:00"));
    };
    let (clock, offset) = match time.find(['Z', '+', '-']) {
        Some(position) => (&time[..position], self::offset(&time[position..])?),
        None => (time, String::new()),
    };
    Some(format!("{date}T{}{offset}", self::clock(clock)?))
}

fn clock(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let parts: Vec<_> = whole.split(':').collect();
    let (hour, minute, second) = match parts[..] {
        [hour, minute] if fraction.is_none() => (hour, minute, "00"),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let valid = number(hour)? < 24 && number(minute)? < 60 && number(second)? < 60;
    let fraction = match fraction {
        Some(digits) if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => return None,
        Some(digits) => format!("{digits:0<6.6}"),
        None => "000000".to_owned(),
    };
    let fraction = if fraction == "000000" { String::new() } else { format!(".{fraction}") };
    valid.then(|| format!("{hour}:{minute}:{second}{fraction}"))
}

fn offset(text: &str) -> Option<String> {
    if text == "Z" {
        return Some("+00:00".to_owned());
    }
    let (sign, digits) = text.split_at(1);
    let (hours, minutes) = match (digits.len(), digits.is_ascii()) {
        (2, true) => (digits, "00"),
        (4, true) => digits.split_at(2),
        (5, true) => digits.split_once(':')?,
        _ => return None,
    };
    (sign != "Z" && number(hours)? < 24 && number(minutes)? < 60).then(|| format!("{sign}{hours}:{minutes}"))
}

/// Of two digits.
fn number(text: &str) -> Option<u8> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
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
            "2026-01-02T24:00",
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
