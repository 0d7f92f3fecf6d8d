//! JSON values, for a session's description and the lines of a spool file.
//!
//! By hand, because this crate is part of other people's tests. serde_json has `impl PartialEq<Value> for u32` and the
//! like, which end type inference in code that has nothing to do with it (`assert_eq!(12_u32, "12".parse().unwrap())`).
//! SQLite's own functions cut a text at `\u0000` and round numbers a second time.

use std::fmt;

/// A JSON value; an object's fields are in the order of the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As it is written: what reads it knows of which type it is.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The value that `text` holds; `None` if it holds something else, or anything after it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text };
        let value = parser.value(0)?;
        parser.next().is_none().then_some(value)
    }

    /// The field of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

/// On one line, without spaces.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => f.write_str(number),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(values) => write!(f, "[{}]", joined(values, ToString::to_string)),
            Self::Object(fields) => {
                write!(f, "{{{}}}", joined(fields, |(name, value)| format!("{}:{value}", quoted(name))))
            }
        }
    }
}

fn joined<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(",")
}

/// `text` as JSON writes it.
pub(crate) fn quoted(text: &str) -> String {
    let mut json = String::new();
    write_text(&mut json, text);
    json
}

/// Writes `text` behind what is there.
pub(crate) fn write_text(json: &mut String, text: &str) {
    json.push('"');
    if is_plain(text) {
        json.push_str(text);
    } else {
        for c in text.chars() {
            match c {
                '"' | '\\' => json.extend(['\\', c]),
                '\n' => json.push_str("\\n"),
                c if c < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => json.push(c),
            }
        }
    }
    json.push('"');
}

/// Whether a text stands for itself, as most do: every process of one test comes here, in most without optimisation, but for what
/// the library's functions look for.
fn is_plain(text: &str) -> bool {
    let (bytes, mut place) = (text.as_bytes(), 0);
    while place < bytes.len() {
        if bytes[place] < b' ' {
            return false;
        }
        place += 1;
    }
    text.find('"').is_none() && text.find('\\').is_none()
}

/// Deeper values are refused, rather than to run out of stack.
const DEEPEST: usize = 100;

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    /// The next character that is no space, which is left.
    fn next(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.rest.chars().next()
    }

    /// Whether the next character is this one, which then is taken.
    fn take(&mut self, c: char) -> bool {
        let is_next = self.next() == Some(c);
        if is_next {
            self.rest = &self.rest[c.len_utf8()..];
        }
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        if depth > DEEPEST {
            return None;
        }
        match self.next()? {
            '"' => self.text().map(Json::Text),
            '[' => self.items(']', |parser| parser.value(depth + 1)).map(Json::List),
            '{' => self.items('}', |parser| parser.field(depth + 1)).map(Json::Object),
            'a'..='z' => self.word(),
            _ => self.number(),
        }
    }

    /// What stands between the next character and `close`, separated by commas.
    fn items<T>(&mut self, close: char, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.rest = &self.rest[1..];
        let mut items = Vec::new();
        if self.take(close) {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.take(close) {
                return Some(items);
            }
            self.take(',').then_some(())?;
        }
    }

    fn field(&mut self, depth: usize) -> Option<(String, Json)> {
        self.next();
        let name = self.text()?;
        self.take(':').then_some(())?;
        Some((name, self.value(depth)?))
    }

    fn word(&mut self) -> Option<Json> {
        let words = [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        let (word, value) = words.into_iter().find(|(word, _)| self.rest.starts_with(word))?;
        self.rest = &self.rest[word.len()..];
        Some(value)
    }

    fn number(&mut self) -> Option<Json> {
        let is_inside = |c: char| c.is_ascii_digit() || ['+', '-', '.', 'e', 'E'].contains(&c);
        let (number, rest) = self.rest.split_at(self.rest.find(|c| !is_inside(c)).unwrap_or(self.rest.len()));
        number.parse::<f64>().ok()?;
        self.rest = rest;
        Some(Json::Number(number.to_owned()))
    }

    fn text(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('"')?;
        let mut text = String::new();
        loop {
            // One character after the other is found by the library's optimised code.
            let quote = self.rest.find('"')?;
            let (plain, rest) = self.rest.split_at(self.rest[..quote].find('\\').unwrap_or(quote));
            text.push_str(plain);
            if let Some(rest) = rest.strip_prefix('"') {
                self.rest = rest;
                return Some(text);
            }
            self.rest = &rest[1..];
            text.push(self.escaped()?);
        }
    }

    /// The character that comes after a backslash.
    fn escaped(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.code_point(),
            _ => return None,
        })
    }

    /// The character of `\uXXXX`, or of two such halves; half a character becomes U+FFFD.
    fn code_point(&mut self) -> Option<char> {
        let first = self.hexadecimal()?;
        if let Some(Ok(c)) = char::decode_utf16([first]).next() {
            return Some(c);
        }
        let before = self.rest;
        if let Some(rest) = self.rest.strip_prefix("\\u") {
            self.rest = rest;
            let second = self.hexadecimal()?;
            if let Some(Ok(c)) = char::decode_utf16([first, second]).next() {
                return Some(c);
            }
            self.rest = before;
        }
        Some(char::REPLACEMENT_CHARACTER)
    }

    fn hexadecimal(&mut self) -> Option<u16> {
        let digits = self.rest.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.rest = &self.rest[4..];
        u16::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in [
            r#"{"z":[1,-2.5e-7,"a"],"a":{"b":null},"":true,"k":[],"o":{}}"#,
            r#"["\"\\\n\u0000\u001f🦀/é"]"#,
            "false",
            "18446744073709551615",
        ] {
            assert_eq!(Json::parse(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn other_spellings_are_read() {
        let spelt = " { \"a\\/\\b\\f\\r\\t\\u00e9\\uD83E\\udd80\" :\t[ 1 ,\n2 ] } ";
        assert_eq!(Json::parse(spelt).unwrap().to_string(), "{\"a/\\u0008\\u000c\\u000d\\u0009é🦀\":[1,2]}");
        for (half, read) in [("\\ud83e", "\u{fffd}"), ("\\ud83e\\u0041", "\u{fffd}A"), ("\\udd80x", "\u{fffd}x")] {
            assert_eq!(Json::parse(&format!("\"{half}\"")), Some(Json::Text(read.to_owned())), "{half}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            " ",
            "{",
            "{\"a\"",
            "{\"a\" 1}",
            "{1:2}",
            "{\"a\":1,}",
            "[1,]",
            "[1 2]",
            "nul",
            "1 2",
            "-",
            "1e",
            "\"a",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u+123\"",
            "\"\\uD83E\\u12\"",
            "{\"a\":1}}",
            "é",
            "tru\u{e9}",
            "\"\\",
            deep.as_str(),
        ] {
            assert_eq!(Json::parse(text), None, "{text:.20}");
        }
    }

    #[test]
    fn fields_are_found_by_name() {
        let object = Json::parse(r#"{"a":1,"b":"c"}"#).unwrap();
        assert_eq!(object.get("b"), Some(&Json::Text("c".to_owned())));
        assert_eq!(object.get("c"), None);
        assert_eq!(Json::Null.get("a"), None);
    }
}
