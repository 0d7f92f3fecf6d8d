//! What stands behind the `?` of an address, and in the body of a form.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

/// The parameters, decoded; the first of each name, as the reference takes it.
#[must_use]
pub fn parameters(query: &str) -> HashMap<String, String> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut parameters = HashMap::new();
    for (name, value) in pairs {
        parameters.entry(decoded(name)).or_insert_with(|| decoded(value));
    }
    parameters
}
