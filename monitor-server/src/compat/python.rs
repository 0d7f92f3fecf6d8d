//! JSON values as Python prints them: tags are made texts that way, and complaints quote values so.

use serde_json::Value;

/// `str(value)`.
#[must_use]
pub fn text(value: &Value) -> String {
    if let Value::String(text) = value { text.clone() } else { repr(value) }
}

/// `repr(value)`.
#[must_use]
pub fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => self::float(float),
            _ => number.to_string(),
        },
        Value::String(text) => quoted(text),
        Value::Array(values) => format!("[{}]", values.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{}: {}", quoted(name), repr(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Python changes to powers of ten at other places than Rust.
fn float(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        return format!("{number:?}");
    }
    let scientific = format!("{number:e}");
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(("+", power), |power| ("-", power));
    format!("{digits}e{sign}{power:0>2}")
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            letter if letter == quote => quoted.extend(['\\', letter]),
            letter if is_printable(letter) => quoted.push(letter),
            letter => quoted.push_str(&match letter as u32 {
                code @ ..0x100 => format!("\\x{code:02x}"),
                code @ ..0x1_0000 => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
        }
    }
    quoted.push(quote);
    quoted
}

/// Rust's `Debug` and Python go by the same categories of Unicode; Rust also escapes what would join a quote before it.
fn is_printable(letter: char) -> bool {
    let is_escaped = format!("a{letter}").escape_debug().skip(1).take(2).eq(['\\', 'u']);
    !letter.is_control() && !is_escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_as_in_python() {
        let value = serde_json::json!([1, 1.0, 1e16, 1e-5, -2.5e300, true, null, "it's", "a\"'\n", {"k": []}]);
        let expected = "[1, 1.0, 1e+16, 1e-05, -2.5e+300, True, None, \"it's\", 'a\"\\'\\n', {'k': []}]";
        assert_eq!(text(&value), expected);
        assert_eq!(text(&"it's".into()), "it's");
        let odd = ["é😀e\u{301}'", "\u{7f}\u{a0}\u{200b}\u{e0001}"].map(|text| repr(&text.into()));
        assert_eq!(odd, ["\"é😀e\u{301}'\"", r"'\x7f\xa0\u200b\U000e0001'"]);
    }
}
