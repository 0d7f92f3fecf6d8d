//! Amounts with their unit, as people write them: `250ms`, `1.5 GiB`.

use monitor_analysis::quantity::Unit;

/// A duration in seconds: `90s`, `250ms`, `2 min`; units are `us`, `ms`, `s`, `min`.
///
/// ```
/// assert_eq!(monitor_report::amount::seconds("250ms"), Ok(0.25));
/// ```
///
/// # Errors
///
/// If it is none, in words for the user.
pub fn seconds(text: &str) -> Result<f64, String> {
    amount(Unit::Seconds, text).ok_or_else(|| "write a time such as 90s, 250ms or 2min".to_owned())
}

/// An amount of memory in bytes: `512MiB`, `4 GB`; units are `B`, `KB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`.
///
/// ```
/// assert_eq!(monitor_report::amount::bytes("1.5 KiB"), Ok(1536.0));
/// ```
///
/// # Errors
///
/// If it is none, in words for the user.
pub fn bytes(text: &str) -> Result<f64, String> {
    amount(Unit::Bytes, text).ok_or_else(|| "write an amount of memory such as 512MiB or 4GB".to_owned())
}

/// A number and a symbol of the unit, converted to the base unit (seconds, bytes, counts). `None` if the text is something
/// else.
#[must_use]
pub fn amount(unit: Unit, text: &str) -> Option<f64> {
    if unit == Unit::Seconds {
        return monitor_store::duration(text).map(|duration| duration.as_secs_f64());
    }
    let split = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let (value, suffix) = (number(&text[..split])?, text[split..].trim());
    let factor = match (unit, suffix) {
        (Unit::Bytes, "B") => 1.0,
        (Unit::Bytes, "KiB") => 1024.0,
        (Unit::Bytes, "MiB") => 1_048_576.0,
        (Unit::Bytes, "GiB") => 1_073_741_824.0,
        (Unit::Bytes, "KB") => 1e3,
        (Unit::Bytes, "MB") => 1e6,
        (Unit::Bytes, "GB") => 1e9,
        (Unit::Count | Unit::Ratio, "") => 1.0,
        _ => return None,
    };
    Some(value * factor)
}

/// A number that is finite and not negative; `None` if the text is something else.
#[must_use]
pub fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_asked_for() {
        assert_eq!(seconds("250ms"), Ok(0.25));
        assert_eq!(seconds("2 min"), Ok(120.0));
        assert_eq!(bytes("1.5GiB"), Ok(1_610_612_736.0));
        for wrong in ["", "5", "ms", "-1s", "1e9999s", "4GB"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
