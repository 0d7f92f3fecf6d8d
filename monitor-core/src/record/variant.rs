//! The variant: an item's name with its parameters, as pytest writes it.

use monitor_store::hash_hex;

use crate::item::Parameter;

/// What pytest-monitor's column holds.
const MAX_CHARACTERS: usize = 2048;

/// `test_prime[982451653]`, `test_p[10, 10]`, with names `test_p[asint=10, asstr=10]`; `item` without parameters.
///
/// A parameter that can't be shown is named by the `case`. Too long a variant is cut, with a hash of the whole at its end.
pub(crate) fn variant(item: &str, parameters: &[Parameter], explicit: bool, case: &str) -> String {
    if parameters.is_empty() {
        return shortened(if case == item || case.is_empty() { item.to_owned() } else { format!("{item}[{case}]") });
    }
    let shown: Vec<String> = parameters
        .iter()
        .map(|Parameter { name, value }| {
            let value = value.as_deref().unwrap_or(case);
            if explicit { format!("{name}={value}") } else { value.to_owned() }
        })
        .collect();
    shortened(format!("{item}[{}]", shown.join(", ")))
}

fn shortened(variant: String) -> String {
    let Some((cut, _)) = variant.char_indices().nth(MAX_CHARACTERS) else { return variant };
    let hash = hash_hex([&variant]);
    let keep = MAX_CHARACTERS - hash.len() - "…[]".chars().count();
    let end = variant.char_indices().nth(keep).map_or(cut, |(end, _)| end);
    format!("{}…[{hash}]", &variant[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &'static str, value: Option<&str>) -> Parameter {
        Parameter { name, value: value.map(str::to_owned) }
    }

    #[test]
    fn variants_are_written_as_pytest_writes_them() {
        let two = [parameter("asint", Some("10")), parameter("asstr", Some("10"))];
        assert_eq!(variant("test_p", &two, false, "case_1"), "test_p[10, 10]");
        assert_eq!(variant("test_p", &two, true, "case_1"), "test_p[asint=10, asstr=10]");
        assert_eq!(variant("plain", &[], false, "plain"), "plain");
        assert_eq!(variant("test_p", &[], false, "case_2_named"), "test_p[case_2_named]");
        let hidden = [parameter("a", None), parameter("b", Some("1"))];
        assert_eq!(variant("test_p", &hidden, false, "case_3"), "test_p[case_3, 1]");
    }

    #[test]
    fn a_long_variant_is_cut_and_stays_unique() {
        let long = |end: &str| variant("t", &[parameter("a", Some(&("ä".repeat(3000) + end)))], false, "case_1");
        let (one, other) = (long("1"), long("2"));
        assert_eq!(one.chars().count(), MAX_CHARACTERS);
        assert_ne!(one, other);
        assert!(one.starts_with("t[ää") && one.ends_with(']'));
    }
}
