//! Values in the unit that suits them, for people.

use super::document::Value;

/// As many characters of an identifier as people need to tell it from others.
pub const ID_PREFIX: usize = 10;

/// The value as people read it, without anything that is unsafe made safe.
#[must_use]
pub fn human(value: &Value) -> String {
    match value {
        Value::Missing => "-".to_owned(),
        Value::Text(text) | Value::Name(text) => text.clone(),
        Value::Id(id) => id.chars().take(ID_PREFIX).collect(),
        Value::Count(count) => grouped(*count),
        Value::Seconds(seconds) => self::seconds(*seconds),
        Value::Bytes(bytes) => self::bytes(*bytes),
        Value::Ratio(ratio) => significant(*ratio),
        Value::Number(number) => significant(*number),
        Value::Time(time) => time.to_string()[..19].replace('T', " "),
        Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
    }
}

/// A duration: `1.18 ms`, `2 min 5 s`.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")];
    let size = seconds.abs();
    if size >= 60.0 {
        let whole = size.round();
        let sign = if seconds < 0.0 { "-" } else { "" };
        let (hours, minutes, rest) = ((whole / 3600.0).floor(), (whole % 3600.0 / 60.0).floor(), whole % 60.0);
        return if hours > 0.0 {
            format!("{sign}{hours} h {minutes} min")
        } else {
            format!("{sign}{minutes} min {rest} s")
        };
    }
    in_unit(seconds, &UNITS)
}

/// An amount of memory: `16.2 MiB`.
#[must_use]
pub fn bytes(bytes: f64) -> String {
    const KIB: f64 = 1024.0;
    const UNITS: [(f64, &str); 5] =
        [(KIB * KIB * KIB * KIB, "TiB"), (KIB * KIB * KIB, "GiB"), (KIB * KIB, "MiB"), (KIB, "KiB"), (1.0, "B")];
    in_unit(bytes, &UNITS)
}

/// In the greatest unit of which there is at least one; units stand greatest first.
fn in_unit(value: f64, units: &[(f64, &str)]) -> String {
    if value == 0.0 {
        return format!("0 {}", if units[0].1 == "s" { "s" } else { "B" });
    }
    // A value that rounds up to one of the unit counts as one: 0.9999 ms is 1 ms, not 1000 µs.
    let fits = |unit: &&(f64, &str)| value.abs() / unit.0 >= 0.9995;
    let (size, name) = units.iter().find(fits).unwrap_or(&units[units.len() - 1]);
    format!("{} {name}", significant(value / size))
}

/// Three significant digits, more before the point if there are more, no zeros that say nothing.
fn significant(number: f64) -> String {
    if !number.is_finite() {
        return "-".to_owned();
    }
    let size = number.abs();
    let decimals = match size {
        _ if size >= 99.95 || size == 0.0 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.9995 => 2,
        _ => 3,
    };
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `1,234,567`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let cases = [
            (0.0, "0 s"),
            (3e-10, "0.3 ns"),
            (4.2e-8, "42 ns"),
            (0.000_001_18, "1.18 µs"),
            (0.000_999_9, "1 ms"),
            (0.0123, "12.3 ms"),
            (1.0, "1 s"),
            (59.94, "59.9 s"),
            (60.0, "1 min 0 s"),
            (125.4, "2 min 5 s"),
            (7260.0, "2 h 1 min"),
            (-0.002, "-2 ms"),
            (-65.0, "-1 min 5 s"),
        ];
        for (value, text) in cases {
            assert_eq!(seconds(value), text);
        }
    }

    #[test]
    fn sizes_read_well() {
        let cases = [
            (0.0, "0 B"),
            (64.0, "64 B"),
            (1023.0, "1023 B"),
            (1024.0, "1 KiB"),
            (1536.0, "1.5 KiB"),
            (209_715_200.0, "200 MiB"),
            (-2048.0, "-2 KiB"),
        ];
        for (value, text) in cases {
            assert_eq!(bytes(value), text);
        }
    }

    #[test]
    fn counts_are_grouped() {
        for (count, text) in [(0, "0"), (999, "999"), (1_005, "1,005"), (1_234_567, "1,234,567")] {
            assert_eq!(human(&Value::Count(count)), text);
        }
        assert_eq!(human(&Value::Ratio(f64::NAN)), "-");
    }
}
