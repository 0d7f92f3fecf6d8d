//! Numbers with units, written for people.

use std::fmt;

/// Unit of a metric's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A number of things.
    Count,
    /// A ratio, without unit.
    Ratio,
}

impl Unit {
    /// The symbol of the base unit: `s`, `B`, nothing for counts and ratios.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Bytes => "B",
            Self::Count | Self::Ratio => "",
        }
    }

    /// The unit that suits a value of this size, as the number of base units in it and its symbol: `(0.001, "ms")`.
    ///
    /// Axes use it, to write all ticks alike.
    #[must_use]
    pub fn scale(self, value: f64) -> (f64, &'static str) {
        let steps: &[(f64, &str)] = match self {
            Self::Seconds => &[(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")],
            Self::Bytes => &[
                (1_099_511_627_776.0, "TiB"),
                (1_073_741_824.0, "GiB"),
                (1_048_576.0, "MiB"),
                (1024.0, "KiB"),
                (1.0, "B"),
            ],
            Self::Count | Self::Ratio => &[(1.0, "")],
        };
        if value == 0.0 {
            return (1.0, self.symbol());
        }
        // Half a unit of the last digit shown: 999.9996 ms is written 1.00 s.
        let rounded = value.abs() * 1.0005;
        steps.iter().copied().find(|&(size, _)| rounded >= size).unwrap_or(steps[steps.len() - 1])
    }
}

/// A number with its unit.
///
/// `Display` writes three significant digits.
///
/// ```
/// use monitor_analysis::quantity::{Quantity, Unit};
/// assert_eq!(Quantity { value: 0.001_234_5, unit: Unit::Seconds }.to_string(), "1.23 ms");
/// assert_eq!(Quantity { value: 1_048_577.0, unit: Unit::Bytes }.to_string(), "1.00 MiB");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// The number, in base units.
    pub value: f64,
    /// The unit.
    pub unit: Unit,
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.value.is_finite() {
            return f.pad("-");
        }
        let text = match self.unit {
            Unit::Count if self.value.fract() == 0.0 => grouped(self.value),
            Unit::Count => significant(self.value),
            Unit::Ratio => format!("{:.2}", self.value),
            Unit::Seconds | Unit::Bytes => {
                let (size, symbol) = self.unit.scale(self.value);
                let scaled = self.value / size;
                // The median of 64, 64 and 64 by logarithms is 64.00000000000003.
                let is_whole = (scaled - scaled.round()).abs() < 1e-9 * scaled.abs();
                let number = if size == 1.0 && self.unit == Unit::Bytes && (is_whole || scaled == 0.0) {
                    scaled.round().to_string()
                } else {
                    significant(scaled)
                };
                with_symbol(number, symbol)
            }
        };
        f.pad(&text)
    }
}

fn with_symbol(number: String, symbol: &str) -> String {
    if symbol.is_empty() { number } else { format!("{number} {symbol}") }
}

/// Three significant digits, without exponent; whole numbers above a thousand.
fn significant(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if size >= 99.95 {
        format!("{value:.0}")
    } else if size >= 9.995 {
        format!("{value:.1}")
    } else if size >= 0.9995 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

/// A whole number with commas between the thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A ratio of two values of this unit for people: `+12.3 %`, `-40.0 %`, `3.20 times`, `3.20 times less`; for times `3.20 times
/// slower`, `3.20 times faster`.
///
/// ```
/// use monitor_analysis::quantity::{Unit, ratio_text};
/// assert_eq!(ratio_text(1.123, Unit::Seconds), "+12.3 %");
/// assert_eq!(ratio_text(0.6, Unit::Bytes), "-40.0 %");
/// assert_eq!(ratio_text(3.2, Unit::Bytes), "3.20 times");
/// assert_eq!(ratio_text(3.2, Unit::Seconds), "3.20 times slower");
/// assert_eq!(ratio_text(1.0 / 1_291_074.0, Unit::Seconds), "1.29 M times faster");
/// ```
#[must_use]
pub fn ratio_text(ratio: f64, unit: Unit) -> String {
    let (more, less) = if unit == Unit::Seconds { (" slower", "faster") } else { ("", "less") };
    if !ratio.is_finite() {
        "from nothing".to_owned()
    } else if ratio >= 1.995 {
        format!("{} times{more}", abbreviated(ratio))
    } else if 1.0 / ratio >= 1.995 {
        if ratio > 0.0 { format!("{} times {less}", abbreviated(1.0 / ratio)) } else { "to nothing".to_owned() }
    } else {
        let percent = (ratio - 1.0) * 100.0;
        let shown = if percent.abs() < 0.05 { 0.0 } else { percent };
        format!("{shown:+.1} %")
    }
}

/// A number of at least one in three digits: `3.20`, `31.0 k`, `1.29 M`.
fn abbreviated(value: f64) -> String {
    let scales = [(1e9, " G"), (1e6, " M"), (1e3, " k")];
    let scale = scales.into_iter().find(|(scale, _)| value >= 0.999_5 * scale);
    let (scale, letter) = scale.unwrap_or((1.0, ""));
    format!("{}{letter}", significant(value / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64, unit: Unit) -> String {
        Quantity { value, unit }.to_string()
    }

    #[test]
    fn times_scale_and_carry() {
        let cases = [
            (0.0, "0 s"),
            (4.2e-8, "42.0 ns"),
            (1e-6, "1.00 µs"),
            (9.999e-4, "1.00 ms"),
            (0.999_96, "1.00 s"),
            (0.0999, "99.9 ms"),
            (61.04, "61.0 s"),
            (-0.002, "-2.00 ms"),
            (86_400.0, "86400 s"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value, Unit::Seconds), expected, "{value}");
        }
    }

    #[test]
    fn sizes_are_binary() {
        let cases = [
            (0.0, "0 B"),
            (1000.0, "1000 B"),
            (1024.0, "1.00 KiB"),
            (-65_536.0, "-64.0 KiB"),
            (64.000_000_000_000_03, "64 B"),
            (209_715_200.0, "200 MiB"),
            (5.5 * 1_073_741_824.0, "5.50 GiB"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value, Unit::Bytes), expected, "{value}");
        }
    }

    #[test]
    fn counts_are_grouped_and_ratios_short() {
        assert_eq!(text(1_234_567.0, Unit::Count), "1,234,567");
        assert_eq!(text(-999.0, Unit::Count), "-999");
        assert_eq!(text(12.5, Unit::Count), "12.5");
        assert_eq!(text(0.987, Unit::Ratio), "0.99");
        assert_eq!(text(f64::NAN, Unit::Seconds), "-");
    }

    #[test]
    fn ratios_read_as_people_say_them() {
        assert_eq!(ratio_text(1.0, Unit::Seconds), "+0.0 %");
        assert_eq!(ratio_text(0.9999, Unit::Seconds), "+0.0 %");
        assert_eq!(ratio_text(1.5, Unit::Count), "+50.0 %");
        assert_eq!(ratio_text(120.0, Unit::Count), "120 times");
        assert_eq!(ratio_text(999.6, Unit::Seconds), "1.00 k times slower");
        assert_eq!(ratio_text(1.0 / 30_958.0, Unit::Seconds), "31.0 k times faster");
        assert_eq!(ratio_text(0.25, Unit::Bytes), "4.00 times less");
        assert_eq!(ratio_text(f64::INFINITY, Unit::Seconds), "from nothing");
    }

    #[test]
    fn padding_is_honoured() {
        assert_eq!(format!("{:>8}", Quantity { value: 1.0, unit: Unit::Seconds }), "  1.00 s");
    }
}
