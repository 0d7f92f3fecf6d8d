//! Values as people read them.

use monitor_analysis::quantity::ratio_text;

use crate::document::Value;

/// As many characters of an identifier as people need to tell it from others.
const ID_PREFIX: usize = 10;

/// The beginning of an identifier.
#[must_use]
pub fn short(id: &str) -> String {
    id.chars().take(ID_PREFIX).collect()
}

/// The value as people read it; text as it is, with whatever may be in it.
#[must_use]
pub fn human(value: &Value) -> String {
    match value {
        Value::Missing => "-".to_owned(),
        Value::Text(text) | Value::Name(text) => text.clone(),
        Value::Id(id) => short(id),
        Value::Toolchain(toolchain) => toolchain.split_whitespace().nth(1).unwrap_or(toolchain).to_owned(),
        Value::Quantity(quantity) => quantity.to_string(),
        Value::Share(share) => format!("{:.1} %", share * 100.0),
        Value::Change(ratio, unit) => ratio_text(*ratio, *unit),
        Value::Time(time) => time.to_string()[..19].replace('T', " "),
        Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Fields(fields) => {
            fields.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join(", ")
        }
    }
}
